"""Every URL of the project; the page itself is a file, served by WhiteNoise."""

from django.contrib import admin
from django.urls import include, path, re_path

from taskmanager import errors
from taskmanager.admin import ADMIN
from taskmanager.schema import SchemaView

urlpatterns = [
    path("userapi/", include("userapi.urls")),
    path("taskapi/", include("taskapi.urls")),
    path(ADMIN.strip("/") + "/", admin.site.urls),
    path("schema/", SchemaView.as_view(), name="schema"),
    # Last, so that an unknown URL is JSON with DEBUG on, too.
    re_path("", errors.not_found),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
