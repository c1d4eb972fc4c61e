import contextlib
from functools import cache

import orjson
from django.conf import settings
from pydantic import ValidationError as ArgumentsError
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty

from taskapi.answers import WHOLE
from taskapi.exceptions import UnknownProgram, WrongArgument
from taskapi.models import Limits, Signal, Task
from taskapi.programs import get_program, names_to_fork, programs
from taskapi.programs.notify import check_url
from taskmanager.wire import FloatField, IntegerField, StrictSerializer, StringField

ERRORS_SHOWN = 100
# What a restart takes from the task that was.
AGAIN = ("name", "description", "program", "arguments", "nice", "timeout", "max_attempts", "notify_url")
DEFAULT_PROGRAM = Task._meta.get_field("program").default


class ForkListSerializer(serializers.ListSerializer):
    """An array of tasks, all or none; errors are under the index of their task, the first ERRORS_SHOWN of them."""

    def to_internal_value(self, data):
        if not 1 <= len(data) <= settings.ARRAY_LIMIT:
            raise ParseError(f"Expected 1 to {settings.ARRAY_LIMIT:,} tasks in the array; it has {len(data):,}.")
        specs, errors = [], {}
        for index, spec in enumerate(data):
            try:
                specs.append(self.child.run_validation(spec))
            except serializers.ValidationError as error:
                errors[str(index)] = error.detail
                if len(errors) >= ERRORS_SHOWN:
                    break
        if errors:
            raise serializers.ValidationError(errors)
        return specs


class ForkSerializer(StrictSerializer):
    """What a client may say about a task that it forks."""

    name = StringField(max_length=Limits.NAME)
    description = StringField(required=False, allow_blank=True, max_length=Limits.DESCRIPTION)
    program = StringField(required=False, trim_whitespace=False)
    arguments = serializers.DictField(default=dict)
    nice = IntegerField(required=False, min_value=Limits.NICE_LEAST, max_value=Limits.NICE_MOST)
    run_at = serializers.DateTimeField(required=False, allow_null=True)
    timeout = FloatField(required=False, allow_null=True, min_value=0.001, max_value=Limits.TIMEOUT)
    max_attempts = IntegerField(required=False, min_value=1, max_value=Limits.ATTEMPTS)
    notify_url = StringField(
        required=False,
        allow_blank=True,
        max_length=Limits.NOTIFY_URL,
        help_text="Where to POST when the task has ended, over http or https; signed. See docs/webhooks.md.",
    )

    ignored = frozenset(WHOLE)

    class Meta:
        list_serializer_class = ForkListSerializer

    @property
    def fields(self):
        return fork_fields()

    def to_internal_value(self, data):
        self.given = data if isinstance(data, dict) else {}
        program = self.given.get("program", DEFAULT_PROGRAM)
        self.program_name = program if isinstance(program, str) else None
        return super().to_internal_value(data)

    @property
    def _writable_fields(self):
        # Without those that would only find that nothing was given: most, in an array of ten thousand.
        for name, field in self.fields.items():
            if name in self.given or field.required or field.default is not empty:
                yield field

    def validate_program(self, name):
        if name not in programs:
            known = ", ".join(names_to_fork())
            raise serializers.ValidationError(f"There is no program of this name. Known are: {known}.")
        return name

    def validate_notify_url(self, url):
        try:
            if url:
                check_url(url)
        except ValueError as error:
            raise serializers.ValidationError(f"{error}.") from None
        return url

    def validate_arguments(self, arguments):
        limit = settings.ARGUMENTS_LIMIT
        if len(orjson.dumps(arguments)) > limit:
            raise serializers.ValidationError(f"The arguments are larger than the limit of {limit:,} bytes.")
        try:
            return get_program(self.program_name).check(arguments)
        except ArgumentsError as error:
            raise serializers.ValidationError(explain(error, arguments)) from None
        except WrongArgument as error:
            raise serializers.ValidationError({error.name: [str(error)]}) from None
        except UnknownProgram:
            return arguments  # the error is at the program


@cache
def fork_fields():
    """The fields of every ForkSerializer. They keep no state, and copying them for each takes as long as storing it."""
    return StrictSerializer.fields.func(ForkSerializer())


def valid(serializer):
    """What the serializer makes of its data. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def again(task):
    """The spec of a new task like this one. Raises ValidationError when that could no longer be forked."""
    spec = valid(ForkSerializer(data={name: getattr(task, name) for name in AGAIN}))
    return spec | {"restarted_from_id": task.pk, "notifies_id": task.notifies_id}


class EditSerializer(StrictSerializer):
    """What can be changed of a task."""

    name = StringField(required=False, max_length=Limits.NAME)
    description = StringField(required=False, allow_blank=True, max_length=Limits.DESCRIPTION)
    nice = IntegerField(required=False, min_value=Limits.NICE_LEAST, max_value=Limits.NICE_MOST)


class SignalSerializer(StrictSerializer):
    signal = StringField()

    def validate_signal(self, name):
        """A Signal, from its name with or without SIG, in any case."""
        try:
            return Signal(name.upper().removeprefix("SIG"))
        except ValueError:
            raise serializers.ValidationError(f"Unknown signal. Known are: {', '.join(Signal)}.") from None


def explain(error, arguments):
    """What pydantic refused, as a map from argument to messages."""
    messages = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = place(problem, arguments) or "arguments"
        unknown = problem["type"] in ("unexpected_keyword_argument", "extra_forbidden")
        text = f"{error.title} has no argument of this name" if unknown else problem["msg"]
        messages.setdefault(name, []).append(f"{text}.")
    return messages


def place(problem, arguments):
    """Which argument is wrong, and where in it: pydantic's path, without the types that it has tried on the way."""
    names, value = [], arguments
    for part in problem["loc"]:
        with contextlib.suppress(LookupError, TypeError):
            value = value[part]
            names.append(part)
    if problem["type"] == "missing":
        names.append(problem["loc"][-1])
    return ".".join(map(str, names))
