import hashlib
import re

import orjson
from django.http import HttpResponse
from rest_framework import status, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from taskapi import answers, filters, schema, stats, streams
from taskapi.engines import get_engine
from taskapi.permissions import check_again, check_allowed, check_nice
from taskapi.programs import programs
from taskapi.serializers import EditSerializer, ForkSerializer, SignalSerializer, again, valid
from taskmanager.wire import id_of

# Bytes of output in one answer, about; the rest is at X-Next-Offset.
OUTPUT_ANSWER = 8 * 2**20


class TaskViewSet(viewsets.ViewSet):
    """The user's own tasks."""

    @schema.ls
    def list(self, request):
        rows, following = filters.page(request.user.tasks, request.query_params, request.build_absolute_uri())
        return Response(rows, headers={"Link": f'<{following}>; rel="next"'} if following else None)

    @schema.fork
    def create(self, request):
        many = isinstance(request.data, list)
        specs = valid(ForkSerializer(data=request.data, many=many))
        specs = specs if many else [specs]
        check_allowed(request.user, specs)
        tasks, new = get_engine().fork_once(request.user, specs, *fork_key(request, request.data))
        code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
        if many:
            return Response([answers.whole(task) for task in tasks], code)
        return self.answer_fork(tasks[0], code)

    @schema.killall
    def killall(self, request):
        killed = get_engine().killall(filters.killable(request.user.tasks, request.query_params), by=request.user)
        return Response({"detail": f"{killed:,} task{'s' * (killed != 1)} killed", "killed": killed})

    @schema.ps
    def retrieve(self, request, pk):
        task = self.get_task(pk)
        if seconds := filters.seconds_to_wait(request.query_params):
            streams.wait_for_end(request, task, seconds)
            task = self.get_task(pk)
        tag = answers.tag(task)
        if same_tag(request.headers.get("If-None-Match", ""), tag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
        return Response(answers.whole(task), headers={"ETag": tag})

    @schema.edit
    def edit(self, request, pk):
        task = self.get_task(pk)
        fields = valid(EditSerializer(data=request.data))
        check_nice(request.user, [fields])
        get_engine().edit(task, **fields)
        return Response(answers.whole(task), headers={"ETag": answers.tag(task)})

    @schema.kill
    def destroy(self, request, pk):
        task = self.get_task(pk)
        get_engine().kill(task, by=request.user)
        return Response({"detail": f"Task {task.pk} killed"})

    @schema.signal
    def signal(self, request, pk):
        task = self.get_task(pk)
        get_engine().signal(task, valid(SignalSerializer(data=request.data))["signal"], by=request.user)
        return Response(answers.whole(task))

    @schema.restart
    def restart(self, request, pk):
        task = self.get_task(pk)
        spec = again(task)
        check_again(request.user, spec)
        [copy], new = get_engine().fork_once(request.user, [spec], *fork_key(request, {"restart": task.pk}))
        return self.answer_fork(copy, status.HTTP_201_CREATED if new else status.HTTP_200_OK)

    @schema.output
    def output(self, request, pk):
        task = self.get_task(pk)
        offset, following = filters.output_place(request.query_params)
        if following:
            return streams.follow(request, task, offset)
        data = task.output.read(offset, OUTPUT_ANSWER)
        headers = {"X-Next-Offset": offset + len(data)}
        return HttpResponse(data, content_type="text/plain; charset=utf-8", headers=headers)

    @schema.history
    def events(self, request, pk):
        return Response([answers.event(event) for event in self.get_task(pk).events.select_related("by")])

    def answer_fork(self, task, code):
        location = reverse("task-detail", [task.pk], request=self.request)
        return Response(answers.whole(task), code, headers={"Location": location})

    def get_task(self, pk):
        """The user's task of that id. Raises NotFound, also for somebody else's."""
        task = self.request.user.tasks.select_related("worker").filter(pk=id_of(pk)).first()
        if task is None:
            raise NotFound(f"You have no task {pk[:40]}.")
        return task


class EventsView(APIView):
    """The moves and the progress of the user's tasks, as they happen."""

    @schema.events
    def get(self, request):
        filters.check_known(request.query_params, ())
        return streams.events(request, filters.last_event(request.headers))


class ProgramsView(APIView):
    """The programs that the user may run."""

    @schema.list_programs
    def get(self, request):
        mine = [program for _, program in sorted(programs.items()) if program.open_to(request.user)]
        return Response([answers.described(program) for program in mine])


class StatsView(APIView):
    """How the user's tasks are doing: by status, how many run and ran, how many ended."""

    @schema.stats
    def get(self, request):
        filters.check_known(request.query_params, ())
        return Response(stats.of_user(request.user))


def fork_key(request, wanted):
    """(Idempotency-Key, digest of what is wanted) of a request; the key is None without one. Raises ValidationError."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise ValidationError({"Idempotency-Key": ["Expected 1 to 255 characters of ASCII, without spaces."]})
    text = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS) if key else b""
    return key, hashlib.sha256(text).hexdigest()


def same_tag(given, tag):
    """Whether an If-None-Match header names this entity tag (RFC 9110 13.1.2)."""
    tags = [text.strip().removeprefix("W/") for text in given.split(",")]
    return tag in tags or "*" in tags
