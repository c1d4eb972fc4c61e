"""What every answer tells the browser that it may not do, also an answer of the HTTP server itself."""

from http import HTTPStatus

from django.conf import settings

# An answer of the API is data: nothing in it is to be loaded, run or framed. Pages have policies of their own.
POLICY = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
}


class HeadersMiddleware:
    """The outermost one: Django's own do not see what goes wrong in those around them."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return response  # its headers would replace those of what the client keeps (RFC 9111 3.2)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response
