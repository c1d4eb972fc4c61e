"""The registry: what can be a program, which arguments it takes, and who may run it."""

import asyncio
import typing
from datetime import date
from typing import Annotated, Any, ClassVar

import pytest
from django.contrib.auth.models import Permission
from pydantic import BaseModel, Field, ValidationError

from taskapi.exceptions import UnknownProgram, WrongArgument
from taskapi.programs import get_program, program, registry
from userapi.models import User


@pytest.fixture(autouse=True)
def _empty_registry(monkeypatch):
    monkeypatch.setattr(registry, "programs", {})
    monkeypatch.setattr(registry, "problems", [])


def register(function, **options):
    """The Program that this function becomes."""
    assert program(**options)(function) is function
    assert registry.problems == []
    return registry.programs[function.__name__]


def refused(function, **options):
    """The Problem because of which this function becomes none."""
    assert program(**options)(function) is function
    assert registry.programs == {}
    [problem] = registry.problems
    assert problem.function is function
    return problem


class Point(BaseModel):
    x: int
    y: int = 0


class Thing:
    """Nothing that pydantic or JSON knows."""


ORIGIN, THING = Point(x=0), Thing()


def test_an_async_function_is_a_program():
    @program
    async def greet(task, name: str, times: int = 1):
        """Say hello.

        Politely.
        """

    found = get_program("greet")
    assert found.function is greet
    assert (found.name, found.summary, found.is_async, found.permission) == ("greet", "Say hello.", True, None)
    assert repr(found) == "<program greet>"


def test_a_plain_function_is_a_program_and_needs_no_docstring():
    def plain(task): ...

    plain = register(plain)
    assert (plain.is_async, plain.summary, plain.schema["properties"], plain.check({})) == (False, "", {}, {})


def test_an_unknown_program():
    with pytest.raises(UnknownProgram, match="nope"):
        get_program("nope")


def test_the_schema_has_the_order_of_the_parameters():
    def draw(
        task, width: Annotated[int, Field(ge=1)], colour: str = "red", height: int = Field(le=9, description="h")
    ): ...

    schema = register(draw).schema
    assert list(schema["properties"]) == ["width", "colour", "height"]
    assert schema["properties"]["height"] == {"title": "Height", "type": "integer", "maximum": 9, "description": "h"}
    assert (schema["required"], schema["additionalProperties"]) == (["width", "height"], False)


def test_check_fills_in_defaults_and_keeps_the_order():
    def draw(task, width: int, point: Point = ORIGIN, day: date = date(2026, 1, 31), colour: str | None = None): ...

    arguments = register(draw).check({"day": "2026-02-01", "width": 3})
    assert arguments == {"width": 3, "point": {"x": 0, "y": 0}, "day": "2026-02-01", "colour": None}
    assert list(arguments) == ["width", "point", "day", "colour"]


@pytest.mark.parametrize(
    "wrong", [{"number": "2"}, {"number": True}, {"number": 1.5}, {"number": None}, {"share": 1e999}, {"x": 1}]
)
def test_check_is_strict(wrong):
    def count(task, number: int = 1, share: float = 1): ...

    with pytest.raises(ValidationError):
        register(count).check(wrong)


def test_a_whole_number_is_a_float_and_a_text_is_a_date():
    def count(task, share: float, day: date): ...

    assert register(count).check({"share": 2, "day": "2026-01-31"}) == {"share": 2.0, "day": "2026-01-31"}


def test_a_float_without_a_fraction_is_a_whole_number():
    def count(task, numbers: list[int], share: float = 1): ...

    assert register(count).check({"numbers": [2.0], "share": 3.0}) == {"numbers": [2], "share": 3.0}
    with pytest.raises(ValidationError):
        register(count).check({"numbers": [2.5]})


def test_annotations_may_be_texts():
    def count(task, number: "int", points: "list[Point]"): ...

    assert register(count).check({"number": 1, "points": [{"x": 2}]})["points"] == [{"x": 2, "y": 0}]


@pytest.mark.parametrize("name", ["schema", "copy", "json", "model_config", "_x", "self", "validate", "function"])
def test_an_argument_may_have_any_name(name):
    scope = {}
    exec(f"def run(task, {name}: int = 1): return task, {name}", scope)
    run = register(scope["run"])
    assert (list(run.schema["properties"]), run.check({})) == ([name], {name: 1})
    assert run.bind("the task", {name: 2})() == ("the task", 2)


def test_the_arguments_may_be_keyword_only():
    def draw(task, *, width: int = 3):
        return width

    assert register(draw).bind(None, {})() == 3


def test_bind_gives_the_function_its_own_types():
    def draw(task, point: Point, day: date = date(2026, 1, 31)):
        return task, point, day

    call = register(draw).bind("the task", {"point": {"x": 1}})
    assert call() == ("the task", Point(x=1), date(2026, 1, 31))


def test_bind_of_an_async_function_gives_a_coroutine():
    async def answer(task, value: int = 42):
        return value

    assert asyncio.run(register(answer).bind(None, {})()) == 42


