from django.urls import path

from taskapi.views import EventsView, ProgramsView, StatsView, TaskViewSet

tasks = TaskViewSet.as_view

urlpatterns = [
    path("programs/", ProgramsView.as_view(), name="programs"),
    path("events/", EventsView.as_view(), name="events"),
    path("stats/", StatsView.as_view(), name="stats"),
    path("tasks/", tasks({"get": "list", "post": "create", "delete": "killall"}), name="task-list"),
    path("tasks/<pk>/", tasks({"get": "retrieve", "patch": "edit", "delete": "destroy"}), name="task-detail"),
    path("tasks/<pk>/signal/", tasks({"post": "signal"}), name="task-signal"),
    path("tasks/<pk>/output/", tasks({"get": "output"}), name="task-output"),
    path("tasks/<pk>/events/", tasks({"get": "events"}), name="task-events"),
    path("tasks/<pk>/restart/", tasks({"post": "restart"}), name="task-restart"),
]
