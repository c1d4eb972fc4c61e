"""What `manage.py check` finds, and every command that starts something: programs that cannot be run."""

from django.core.checks import Error, register

from taskapi.programs import names_to_fork, problems, unknown_open_programs

E_PROGRAM, E_OPEN_PROGRAM = "taskapi.E001", "taskapi.E002"


@register("programs")
def check_programs(app_configs, **options):
    """An error for each function that was to be a program and cannot be one."""
    return [Error(problem.text + ".", hint=problem.hint, id=E_PROGRAM) for problem in problems]


@register("programs")
def check_open_programs(app_configs, **options):
    """An error for each name in TASK_OPEN_PROGRAMS that is no program."""
    hint = f"Known are: {', '.join(names_to_fork())}."
    text = "TASK_OPEN_PROGRAMS: there is no program {}."
    return [Error(text.format(name), hint=hint, id=E_OPEN_PROGRAM) for name in unknown_open_programs()]
