"""The shapes of the answers, for /schema/: the views themselves answer dicts, which takes a fraction of the time."""

from rest_framework import serializers

from taskapi.answers import WHOLE
from taskapi.models import Signal, Task, TaskEvent, WorkerState
from taskapi.serializers import SignalSerializer


class TaskSerializer(serializers.ModelSerializer):
    """The whole task."""

    status_label = serializers.CharField(read_only=True)
    arguments = serializers.DictField(read_only=True)
    result = serializers.JSONField(read_only=True)
    worker = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Task
        fields = read_only_fields = WHOLE


class EventSerializer(serializers.ModelSerializer):
    """A move of a task."""

    by = serializers.CharField(read_only=True, allow_null=True, help_text="A user name, or null for the system.")
    request_id = serializers.CharField(
        read_only=True, help_text="The X-Request-ID of the request by which the user did it; empty for the system."
    )

    class Meta:
        model = TaskEvent
        fields = read_only_fields = ("id", "status", "reason", "by", "at", "request_id")


class CountsSerializer(serializers.Serializer):
    """How many tasks are in each status."""

    pending = serializers.IntegerField(read_only=True)
    running = serializers.IntegerField(read_only=True)
    completed = serializers.IntegerField(read_only=True)
    failed = serializers.IntegerField(read_only=True)
    killed = serializers.IntegerField(read_only=True)


class MinuteSerializer(serializers.Serializer):
    """How many tasks ended in a minute, and how."""

    minute = serializers.DateTimeField(read_only=True)
    completed = serializers.IntegerField(read_only=True)
    failed = serializers.IntegerField(read_only=True)
    killed = serializers.IntegerField(read_only=True)


class WaitingSerializer(serializers.Serializer):
    """The tasks that are due and have no slot yet."""

    tasks = serializers.IntegerField(read_only=True)
    oldest = serializers.FloatField(read_only=True, allow_null=True, help_text="For how many seconds the first waits.")


class WorkerSerializer(serializers.Serializer):
    """A process that runs tasks of all users."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True, help_text="Its host and the id of its process.")
    host = serializers.CharField(read_only=True)
    engine = serializers.CharField(read_only=True)
    version = serializers.CharField(read_only=True)
    slots = serializers.IntegerField(read_only=True, help_text="How many tasks it can run at once.")
    busy = serializers.IntegerField(read_only=True, help_text="How many tasks it runs, whoever forked them.")
    state = serializers.ChoiceField(
        WorkerState.choices,
        read_only=True,
        help_text="`silent`: its heartbeat is older than TASK_LEASE. `lost`: it was given up, less than an hour ago.",
    )
    started_at = serializers.DateTimeField(read_only=True)
    heartbeat_at = serializers.DateTimeField(read_only=True)
    heartbeat_age = serializers.FloatField(read_only=True, help_text="Seconds since then, by the database's clock.")


class StatsSerializer(serializers.Serializer):
    """How the user's tasks are doing."""

    status = CountsSerializer(read_only=True)
    load = serializers.DictField(
        child=serializers.FloatField(), read_only=True, help_text="Running tasks: now, and over 1, 5 and 15 minutes."
    )
    slots = serializers.IntegerField(read_only=True, allow_null=True, help_text="Of all workers together.")
    workers = WorkerSerializer(
        many=True, read_only=True, help_text="Of all users: by name, then those that were lost, the latest first."
    )
    ended = MinuteSerializer(many=True, read_only=True)
    waiting = WaitingSerializer(read_only=True)
    at = serializers.DateTimeField(read_only=True)


class SignalBodySerializer(SignalSerializer):
    signal = serializers.ChoiceField([prefix + name for name in Signal for prefix in ("", "SIG")])


class ProgramSerializer(serializers.Serializer):
    """A program that the user may run."""

    name = serializers.CharField(read_only=True)
    summary = serializers.CharField(read_only=True)
    arguments = serializers.DictField(read_only=True, help_text="The JSON Schema of its arguments.")


class KilledSerializer(serializers.Serializer):
    detail = serializers.CharField(read_only=True)
    killed = serializers.IntegerField(read_only=True)
