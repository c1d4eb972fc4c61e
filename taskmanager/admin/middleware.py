"""Django's middleware for cookies and forms, which only the admin has: the API takes tokens and nothing else, so its
requests pass by here untouched."""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin

from taskmanager.admin import ADMIN

# Nothing inline and nothing from elsewhere.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def for_admin(request):
    return request.path_info.startswith(ADMIN)


class OnlyAdmin:
    """Before a middleware of Django, confines it to the admin's URLs."""

    def __call__(self, request):
        return super().__call__(request) if for_admin(request) else self.get_response(request)


class Policy(OnlyAdmin, MiddlewareMixin):
    """Says what the pages of the admin may load, and that its cookies stay with TLS where they came by it."""

    def process_response(self, request, response):
        response.headers["Content-Security-Policy"] = POLICY
        for cookie in response.cookies.values() if request.is_secure() else ():
            cookie["secure"] = True
        return response


class Sessions(OnlyAdmin, SessionMiddleware):
    pass


class Csrf(OnlyAdmin, CsrfViewMiddleware):
    def process_view(self, request, *view):
        return super().process_view(request, *view) if for_admin(request) else None


class Authentication(OnlyAdmin, AuthenticationMiddleware):
    pass


class Messages(OnlyAdmin, MessageMiddleware):
    pass
