"""Serves frontend/ as it is."""

from whitenoise.middleware import WhiteNoiseMiddleware

POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"


class PageMiddleware(WhiteNoiseMiddleware):
    """The page is for reading; any other method at its URLs is answered by the API's errors."""

    def __call__(self, request):
        reading = request.method in ("GET", "HEAD")
        return super().__call__(request) if reading else self.get_response(request)


def add_headers(headers, path, url):
    headers["Content-Security-Policy"] = POLICY
