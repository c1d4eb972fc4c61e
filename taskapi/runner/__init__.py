"""Runs ONE task: starts its program, stops it when asked, and says what became of it."""

from taskapi.runner.driver import task_factory
from taskapi.runner.loop import drive, new_loop, run_until
from taskapi.runner.run import Run
from taskapi.runner.task import RunningTask
from taskapi.runner.threads import abandon, abandoned, attempt

__all__ = ["Run", "RunningTask", "abandon", "abandoned", "attempt", "drive", "new_loop", "run_until", "task_factory"]
