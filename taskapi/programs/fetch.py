"""The program fetch: one HTTP request, with what it may send and what is kept of the answer."""

import asyncio
import base64
import codecs
import contextlib
import re
from typing import Annotated, Literal

import httpx
from django.conf import settings
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from taskapi.exceptions import ProgramFailed
from taskapi.programs.network import URL_LIMIT, Transport, join_url, parse_url
from taskapi.programs.registry import program

REDIRECTS = 10
HEADERS_LIMIT = 16 * 2**10  # characters of them in the result
SHOWN_BODY = 1_000
SHOWN_URL = 500
SHOWN_PROBLEM = 300

DEFAULT_HEADERS = {
    "User-Agent": "unix-task-manager",
    "Accept": "*/*",
    # Nothing is decompressed here: a few bytes can grow to gigabytes.
    "Accept-Encoding": "identity",
    "Connection": "close",
}
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# What frames the message or is for the next hop: the connection sees to these.
OWN = re.compile(
    r"host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*", re.IGNORECASE
)
# What a redirect to another origin keeps. Any other header can be a secret for the first.
HARMLESS = {b"user-agent", b"accept", b"accept-encoding", b"accept-language", b"content-type", b"connection"}
CHARSET_NAMED = re.compile(r';\s*charset="?([\w.-]+)', re.IGNORECASE)
# Charsets that are safe to decode: Python has others that take quadratic time.
CHARSET = re.compile(
    r"utf-?8|utf-?(16|32)(-?[lb]e)?|(us-)?ascii|latin-?1|iso-8859-\d+|windows-\d+|koi8-[ru]|gb2312|gbk|gb18030|big5"
    r"|shift_jis|euc-(jp|kr)|iso-2022-jp"
)


def check_url(text):
    try:
        parse_url(text)
    except ValueError as error:
        raise PydanticCustomError("url", "{problem}", {"problem": str(error)}) from None
    return text


def check_headers(headers):
    for name, value in headers.items():
        if not NAME.fullmatch(name):
            raise PydanticCustomError("header", "{name} is no name for a header", {"name": repr(name)})
        if OWN.fullmatch(name):
            raise PydanticCustomError("header", "The header {name} cannot be set", {"name": name})
        if CONTROL.search(value):
            raise PydanticCustomError("header", "The header {name} has control characters", {"name": name})
    return headers


Url = Annotated[
    str, Field(max_length=URL_LIMIT, description="What to request, over http or https."), AfterValidator(check_url)
]
Method = Annotated[
    Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], Field(description="The method of HTTP.")
]
Headers = Annotated[
    dict[str, str],
    Field(max_length=100, description="Headers to send. To another origin, redirects take only harmless ones along."),
    AfterValidator(check_headers),
]
Body = Annotated[str, Field(description="What to send, in UTF-8.")]
Status = Annotated[int, Field(ge=100, le=599)]
Expected = Annotated[
    Annotated[list[Status], Field(min_length=1, max_length=20)] | None,
    Field(description="The statuses that are a success; a redirect among them is not followed. null: all below 400."),
]
TimeLimit = Annotated[float, Field(ge=0.1, le=600, description="Seconds for the whole, redirects and body included.")]


@program(permission="taskapi.run_fetch")
async def fetch(
    task,
    url: Url,
    method: Method = "GET",
    headers: Headers = {},  # noqa: B006  nobody changes it
    body: Body = "",
    expected_status: Expected = None,
    time_limit: TimeLimit = 30.0,
):
    """Request a URL over HTTP (curl(1))."""
    request = first_request(method, parse_url(url), headers, body)
    result = await exchange(task, request, expected_status or (), time_limit)
    check_status(task, result, expected_status)
    return result


async def exchange(task, request, expected, seconds, unread=()):
    """The response to this request as the result of a task, without the body when its status is among `unread`.

    Redirects are followed unless their status is among the expected ones. Raises ProgramFailed, also when all of it
    takes longer than so many seconds.
    """
    try:
        async with asyncio.timeout(seconds), Transport() as transport:
            response = await follow(task, transport, request, expected)
            body = (b"", False) if response.status_code in unread else await read(response)
            return describe(response, *body)
    except TimeoutError:
        raise ProgramFailed(f"{shown(request.url)} took longer than the time limit of {seconds:g} s.") from None


def first_request(method, url, headers, body):
    """The request for this URL; a user and password in it become a header."""
    given = httpx.Headers(DEFAULT_HEADERS)
    if url.userinfo:
        secret = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        given["Authorization"] = f"Basic {secret}"
    given.update([(name.encode(), value.strip().encode()) for name, value in headers.items()])
    return httpx.Request(method, bare(url), headers=given, content=body.encode())


def bare(url):
    """The URL without what is not for the server, or not for others to see."""
    return url.copy_with(userinfo=b"", fragment=None)


