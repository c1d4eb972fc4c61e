from functools import partial

from django.contrib.admin import AdminSite
from django.contrib.auth.views import PasswordChangeView
from django.urls import reverse_lazy

from userapi.forms import LoginForm, OwnPasswordForm


class Site(AdminSite):
    """Django's, with a login that shares the limits of the API's."""

    site_title = site_header = "UNIX Task Manager"
    index_title = "Administration"
    enable_nav_sidebar = False  # the tables need the room
    login_form = LoginForm

    def password_change(self, request, extra_context=None):
        # Django's own, but for the form, which it has no attribute for.
        view = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, session=request.session),
            success_url=reverse_lazy("admin:password_change_done"),
            extra_context=self.each_context(request) | (extra_context or {}),
        )
        request.current_app = self.name
        return view(request)
