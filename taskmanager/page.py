"""Serves frontend/: its text compressed for who can read that, and its scripts and styles in one piece each.

At /docs/ it is the page of Swagger UI, whose files come with a package, as those of the admin do.
"""

import gzip
import hashlib
import io
import os
import re
from functools import cached_property, partial
from http import HTTPStatus
from pathlib import Path

import django
import drf_spectacular_sidecar
from django.utils.http import parse_etags
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import NOT_MODIFIED_HEADERS, Response

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
# Swagger UI sets styles and pictures of its own, and makes markup out of text.
DOCS = "/docs/"
DOCS_POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SWAGGER = Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist"
# What the pages of the admin are made with.
ADMIN_STATIC = Path(django.__file__).parent / "contrib/admin/static"
TEXT = (".html", ".css", ".js", ".svg")
# The tags of index.html that name files which can be sent together: those that run before anything is painted stay.
TAGS = {
    "page.css": re.compile(r' *<link rel="stylesheet" href="([^"]+)">\n'),
    "page.js": re.compile(r' *<script src="([^"]+)" defer></script>\n'),
}
TOGETHER = {
    "page.css": '  <link rel="stylesheet" href="page.css">\n',
    "page.js": '  <script src="page.js" defer></script>\n',
}
# For who reads the files, not for the browser.
COMMENTS = re.compile(r"^ *(//[^\n]*|/\*(?:(?!\*/).)*\*/)\n", re.MULTILINE | re.DOTALL)
REFUSED = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*", re.IGNORECASE)


class PageMiddleware(WhiteNoiseMiddleware):
    """The page is for reading; any other method at its URLs is answered by the API's errors."""

    def __init__(self, get_response):
        super().__init__(get_response)
        self.add_files(SWAGGER, prefix=f"{DOCS}swagger/")
        self.add_files(ADMIN_STATIC, prefix=self.static_prefix)

    def __call__(self, request):
        reading = request.method in ("GET", "HEAD")
        return super().__call__(request) if reading else self.get_response(request)

    def update_files_dictionary(self, root, prefix):
        super().update_files_dictionary(root, prefix)
        if prefix == "/":
            self.put_together(Path(root))

    def put_together(self, folder):
        html = (folder / "index.html").read_text()
        for name, tag in TAGS.items():
            files = [folder / path for path in tag.findall(html)]
            self.files[f"/{name}"] = self.text_file(name, partial(together, files), POLICY)
            first = tag.search(html).start()
            html = html[:first] + TOGETHER[name] + tag.sub("", html[first:])
        self.files["/"] = self.text_file("index.html", html.encode, POLICY)

    def get_static_file(self, path, url, stat_cache=None):
        if path.endswith(TEXT) and os.path.isfile(path):
            return self.text_file(path, Path(path).read_bytes, policy_of(url))
        return super().get_static_file(path, url, stat_cache)

    def text_file(self, name, read, policy):
        media_type = self.media_types.get_type(name)
        headers = {"Content-Type": f'{media_type}; charset="utf-8"', "Content-Security-Policy": policy}
        headers |= {"Cache-Control": f"max-age={self.max_age}, public", "Access-Control-Allow-Origin": "*"}
        return TextFile(read, headers)


class TextFile:
    """A file in two representations: as it is, and compressed. Each is made once, when it is asked for."""

    def __init__(self, read, headers):
        self.read = read
        self.headers = headers

    def get_response(self, method, environ):
        data, headers = self.compressed if accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")) else self.plain
        if knows(environ, headers["ETag"]):
            kept = [(name, headers[name]) for name in NOT_MODIFIED_HEADERS if name in headers]
            return Response(HTTPStatus.NOT_MODIFIED, kept, None)
        return Response(HTTPStatus.OK, headers.items(), io.BytesIO(data) if method == "GET" else None)

    @cached_property
    def plain(self):
        return self.represented(self.read(), {})

    @cached_property
    def compressed(self):
        return self.represented(gzip.compress(self.plain[0], mtime=0), {"Content-Encoding": "gzip"})

    def represented(self, data, headers):
        # A tag for each representation (RFC 9110 8.8.3.3), which says what is in it.
        tag = hashlib.sha256(data).hexdigest()[:20]
        common = {"Content-Length": str(len(data)), "ETag": f'"{tag}"', "Vary": "Accept-Encoding"}
        return data, self.headers | common | headers


def together(files):
    """These files as one."""
    return "".join(COMMENTS.sub("", file.read_text()) for file in files).encode()


def accepts_gzip(header):
    """Whether an Accept-Encoding header takes gzip (RFC 9110 12.5.3)."""
    codings = (coding.partition(";") for coding in header.lower().split(","))
    taken = {name.strip(): not REFUSED.fullmatch(weight) for name, _, weight in codings}
    return taken.get("gzip", taken.get("*", False))


def knows(environ, tag):
    """Whether the client has what has this tag."""
    tags = {given.removeprefix("W/") for given in parse_etags(environ.get("HTTP_IF_NONE_MATCH", ""))}
    return bool(tags & {"*", tag})


def add_headers(headers, path, url):
    headers["Content-Security-Policy"] = policy_of(url)


def policy_of(url):
    return DOCS_POLICY if url.startswith(DOCS) else POLICY
