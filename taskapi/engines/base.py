"""The seam: all that the rest of the house knows about how tasks get run."""

from django.db import transaction

from taskapi.exceptions import NotSupported
from taskapi.models import ENDING, ForkKey, Signal, Task


class Engine:
    """Gets tasks run. `start` where requests are served or in a worker; `fork` and `kill` work without, anywhere."""

    # What an engine can do; what it cannot is refused before anything is stored.
    can_schedule = True
    # The queue of this project, which alternates between users and counts what each has running; see TASK_USER_RUNNING.
    can_be_fair = True
    can_limit_users = True

    def start(self):
        """Begins to run tasks in this process. Idempotent."""

    def stop(self):
        """Claims nothing more, gives programs a grace period, hands back what is left. Idempotent."""

    def hurry(self):
        """Cuts short the grace period of a `stop` that is under way, or that comes."""

    def submit(self, tasks):
        """Sees to it that these new tasks run. Called in the transaction that stores them."""

    def interrupt(self, task_ids, signal=Signal.TERM):
        """Stops the programs of these killed tasks as soon as it can, wherever they run, with this signal."""

    def hold(self, task_ids):
        """Holds the programs of these stopped tasks as soon as it can, wherever they run."""

    def go_on(self, task_ids):
        """Lets the programs of these tasks, which are no longer stopped, continue."""

    def fork(self, owner, specs, by=None):
        """Stores new PENDING tasks, one for each dict of fields, and submits them; returns them.

        The events say that this user forked them: the owner, unless it is somebody else.

        Raises NotSupported when this engine cannot do what a spec asks for.
        """
        if not self.can_schedule and any(spec.get("run_at") for spec in specs):
            raise NotSupported("run_at", "This server runs tasks at once; leave `run_at` out.")
        with transaction.atomic():
            tasks = Task.objects.fork(owner, specs, line_up=self.can_be_fair, by=by)
            self.submit(tasks)
        return tasks

    def works(self):
        """Whether tasks that are forked here get run, as far as this process can tell."""
        return True

    def edit(self, task, **fields):
        """Changes name, description or nice; a waiting task lines up anew when it gets another nice value."""
        task.edit(**fields)

    def fork_once(self, owner, specs, key, digest):
        """(tasks, True) as `fork` does it; (the same tasks, False) when this user has forked with this key before.

        The digest is of what is to be forked. Raises KeyReused when it was another one with this key.
        """
        if key is None:
            return self.fork(owner, specs), True
        with transaction.atomic():
            known = ForkKey.objects.take(owner, key, digest)
            if known.tasks:
                return known.forked(), False
            tasks = self.fork(owner, specs)
            known.tasks = [task.pk for task in tasks]
            known.save(update_fields=["tasks"])
        return tasks, True

    def kill(self, task, by=None):
        """KILLED when this returns; its program is being stopped. Raises TaskEnded."""
        self.signal(task, Signal.TERM, by)

    def killall(self, tasks, by=None):
        """KILLED, all of these tasks that have not ended, when this returns; returns how many there were."""
        killed = tasks.kill(by, strictly=True)
        self.interrupt(killed)
        return len(killed)

    def signal(self, task, signal, by=None):
        """Sends this Signal. After TERM, INT and KILL the task is KILLED; STOP holds its program, CONT lets it go on.

        The first two give the program the grace to clean up, KILL does not. Raises TaskEnded, and for STOP and CONT
        NotRunning.
        """
        if signal in ENDING:
            task.kill(by, signal)
            self.interrupt([task.pk], signal)
        elif signal == Signal.STOP:
            task.stop(by)
            self.hold([task.pk])
        else:
            task.go_on(by)
            self.go_on([task.pk])
