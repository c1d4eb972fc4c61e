"""The programs there are, and what arguments each takes."""

import functools
import inspect
import re
import warnings
from dataclasses import dataclass, make_dataclass
from typing import Any

import orjson
import pydantic
from django.conf import settings
from pydantic.fields import FieldInfo
from pydantic.json_schema import PydanticJsonSchemaWarning

from taskapi.exceptions import UnknownProgram

NAME_LIMIT = 100

programs = {}
# Functions that could not become programs; `manage.py check` shows them, and no server starts while there are any.
problems = []

# Above it a float is not the whole number that somebody wrote.
EXACT = 2**53
CONFIG = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=False)


@dataclass(frozen=True)
class Problem:
    """Why a function cannot be a program, and what to do about it."""

    function: Any
    text: str
    hint: str

    def __str__(self):
        return f"{self.text}. {self.hint}"


class Unfit(Exception):
    """This function cannot be a program; its arguments are the text and the hint of the Problem."""


class Program:
    """A function that a task can run: `def name(task, argument: type = default, ...)`, with or without `async`.

    Its arguments are what the signature says after `task`; its first docstring line says what it does. Who may run it
    are the holders of `permission`, such as "shop.run_report", or everybody when that is None. An `internal` one only
    the system starts.
    """

    def __init__(self, function, permission=None, check=None, internal=False):
        self.function, self.permission, self._check, self.internal = function, permission, check, internal
        self.name = function.__name__
        self.is_async = inspect.iscoroutinefunction(function)
        self.summary = (inspect.getdoc(function) or "").partition("\n")[0]
        self._check_names()
        self._arguments = self._read_signature()
        self.schema = self._describe()

    def __repr__(self):
        return f"<program {self.name}>"

    def check(self, arguments):
        """These arguments, complete with defaults, as JSON values.

        Raises pydantic.ValidationError, and what the program's own check raises.
        """
        values = self._read(arguments)
        if self._check:
            self._check(**vars(values))
        return self._arguments.dump_python(values, mode="json")

    def bind(self, task, arguments):
        """A callable that runs it with arguments as `check` returned them: gives a coroutine, if it is async."""
        return functools.partial(self.function, task, **vars(self._read(arguments)))

    def open_to(self, user):
        """Whether this user may run it."""
        if self.internal:
            return False
        return self.permission is None or self.name in settings.TASK_OPEN_PROGRAMS or user.has_perm(self.permission)

    def _read(self, arguments):
        # From JSON, because then "strict" refuses "2" and true as a number, and takes a text as a date.
        read = functools.partial(self._arguments.validate_json, strict=True)
        try:
            return read(orjson.dumps(arguments))
        except pydantic.ValidationError:
            return read(orjson.dumps(with_integers(arguments)))

    def _check_names(self):
        if not re.fullmatch(r"\w+", self.name) or len(self.name) > NAME_LIMIT:
            raise Unfit(f"{self.name} is no name for a program", f"Use up to {NAME_LIMIT} letters and digits.")
        if inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(self.function):
            raise Unfit("a program cannot be a generator", "Return the result instead of yielding.")
        if self.permission is not None and not re.fullmatch(r"\w+\.\w+", str(self.permission)):
            raise Unfit(f"{self.permission!r} is no permission", 'Write it as "app_label.codename".')

    def _read_signature(self):
        """A pydantic adapter of the parameters after the first, which is the task."""
        try:
            task, *parameters = inspect.signature(self.function, eval_str=True).parameters.values()
        except ValueError:
            raise Unfit("it takes no task", TASK) from None
        except Exception as error:
            raise Unfit(f"its annotations cannot be read: {error}", "Import the types where it is defined.") from None
        if task.kind is task.KEYWORD_ONLY:
            raise Unfit("it takes no task", TASK)
        fields = [field(parameter) for parameter in parameters]
        self.parameters = [parameter.name for parameter in parameters]
        try:
            # A dataclass, because its fields can have any name; those of a model cannot be called `schema` or `copy`.
            arguments = make_dataclass(self.name, fields, kw_only=True)
            return pydantic.TypeAdapter(pydantic.dataclasses.dataclass(arguments, config=CONFIG))
        except Exception as error:
            raise Unfit(f"its signature cannot be described: {first_line(error)}", TYPES) from None

    def _describe(self):
        """The JSON Schema of its arguments."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", PydanticJsonSchemaWarning)
                schema = self._arguments.json_schema()
        except (pydantic.PydanticUserError, PydanticJsonSchemaWarning) as error:
            raise Unfit(f"its signature cannot be described: {first_line(error)}", TYPES) from None
        for name in self.parameters:
            if name not in schema["properties"]:
                raise Unfit(f"a request could not give `{name}` by this name", "Use no alias and no ClassVar.")
            check_default(self._arguments, name, schema["properties"][name])
        schema["properties"] = {name: schema["properties"][name] for name in self.parameters}
        schema.get("required", []).sort(key=self.parameters.index)
        return schema


TASK = "Its first parameter is the task: `def name(task, ...)`."
TYPES = "Use types that JSON has, such as str, int, float, bool, list[str], dict[str, int] or a pydantic model."


def with_integers(value):
    """The same JSON value, with 2.0 written as 2: in a schema both are integers (JSON Schema 2020-12, 6.1.1)."""
    if isinstance(value, dict):
        return {name: with_integers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    whole = isinstance(value, float) and value.is_integer() and abs(value) < EXACT
    return int(value) if whole else value


def field(parameter):
    """A parameter as make_dataclass() takes it. Raises Unfit."""
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise Unfit(f"`{parameter}` has no name that a request could give", "Write out each argument.")
    if parameter.annotation is parameter.empty:
        raise Unfit(f"`{parameter.name}` has no type", f"Give it one, such as `{parameter.name}: str`.")
    if parameter.default is parameter.empty:
        return parameter.name, parameter.annotation
    given = isinstance(parameter.default, FieldInfo)
    default = parameter.default if given else pydantic.Field(default=parameter.default)
    return parameter.name, parameter.annotation, default


def check_default(arguments, name, schema):
    """Raises Unfit when the default of this argument is not one that a request could give."""
    if "default" not in schema:
        return
    try:
        arguments.validate_json(orjson.dumps({name: schema["default"]}), strict=True)
    except orjson.JSONEncodeError as error:
        raise Unfit(f"the default of `{name}` is no JSON: {error}", "Change it.") from None
    except pydantic.ValidationError as error:
        for problem in error.errors():
            if problem["loc"][:1] == (name,):
                text = f"the default of `{name}` is not of its type: {problem['msg']}"
                raise Unfit(text, "Change one of the two.") from None


def first_line(error):
    return str(error).partition("\n")[0].rstrip(".")


def program(function=None, *, permission=None, check=None, internal=False):
    """Registers a function as a program, by its name: `@program`, or `@program(permission="shop.run_report")`.

    `check(**arguments)` is called at the fork and may raise WrongArgument. A function that cannot be a program is noted
    among the `problems` and stays what it was.
    """
    if function is None:
        return functools.partial(program, permission=permission, check=check, internal=internal)
    if not inspect.isfunction(function):
        raise TypeError(f"@program is for functions, not for {function!r}.")
    place = f"@program {function.__module__}.{function.__qualname__}"
    try:
        added = Program(function, permission, check, internal)
    except Unfit as unfit:
        text, hint = unfit.args
        problems.append(Problem(function, f"{place}: {text}", hint))
        return function
    known = programs.setdefault(added.name, added)
    if known is not added:
        replace(known, added, place)
    return function


def replace(known, added, place):
    """A second program of one name is a problem, unless it is the first one's module loaded again."""
    if origin(known.function) == origin(added.function):
        programs[added.name] = added
        return
    where = f"{known.function.__module__}.{known.function.__qualname__}"
    problem = Problem(added.function, f"{place}: there is a program of this name already, {where}", "Rename one.")
    problems.append(problem)


def origin(function):
    """Where a function was written."""
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno


def unknown_open_programs():
    """The names in TASK_OPEN_PROGRAMS that are no programs which users can fork."""
    return [name for name in settings.TASK_OPEN_PROGRAMS if name not in names_to_fork()]


def names_to_fork():
    """The names of all programs that a user can be allowed to run."""
    return sorted(name for name, program in programs.items() if not program.internal)


def get_program(name):
    """The program of that name. Raises UnknownProgram."""
    try:
        return programs[name]
    except KeyError:
        raise UnknownProgram(name) from None