def test_a_default_is_not_shared_between_runs():
    def collect(task, names: list[str] = []):  # noqa: B006  that is the point
        names.append("x")
        return names

    collect = register(collect)
    assert [collect.bind(None, {})() for _ in range(2)] == [["x"], ["x"]]


def test_without_a_permission_everybody_may_run_it(user):
    def run(task): ...

    assert register(run).open_to(user)


def test_a_permission_keeps_it_for_its_holders_and_superusers(user):
    def run(task): ...

    run = register(run, permission="taskapi.run_command")
    assert not run.open_to(user)
    user.user_permissions.add(Permission.objects.get(codename="run_command"))
    assert run.open_to(User.objects.get(pk=user.pk))  # Django remembers the permissions of a user
    assert run.open_to(User(is_superuser=True))
    assert not run.open_to(User(is_superuser=True, is_active=False))


def test_task_open_programs_opens_it_to_everybody(user, settings):
    def run(task): ...

    run = register(run, permission="taskapi.run_command")
    settings.TASK_OPEN_PROGRAMS = ["walk"]
    assert not run.open_to(user)
    settings.TASK_OPEN_PROGRAMS = ["walk", "run"]
    assert run.open_to(user)


def test_a_check_of_its_own_gets_the_arguments_complete_and_typed():
    def draw(task, point: Point, width: int = 3): ...

    def check(point, width):
        if point.x > width:
            raise WrongArgument("point", "It is outside.")

    draw = register(draw, check=check)
    assert draw.check({"point": {"x": 3}}) == {"point": {"x": 3, "y": 0}, "width": 3}
    with pytest.raises(WrongArgument, match=r"It is outside\.") as error:
        draw.check({"point": {"x": 4}})
    assert error.value.name == "point"


def no_task(): ...
def no_positional_task(*, task): ...
def several(task, *args: int): ...
def named(task, **kwargs: int): ...
def positional(task, number: int, /): ...
def untyped(task, number): ...
def unknown_type(task, thing: Thing): ...
def callback(task, call: typing.Callable): ...
def unresolvable(task, number: "Number"): ...  # noqa: F821
def misfit(task, number: int = "one"): ...
def none(task, number: int = None): ...  # noqa: RUF013
def out_of_range(task, number: Annotated[int, Field(ge=5)] = 1): ...
def not_finite(task, number: float = float("nan")): ...
def no_json(task, thing: Any = THING): ...
def too_large(task, number: int = 2**70): ...
def alias(task, number: int = Field(default=1, alias="n")): ...
def class_variable(task, number: ClassVar[int] = 1): ...


def generator(task):
    yield 1


async def async_generator(task):
    yield 1


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (no_task, "it takes no task"),
        (no_positional_task, "it takes no task"),
        (several, "`*args: int` has no name that a request could give"),
        (named, "`**kwargs: int` has no name that a request could give"),
        (positional, "`number: int` has no name that a request could give"),
        (untyped, "`number` has no type"),
        (unknown_type, "its signature cannot be described: Unable to generate pydantic-core schema"),
        (callback, "its signature cannot be described: Cannot generate a JsonSchema"),
        (unresolvable, "its annotations cannot be read: name 'Number' is not defined"),
        (misfit, "the default of `number` is not of its type: Input should be a valid integer"),
        (none, "the default of `number` is not of its type"),
        (out_of_range, "the default of `number` is not of its type: Input should be greater than or equal to 5"),
        (not_finite, "the default of `number` is not of its type"),
        (no_json, f"its signature cannot be described: Default value <{__name__}.Thing object at"),
        (too_large, "the default of `number` is no JSON: Integer exceeds 64-bit range"),
        (alias, "a request could not give `number` by this name"),
        (class_variable, "a request could not give `number` by this name"),
        (generator, "a program cannot be a generator"),
        (async_generator, "a program cannot be a generator"),
        (lambda task: None, "<lambda> is no name for a program"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_a_program_is_a_problem(function, text):
    problem = refused(function)
    assert problem.text.startswith(f"@program {__name__}.{function.__qualname__}: {text}")
    assert problem.hint.endswith(".")
    assert str(problem) == f"{problem.text}. {problem.hint}"


@pytest.mark.parametrize("permission", ["", "run_command", "a.b.c", "taskapi run_command", "a.b\n", 7, ["a.b"]])
def test_a_text_that_is_no_permission(permission):
    def run(task): ...

    problem = refused(run, permission=permission)
    assert f"{permission!r} is no permission" in problem.text
    assert problem.hint == 'Write it as "app_label.codename".'


def test_a_name_that_is_too_long():
    def run(task): ...

    run.__name__ = "x" * 101
    assert refused(run).hint == "Use up to 100 letters and digits."


def test_two_programs_of_one_name():
    def run(task): ...

    first = register(run)

    @program
    def run(task): ...

    [problem] = registry.problems
    assert problem.text.endswith(f"there is a program of this name already, {__name__}.{run.__qualname__}")
    assert problem.hint == "Rename one."
    assert registry.programs == {"run": first}


def test_the_same_module_loaded_again_replaces_its_programs():
    def load():
        def run(task): ...

        return run

    first, second = load(), load()
    register(first)
    assert register(second).function is second
