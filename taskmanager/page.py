"""Serves frontend/ as it is, and at /docs/ the page of Swagger UI."""

from pathlib import Path

import drf_spectacular_sidecar
from whitenoise.middleware import WhiteNoiseMiddleware

SWAGGER = Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist"
POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# Swagger UI sets styles and pictures of its own.
DOCS_POLICY = f"{POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class PageMiddleware(WhiteNoiseMiddleware):
    """The page is for reading; any other method at its URLs is answered by the API's errors."""

    def __init__(self, get_response):
        super().__init__(get_response)
        self.add_files(SWAGGER, prefix="docs/swagger/")

    def __call__(self, request):
        reading = request.method in ("GET", "HEAD")
        return super().__call__(request) if reading else self.get_response(request)


def add_headers(headers, path, url):
    headers["Content-Security-Policy"] = DOCS_POLICY if url.startswith("/docs/") else POLICY
