"""GET /schema/: the API describes itself, without a warning and with examples that hold."""

import io
import re
from concurrent.futures import ThreadPoolExecutor

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.urls import get_resolver

import taskmanager
from taskapi.answers import WHOLE
from taskmanager.openapi import NO_NUL
from taskmanager.schema import Generator, as_sent
from tests.conftest import client_of


@pytest.fixture
def document(client):
    return client.get("/schema/").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_it_is_made_and_is_valid_without_a_warning(capsys):
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())
    assert "Warning" not in capsys.readouterr().err


def test_it_says_the_version(document):
    assert document["info"]["version"] == taskmanager.__version__


def test_every_url_of_the_apis_is_described(document):
    routes = {
        re.sub("<pk>", "{id}", f"/{app.pattern}{route.pattern}")
        for app in get_resolver().url_patterns[:2]
        for route in app.url_patterns
    }
    assert routes == set(document["paths"])


def test_a_task_is_described_with_all_its_fields(document):
    assert list(document["components"]["schemas"]["Task"]["properties"]) == WHOLE


def test_every_call_says_what_it_answers_and_what_it_refuses(document):
    for name, operation in operations(document):
        codes = set(operation["responses"])
        assert codes & {"200", "201", "204"}, name
        assert {"429", "503"} <= codes, name
        assert ("401" in codes) or name.endswith("register/"), name


def test_every_call_with_a_body_or_an_answer_in_json_has_an_example(document):
    for name, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [answer for code, answer in operation["responses"].items() if code < "300"]
        for body in bodies:
            if "application/json" in body.get("content", {}):
                assert body["content"]["application/json"].get("examples"), name


def test_the_examples_are_as_the_schema_says(document):
    examples = [
        (name, {"components": document["components"], **content["schema"]}, example["value"])
        for name, operation in operations(document)
        for body in [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in body.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    assert len(examples) > 20
    for name, schema, value in examples:
        assert jsonschema_rs.is_valid(schema, value), (name, value)


def test_a_fork_is_described_for_each_program_that_the_user_may_run(client, other):
    def forks(client):
        answers = client.get("/schema/").json()["components"]["schemas"]
        return {name for name in answers if name.startswith("Fork_")}

    assert "Fork_sleep_Request" in forks(client)
    assert "Fork_command_Request" not in forks(client)
    other.is_superuser = True
    other.save()
    assert {"Fork_command_Request", "Fork_fetch_Request"} < forks(client_of(other))


def test_two_who_ask_a_new_server_at_once_both_get_it(server):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.raw("GET", "/schema/"), range(4)))
    assert {status for status, _, _ in answers} == {200}


def test_names_of_programs_that_one_may_not_run_are_not_told(anonymous):
    assert b'"command"' not in anonymous.get("/schema/").content


def test_it_needs_no_token(anonymous):
    answer = anonymous.get("/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


def test_text_in_arguments_has_no_nul():
    schemas = Generator().get_schema()["components"]["schemas"]
    assert schemas["fetch_arguments"]["properties"]["body"]["pattern"] == NO_NUL
    assert schemas["fetch_arguments"]["properties"]["headers"]["propertyNames"] == {"pattern": NO_NUL}
    assert "pattern" not in schemas["fetch_arguments"]["properties"]["method"]


def test_integers_in_arguments_have_64_bits_where_nothing_else_is_said():
    told = as_sent({"items": [{"type": "integer"}, {"type": "integer", "minimum": 1}]})
    assert told["items"] == [
        {"type": "integer", "minimum": -(2**63), "maximum": 2**64 - 1},
        {"type": "integer", "minimum": 1, "maximum": 2**64 - 1},
    ]
