"""The programs there are, and what arguments each takes."""

import inspect

import orjson
import pydantic

from taskapi.exceptions import UnknownProgram

programs = {}

CONFIG = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=False)


class Program:
    """An asyncio function that a task can run: `async def name(task, argument: type = default, ...)`.

    Its arguments are what the signature says after `task`; its first docstring line says what it does.
    """

    def __init__(self, function):
        if not inspect.iscoroutinefunction(function):
            raise TypeError(
                f"@program {function.__qualname__}: write it as `async def {function.__name__}(task, ...)`."
            )
        self.function = function
        self.name = function.__name__
        self.summary = (inspect.getdoc(function) or "").partition("\n")[0]
        self.arguments = arguments_model(function)

    def __repr__(self):
        return f"<program {self.name}>"

    def check(self, arguments):
        """These arguments, complete with defaults, as JSON values. Raises pydantic.ValidationError."""
        return self._read(arguments).model_dump(mode="json")

    def start(self, task, arguments):
        """The coroutine that runs it with arguments as `check` returned them."""
        values = self._read(arguments)
        return self.function(task, **{name: getattr(values, name) for name in self.arguments.model_fields})

    def _read(self, arguments):
        # From JSON, because then "strict" refuses "2" and true as a number, and takes a text as a date.
        return self.arguments.model_validate_json(orjson.dumps(arguments), strict=True)


def arguments_model(function):
    """The pydantic model of a function's parameters after the first, which is the task."""
    _, *parameters = inspect.signature(function, eval_str=True).parameters.values()
    fields = {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"@program {function.__qualname__}: `{parameter}` has no name that a request could give.")
        if parameter.annotation is parameter.empty:
            raise TypeError(f"@program {function.__qualname__}: give `{parameter.name}` a type.")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (parameter.annotation, default)
    return pydantic.create_model(function.__name__, __config__=CONFIG, **fields)


def program(function):
    """Registers an `async def` function as a program, by its name. Raises TypeError when it cannot be one."""
    added = Program(function)
    if added.name in programs and programs[added.name].function.__module__ != function.__module__:
        raise TypeError(f"@program {function.__qualname__}: there is a program {added.name} already.")
    programs[added.name] = added
    return function


def get_program(name):
    """The program of that name. Raises UnknownProgram."""
    try:
        return programs[name]
    except KeyError:
        raise UnknownProgram(name) from None
