from django.urls import path
from rest_framework.routers import SimpleRouter

from taskapi.views import ProgramsView, TaskViewSet

router = SimpleRouter()
router.register("tasks", TaskViewSet, basename="task")

urlpatterns = [path("programs/", ProgramsView.as_view(), name="programs"), *router.urls]
