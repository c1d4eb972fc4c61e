"""The words in which both APIs describe themselves to OpenAPI: one decorator, and the errors that every call has."""

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

# Of the calls that refuse a body: not JSON, too large, of another type.
BODY = (400, 413, 415)
ERRORS = {
    400: "Something in the request is wrong: a map from what it is to messages, or a `detail`.",
    401: "The token is missing, wrong or expired.",
    403: "This needs a permission that the user does not have, or is closed to all; the text says which.",
    404: "The user has nothing of this id.",
    409: "The task is in a state in which this cannot be done.",
    413: "The body is larger than the limit.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key was used for something else.",
    429: "Too many; `Retry-After` says in how many seconds to come again.",
    503: "The server is busy, or its database away; `Retry-After` says in how many seconds to come again.",
}
# The shapes that are no serializer's.
COMPONENTS = {
    "Errors": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {"$ref": "#/components/schemas/Errors"},
            ]
        },
        "example": {"name": ["This field is required."], "arguments": {"seconds": ["Input should be a valid number."]}},
    }
}
PROBLEM = {"$ref": "#/components/schemas/Errors"}


class DetailSerializer(serializers.Serializer):
    detail = serializers.CharField(read_only=True)


# A larger integer is read as a float.
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**64 - 1
NO_NUL = r"^[^\u0000]*$"
# drf-spectacular adds the blank text as another choice.
ANYTHING = r"^[^\u0000]+$"
# What str.strip() takes away is no text; it takes more than the \s of a schema.
SOMETHING = r"^[^\u0000]*[^\s\u0000\u001c-\u001f\u0085][^\u0000]*$"


class StringScheme(OpenApiSerializerFieldExtension):
    """Text has no NUL; where it may not be blank, it has something else than spaces."""

    target_class = "taskmanager.wire.StringField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema, direction):
        schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        return schema | {"pattern": ANYTHING if self.target.allow_blank else SOMETHING}


def call(name, text, answers, errors=(), *, unix="", open_to_all=False, examples=(), **rest):
    """A decorator of a view's method: what /schema/ says about this call.

    `name` is its operationId, `unix` what a shell calls it; `answers` maps each status of success to what is answered;
    `errors` are the statuses of refusals besides 401, 429 and 503; `rest` is as drf_spectacular's extend_schema has it.
    """
    statuses = sorted({*errors, 429, 503} | ({401} if not open_to_all else set()))
    refusals = {status: refusal(status) for status in statuses}
    if open_to_all:
        rest["auth"] = []
    told = {"summary": f"{unix}: {text}" if unix else text, "description": f"{text}.", "examples": list(examples)}
    return extend_schema(operation_id=name, responses={**answers, **refusals}, **told, **rest)


def refusal(status):
    return OpenApiResponse(PROBLEM if status == 400 else DetailSerializer, ERRORS[status])


def asked(name, value):
    """An example of a body that is sent."""
    return OpenApiExample(name, value, request_only=True)


def answered(name, value, status=200):
    """An example of an answer."""
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


def query(name, schema, text, **rest):
    """A parameter in the query string, of this JSON Schema."""
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=text, **rest)


def header(name, schema, text, **rest):
    """A header of the request, or with `response=[status]` of the answer."""
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, description=text, **rest)
