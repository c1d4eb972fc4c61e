"""Programs: what a task runs. Write one in the `programs.py` of any installed Django app:

from taskapi.programs import program

@program
async def greet(task, name: str, times: int = 1):
    '''Say hello.'''
"""

from taskapi.programs.registry import (
    Program,
    get_program,
    names_to_fork,
    problems,
    program,
    programs,
    unknown_open_programs,
)

__all__ = ["Program", "get_program", "names_to_fork", "problems", "program", "programs", "unknown_open_programs"]
