"""A function of the bench in a process of its own."""

import importlib
import inspect
import multiprocessing
import os
import resource

PROCESSES = multiprocessing.get_context("spawn")
PATIENCE = 600


class Child:
    """Runs "module:function" there. What it returns, or each thing in turn that it yields, is what `ask` answers.

    With a database it has Django set up, on that database; without, nothing but what the function imports.
    """

    def __init__(self, target, *arguments, database=None, **environment):
        environment = {**(database.environment if database else {}), **environment}
        self._pipe, theirs = PROCESSES.Pipe()
        work = (theirs, target, arguments, environment, database is not None)
        self._process = PROCESSES.Process(target=main, args=work, daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.join()

    def ask(self, seconds=PATIENCE):
        """Lets it go on until it has something to say. Raises TimeoutError, and EOFError when it failed."""
        self._pipe.send(None)
        if not self._pipe.poll(seconds):
            raise TimeoutError
        return self._pipe.recv()


def run(target, *arguments, seconds=PATIENCE, **options):
    """What the function returned; None when it did not come back in this time."""
    with Child(target, *arguments, **options) as child:
        try:
            return child.ask(seconds)
        except TimeoutError:
            return None


def main(pipe, target, arguments, environment, with_django):
    os.environ.update(environment)
    raise_limits()
    if with_django:
        import django

        django.setup()
    module, _, name = target.partition(":")
    pipe.recv()
    answer = getattr(importlib.import_module(module), name)(*arguments)
    for value in answer if inspect.isgenerator(answer) else [answer]:
        pipe.send(value)
        pipe.recv()


def raise_limits():
    """As many descriptors as there may be, so that a baseline does not fail for want of them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
