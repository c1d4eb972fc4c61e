"""GET /schema/: the OpenAPI document of both APIs, made from what the views say about themselves."""

from functools import lru_cache
from threading import Lock

import orjson
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from taskapi.programs import get_program, names_to_fork, programs
from taskapi.serializers import DEFAULT_PROGRAM
from taskmanager.openapi import COMPONENTS, LEAST_INTEGER, MOST_INTEGER, NO_NUL
from taskmanager.wire import dumps


class Generator(SchemaGenerator):
    """drf-spectacular's, and what these programs take; by default all that there are."""

    def __init__(self, *args, names=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.names = names_to_fork() if names is None else names

    def get_schema(self, request=None, public=True):
        document = super().get_schema(request, public)
        schemas = document["components"]["schemas"]
        schemas |= COMPONENTS
        add_programs(schemas, self.names)
        for name, schema in schemas.items():
            if name.endswith("Request") and schema.get("type") == "object":
                schema["additionalProperties"] = False  # what is unknown is refused
        return document


class SchemaView(APIView):
    """The API, described for who asks: with the programs that this user may run."""

    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request):
        names = tuple(sorted(name for name, program in programs.items() if program.open_to(request.user)))
        with generating:
            text = document(names)
        return HttpResponse(text, content_type="application/json")


# drf-spectacular cannot be started by two threads at once.
generating = Lock()


@lru_cache(maxsize=32)
def document(names):
    """The document as JSON, for who may run these programs."""
    return dumps(Generator(names=names).get_schema())


def add_programs(schemas, names):
    """Adds to the components what these programs take, and what a row of the list can have."""
    schemas["ProgramName"] = {"type": "string", "enum": list(names)}
    schemas["TaskRow"] = {name: part for name, part in schemas["Task"].items() if name != "required"}
    plain = schemas["ForkRequest"]
    one = any_of([fork_of(name, plain, schemas) for name in names])
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": settings.ARRAY_LIMIT}
    schemas["ForkRequest"] = any_of([one, many])


def any_of(schemas):
    return {"anyOf": schemas} if len(schemas) > 1 else schemas[0]


def fork_of(name, plain, schemas):
    """A reference to a new component: a plain fork, with the arguments of this program."""
    arguments = f"{name}_arguments"
    schemas[arguments] = hoisted(get_program(name).schema, name, schemas)
    needed = {"program": name != DEFAULT_PROGRAM, "arguments": "required" in schemas[arguments]}
    required = plain["required"] + [field for field, is_needed in needed.items() if is_needed]
    named = {"program": {"type": "string", "enum": [name]}, "arguments": reference(arguments)}
    schemas[f"Fork_{name}_Request"] = plain | {"properties": plain["properties"] | named, "required": required}
    return reference(f"Fork_{name}_Request")


def reference(component):
    return {"$ref": f"#/components/schemas/{component}"}


def hoisted(schema, name, schemas):
    """The schema of a program's arguments, with its definitions among the components."""
    text = dumps(schema | {"title": f"{name} arguments"})
    schema = as_sent(orjson.loads(text.replace(b'"#/$defs/', f'"#/components/schemas/{name}_'.encode())))
    schemas |= {f"{name}_{part}": definition for part, definition in schema.pop("$defs", {}).items()}
    return schema


def as_sent(schema):
    """The schema of values, narrowed to what JSON can bring here: text without NUL, integers of 64 bits."""
    if isinstance(schema, list):
        return [as_sent(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: as_sent(part) for name, part in schema.items()}
    kind = schema.get("type")
    if kind == "string" and not schema.keys() & {"pattern", "enum", "const", "format"}:
        schema["pattern"] = NO_NUL
    if kind == "object" and schema.get("additionalProperties") is not False:
        schema = {"propertyNames": {"pattern": NO_NUL}} | schema
    if kind == "integer":
        low, high = schema.keys() & {"minimum", "exclusiveMinimum"}, schema.keys() & {"maximum", "exclusiveMaximum"}
        schema |= ({} if low else {"minimum": LEAST_INTEGER}) | ({} if high else {"maximum": MOST_INTEGER})
    return schema