async def follow(task, transport, request, expected):
    """The response to this request, or to the last of those that it is redirected to."""
    start = request.url
    for _ in range(REDIRECTS + 1):
        with explained(request.url):
            response = await transport.handle_async_request(request)
        task.print(f"{request.method} {shown(request.url)} → {response.status_code}")
        response.request = request
        if response.status_code in expected or not response.has_redirect_location:
            return response
        # Closed and not read: its body may have no end.
        await response.aclose()
        request = redirected(request, response)
    raise ProgramFailed(f"{shown(start)} redirects more than {REDIRECTS} times.")


@contextlib.contextmanager
def explained(url):
    """Makes a failure of the network one of the program, with a sentence about this URL."""
    try:
        yield
    except (httpx.HTTPError, OSError) as error:
        raise ProgramFailed(f"{shown(url)}: {sentence(error) or 'the connection broke'}.") from None


def sentence(error):
    """What an error says, in a line without its full stop."""
    text = " ".join(str(error).partition(" (_ssl.c")[0].split())
    return text[:SHOWN_PROBLEM].rstrip(".")


def redirected(request, response):
    """The request that this response redirects to. Raises ProgramFailed when it cannot be followed."""
    try:
        url = bare(join_url(request.url, response.headers["location"]))
    except ValueError as error:
        problem = sentence(error)
        raise ProgramFailed(f"{shown(request.url)} has a redirect that cannot be followed: {problem}.") from None
    status, method = response.status_code, request.method
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method = "GET"
    content = request.content if method == request.method else b""
    return httpx.Request(method, url, headers=headers_for(url, method, request), content=content)


def headers_for(url, method, request):
    """Which headers of the request go along with its redirect to this URL."""
    headers = {name.lower(): (name, value) for name, value in request.headers.raw}
    dropped = {b"host", b"content-length"}
    if method != request.method:
        dropped |= {name for name in headers if name.startswith(b"content-")}
    if not trusted(request.url, url):
        dropped |= headers.keys() - HARMLESS
    return [header for name, header in headers.items() if name not in dropped]


def trusted(old, new):
    """Whether the second URL is of the same origin as the first, or of the same host over https."""
    upgraded = old.copy_with(scheme="https") if old.port is None else old
    return origin(new) in (origin(old), origin(upgraded))


def origin(url):
    return url.scheme, url.raw_host, url.port


async def read(response):
    """The first bytes of the body as they come, and whether there are more."""
    content, limit = bytearray(), settings.FETCH_BODY_LIMIT
    with explained(response.request.url):
        async with contextlib.aclosing(response.aiter_raw()) as chunks:
            async for chunk in chunks:
                content += chunk
                if len(content) > limit:
                    break
        await response.aclose()
    return bytes(content[:limit]), len(content) > limit


def describe(response, content, truncated):
    """A response as the result of a task."""
    named = CHARSET_NAMED.search(response.headers.get("content-type", ""))
    body, encoding = encode(content, named[1].lower() if named else "utf-8", truncated)
    return {
        "url": str(response.request.url),
        "status": response.status_code,
        "headers": shown_headers(response.headers),
        "body": body,
        "body_encoding": encoding,
        "truncated": truncated,
    }


def encode(content, charset, truncated):
    """A body as text, or in base64 when it is none; and which of the two."""
    try:
        if not CHARSET.fullmatch(charset):
            raise LookupError(charset)
        # A cut can go through the middle of a character: with final=False, its half is left out.
        text = codecs.getincrementaldecoder(charset)().decode(content, final=not truncated)
    except (LookupError, UnicodeError):
        return base64.b64encode(content).decode(), "base64"
    return text.replace("\0", "\ufffd"), "text"


def shown_headers(headers):
    """The headers as a dict, as many as HEADERS_LIMIT has room for."""
    kept, room = {}, HEADERS_LIMIT
    for name, value in headers.items():
        size = len(name) + len(value)
        if size <= room:
            kept[name] = value
            room -= size
    return kept


def check_status(task, result, expected):
    """Raises ProgramFailed, and prints the beginning of the body, when the status is none of the expected ones."""
    status = result["status"]
    if status in expected if expected else status < 400:
        return
    refuse(task, result, f"the status {' or '.join(map(str, expected))}" if expected else "a status below 400")


def refuse(task, result, wanted):
    """Raises ProgramFailed, and prints the beginning of the body, of a result that is not what was wanted."""
    if result["body_encoding"] == "text" and result["body"]:
        task.print(result["body"][:SHOWN_BODY])
    raise ProgramFailed(f"Expected {wanted}; {shown(result['url'])} answered {result['status']}.")


def shown(url):
    """A URL as it is in messages: not longer than they are."""
    text = str(url)
    return text if len(text) <= SHOWN_URL else f"{text[:SHOWN_URL]}…"
