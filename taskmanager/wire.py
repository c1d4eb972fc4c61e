"""What both APIs share on the wire: JSON in, JSON out, and serializers that refuse what they do not know."""

from itertools import islice

import orjson
from django.conf import settings
from rest_framework import exceptions, serializers, status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

DEPTH_LIMIT = 32
ID_LIMIT = 2**63
# Bytes of a body that are looked at together.
WINDOW = 64 * 2**10
UNKNOWN_SHOWN = 20


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class Encoded(exceptions.APIException):
    status_code = status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    default_detail = "Send the body as it is, without a Content-Encoding."


class JSONParser(BaseParser):
    """Reads a body of at most BODY_LIMIT bytes as JSON (RFC 8259).

    Refused, with a ParseError: what no database column or other client could take back, that is NUL, lone
    surrogates, NaN and infinities, and values nested deeper than DEPTH_LIMIT. And what would cost too much memory:
    more than VALUES_LIMIT values, which are counted before they are made.
    """

    media_type = "application/json"
    limit = settings.BODY_LIMIT

    def parse(self, stream, media_type=None, parser_context=None):
        if parser_context["request"].headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Encoded
        body = stream.read(self.limit + 1)
        if len(body) > self.limit:
            raise TooLarge(f"The body is larger than the limit of {self.limit:,} bytes.")
        check_size(body)
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"The body is not valid JSON: {error}.") from None
        # Counting is much cheaper than walking, and the body of nearly every request is shallow and plain.
        if body.count(b"[") + body.count(b"{") > DEPTH_LIMIT or b"\\u0000" in body:
            check(data)
        return data


class SmallJSONParser(JSONParser):
    """For who has not logged in."""

    limit = settings.BODY_LIMIT_ANONYMOUS


def check_size(body):
    """Raises TooLarge for more values than VALUES_LIMIT."""
    if len(body) < settings.VALUES_LIMIT or marks(body) < settings.VALUES_LIMIT:
        return
    # Some may be in strings. Outside of them there is no backslash, so each quote that is left begins or ends one.
    body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    found, in_string = 0, 0
    for start in range(0, len(body), WINDOW):
        parts = body[start : start + WINDOW].split(b'"')
        found += sum(map(marks, parts[in_string::2]))
        if found >= settings.VALUES_LIMIT:
            raise TooLarge(f"The body has more than the limit of {settings.VALUES_LIMIT:,} values.")
        in_string ^= len(parts) % 2 == 0


def marks(text):
    """How many commas and opening brackets there are: each value but the first is behind one."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def check(value, depth=1):
    """Raises ParseError for NUL in a string and for a value nested too deep."""
    if isinstance(value, str):
        if "\0" in value:
            raise exceptions.ParseError("The body has a NUL character (\\u0000) in a string; leave it out.")
        return
    if not isinstance(value, (dict, list)):
        return
    if depth > DEPTH_LIMIT:
        raise exceptions.ParseError(f"The body is nested deeper than the limit of {DEPTH_LIMIT} levels.")
    for item in value:
        check(item, depth + 1)
    for item in value.values() if isinstance(value, dict) else ():
        check(item, depth + 1)


def id_of(text):
    """The id that this part of a URL names; 0, which nothing has, for what is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if number < ID_LIMIT else 0


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return b"" if data is None else dumps(data)


def dumps(data):
    """JSON with times in UTC, written with Z."""
    return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON whatever Accept says: RFC 9110 15.5.7 allows it, and a 406 helps nobody."""

    def select_parser(self, request, parsers):
        content_type = request.content_type.split(";")[0].strip().lower()
        return parsers[0] if content_type in ("", parsers[0].media_type) else None

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class StringField(serializers.CharField):
    """Text that was text: a number or a boolean is an error, not something to convert."""

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class UrlField(StringField):
    """Text that is a URL (RFC 3986), as its serializer checks."""


class NumberMixin:
    def to_internal_value(self, data):
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            self.fail("invalid")
        return super().to_internal_value(data)


class IntegerField(NumberMixin, serializers.IntegerField):
    """A whole number that was a number."""


class FloatField(NumberMixin, serializers.FloatField):
    """A number that was a number."""


class StrictSerializer(serializers.Serializer):
    """Names unknown fields instead of ignoring them.

    Read-only fields, and those in `ignored`, are ignored, so that what was read can be sent back.
    """

    ignored = frozenset()

    def to_internal_value(self, data):
        errors = self.unknown(data) if isinstance(data, dict) else {}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors |= error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return value

    def unknown(self, data):
        names = (name for name in data if name not in self.fields and name not in self.ignored)
        names = list(islice(names, UNKNOWN_SHOWN))
        known = ", ".join(name for name, field in self.fields.items() if not field.read_only) if names else ""
        return {name: [f"Unknown field. Known are: {known}."] for name in names}
