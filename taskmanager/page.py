"""Serves frontend/ as it is, compressed for who can read that."""

import gzip
import io
import re
from functools import cached_property
from http import HTTPStatus

from django.utils.http import parse_etags
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import NOT_MODIFIED_HEADERS, Response, StaticFile

# Nothing inline, nothing from elsewhere, and by the last one no markup out of text, whatever a script does.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
TEXT = re.compile(r"\.(html|css|js|svg)$")
GZIP = re.compile(r"\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?", re.IGNORECASE)


class PageMiddleware(WhiteNoiseMiddleware):
    """The page is for reading; any other method at its URLs is answered by the API's errors."""

    def __call__(self, request):
        reading = request.method in ("GET", "HEAD")
        return super().__call__(request) if reading else self.get_response(request)

    def get_static_file(self, path, url, stat_cache=None):
        plain = super().get_static_file(path, url, stat_cache)
        return TextFile(path, plain) if TEXT.search(path) else plain


class TextFile:
    """A file in two representations: as it is, and compressed, which is made once and kept in memory."""

    def __init__(self, path, plain: StaticFile):
        self.path = path
        self.plain = plain

    def get_response(self, method, environ):
        # A range is one of the file as it is.
        if "HTTP_RANGE" in environ or not accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
            found = self.plain.get_response(method, environ)
            return Response(found.status, [*found.headers, ("Vary", "Accept-Encoding")], found.file)
        if self.is_known(environ):
            headers = [(name, self.headers[name]) for name in NOT_MODIFIED_HEADERS if name in self.headers]
            return Response(HTTPStatus.NOT_MODIFIED, headers, None)
        return Response(HTTPStatus.OK, self.headers.items(), io.BytesIO(self.data) if method == "GET" else None)

    def is_known(self, environ):
        if "HTTP_IF_NONE_MATCH" not in environ:
            return self.plain.is_not_modified(environ)
        tags = parse_etags(environ["HTTP_IF_NONE_MATCH"])
        return "*" in tags or self.tag in {tag.removeprefix("W/") for tag in tags}

    @cached_property
    def data(self):
        with open(self.path, "rb") as file:
            return gzip.compress(file.read(), mtime=0)

    @cached_property
    def tag(self):
        """Of the compressed representation: another one needs another tag (RFC 9110 8.8.3.3)."""
        return f'{self.plain.etag[:-1]}-gzip"'

    @cached_property
    def headers(self):
        [(_, _, plain)] = self.plain.alternatives
        own = {"Content-Encoding": "gzip", "Content-Length": str(len(self.data)), "ETag": self.tag}
        return dict(plain) | own | {"Vary": "Accept-Encoding"}


def accepts_gzip(header):
    """Whether an Accept-Encoding header takes gzip (RFC 9110 12.5.3)."""
    return any(GZIP.fullmatch(coding) for coding in header.split(","))


def add_headers(headers, path, url):
    headers["Content-Security-Policy"] = POLICY
