from django.http import HttpResponse
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from taskapi import filters
from taskapi.engines import get_engine
from taskapi.programs import get_program, programs
from taskapi.serializers import DEFAULT_PROGRAM, ForkSerializer, SignalSerializer, described, whole

# Bytes of output in one answer, about; the rest is at X-Next-Offset.
OUTPUT_ANSWER = 8 * 2**20


class TaskViewSet(viewsets.ViewSet):
    """The user's own tasks."""

    def list(self, request):
        rows, following = filters.page(request.user.tasks, request.query_params, request.build_absolute_uri())
        return Response(rows, headers={"Link": f'<{following}>; rel="next"'} if following else None)

    def create(self, request):
        many = isinstance(request.data, list)
        serializer = ForkSerializer(data=request.data, many=many)
        serializer.is_valid(raise_exception=True)
        specs = serializer.validated_data if many else [serializer.validated_data]
        check_allowed(request.user, specs)
        tasks = [whole(task) for task in get_engine().fork(request.user, specs)]
        if many:
            return Response(tasks, status.HTTP_201_CREATED)
        location = reverse("task-detail", [tasks[0]["id"]], request=request)
        return Response(tasks[0], status.HTTP_201_CREATED, headers={"Location": location})

    def retrieve(self, request, pk):
        return Response(whole(self.get_task(pk)))

    def destroy(self, request, pk):
        task = self.get_task(pk)
        get_engine().kill(task, by=request.user)
        return Response({"detail": f"Task {task.pk} killed"})

    @action(detail=True, methods=["post"])
    def signal(self, request, pk):
        task = self.get_task(pk)
        serializer = SignalSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        get_engine().signal(task, serializer.validated_data["signal"], by=request.user)
        return Response(whole(task))

    @action(detail=True, methods=["get"])
    def output(self, request, pk):
        task = self.get_task(pk)
        offset = filters.output_offset(request.query_params)
        data = task.output.read(offset, OUTPUT_ANSWER)
        following = {"X-Next-Offset": offset + len(data)}
        return HttpResponse(data, content_type="text/plain; charset=utf-8", headers=following)

    def get_task(self, pk):
        """The user's task of that id. Raises NotFound, also for somebody else's."""
        number = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 20 else 0
        task = self.request.user.tasks.select_related("worker").filter(pk=number).first()
        if task is None:
            raise NotFound(f"You have no task {pk[:40]}.")
        return task


class ProgramsView(APIView):
    """The programs that the user may run."""

    def get(self, request):
        mine = [program for _, program in sorted(programs.items()) if program.open_to(request.user)]
        return Response([described(program) for program in mine])


def check_allowed(user, specs):
    """Raises PermissionDenied when one of these forks needs a permission that the user does not have."""
    if any(spec.get("nice", 0) < 0 for spec in specs) and not user.has_perm("taskapi.negative_nice"):
        raise PermissionDenied("A nice value below 0 needs the permission taskapi.negative_nice.")
    for name in {spec.get("program", DEFAULT_PROGRAM) for spec in specs}:
        program = get_program(name)
        if not program.open_to(user):
            raise PermissionDenied(f"The program {name} needs the permission {program.permission}.")
