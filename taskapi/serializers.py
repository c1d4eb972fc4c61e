import orjson
from django.conf import settings
from pydantic import ValidationError as ArgumentsError
from rest_framework import serializers

from taskapi.exceptions import UnknownProgram
from taskapi.models import Task
from taskapi.programs import get_program, programs
from taskmanager.wire import StrictSerializer, StringField

NAME = Task._meta.get_field("name")
DESCRIPTION_LIMIT = 10_000


class TaskSerializer(StrictSerializer):
    """The whole task. What a client may set when it forks one is writable."""

    id = serializers.ReadOnlyField()
    name = StringField(max_length=NAME.max_length)
    description = StringField(required=False, allow_blank=True, max_length=DESCRIPTION_LIMIT)
    status = serializers.ReadOnlyField()
    status_label = serializers.ReadOnlyField(source="get_status_display")
    reason = serializers.ReadOnlyField()
    program = StringField(required=False)
    arguments = serializers.DictField(required=False)
    nice = serializers.ReadOnlyField()
    progress = serializers.ReadOnlyField()
    progress_text = serializers.ReadOnlyField()
    result = serializers.ReadOnlyField()
    error = serializers.ReadOnlyField()
    exit_code = serializers.ReadOnlyField()
    run_at = serializers.ReadOnlyField()
    timeout = serializers.ReadOnlyField()
    max_attempts = serializers.ReadOnlyField()
    attempt = serializers.ReadOnlyField()
    restarted_from = serializers.ReadOnlyField(source="restarted_from_id")
    worker = serializers.ReadOnlyField(source="worker.name", default=None)
    created_at = serializers.ReadOnlyField()
    updated_at = serializers.ReadOnlyField()
    started_at = serializers.ReadOnlyField()
    ended_at = serializers.ReadOnlyField()
    completed_at = serializers.ReadOnlyField()

    def validate_program(self, name):
        try:
            return get_program(name).name
        except UnknownProgram:
            known = ", ".join(sorted(programs))
            raise serializers.ValidationError(f"There is no program of this name. Known are: {known}.") from None

    def validate_arguments(self, arguments):
        if len(orjson.dumps(arguments)) > settings.ARGUMENTS_LIMIT:
            raise serializers.ValidationError(
                f"The arguments are larger than the limit of {settings.ARGUMENTS_LIMIT:,} bytes."
            )
        return arguments

    def validate(self, data):
        program = get_program(data.setdefault("program", Task._meta.get_field("program").default))
        try:
            data["arguments"] = program.check(data.get("arguments", {}))
        except ArgumentsError as error:
            raise serializers.ValidationError({"arguments": explain(error, program)}) from None
        return data


def explain(error, program):
    """What pydantic refused, as a map from argument to messages."""
    messages = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(map(str, problem["loc"])) or "arguments"
        text = problem["msg"] + "."
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            known = ", ".join(program.arguments.model_fields) or "none"
            text = f"Unknown argument. The arguments of {program.name} are: {known}."
        messages.setdefault(name, []).append(text)
    return messages
