"""The seam: all that the rest of the house knows about how tasks get run."""

from django.db import transaction

from taskapi.exceptions import NotSupported
from taskapi.models import Task


class Engine:
    """Gets tasks run. `start` where requests are served or in a worker; `fork` and `kill` work without, anywhere."""

    # What an engine can do; what it cannot is refused before anything is stored.
    can_schedule = True

    def start(self):
        """Begins to run tasks in this process. Idempotent."""

    def stop(self):
        """Claims nothing more, gives programs a grace period, hands back what is left. Idempotent."""

    def hurry(self):
        """Cuts short the grace period of a `stop` that is under way, or that comes."""

    def submit(self, tasks):
        """Sees to it that these new tasks run. Called in the transaction that stores them."""

    def interrupt(self, task_ids):
        """Stops the programs of these killed tasks as soon as it can, wherever they run."""

    def fork(self, owner, specs):
        """Stores new PENDING tasks, one for each dict of fields, and submits them; returns them.

        Raises NotSupported when this engine cannot do what a spec asks for.
        """
        if not self.can_schedule and any(spec.get("run_at") for spec in specs):
            raise NotSupported("run_at", "This server runs tasks at once; leave `run_at` out.")
        with transaction.atomic():
            tasks = Task.objects.fork(owner, specs)
            self.submit(tasks)
        return tasks

    def kill(self, task, by=None):
        """KILLED when this returns; its program is being stopped. Raises TaskEnded."""
        task.kill(by)
        self.interrupt([task.pk])
