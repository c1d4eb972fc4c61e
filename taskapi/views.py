from rest_framework import status, viewsets
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.reverse import reverse

from taskapi import filters
from taskapi.engines import get_engine
from taskapi.serializers import ForkSerializer, whole


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
        if any(spec.get("nice", 0) < 0 for spec in specs) and not request.user.has_perm("taskapi.negative_nice"):
            raise PermissionDenied("A nice value below 0 needs the permission taskapi.negative_nice.")
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

    def get_task(self, pk):
        """The user's task of that id. Raises NotFound, also for somebody else's."""
        number = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 20 else 0
        task = self.request.user.tasks.select_related("worker").filter(pk=number).first()
        if task is None:
            raise NotFound(f"You have no task {pk[:40]}.")
        return task
