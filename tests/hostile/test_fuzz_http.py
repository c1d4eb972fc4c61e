"""Whatever comes in a URL, a header or a body, the answer is a good one or says in JSON what is wrong."""

from ipaddress import ip_network
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskapi.models import Move, Task, TaskEvent, TaskOutput
from taskapi.streams import begin
from tests.conftest import PASSWORD, client_of
from tests.hostile.fuzzing import TIMES, bodies, fuzzed, near, near_text, queries, scalars, values, written
from tests.hostile.routes import NO_TIME

TASKS = "/taskapi/tasks/"
CHOOSING = {
    "status": ["running", "pending,FAILED", "completed"],
    "program": ["sleep", "command"],
    "q": ["a", "100%", "x_y", "\\"],
    "created_after": TIMES,
    "created_before": TIMES,
}
SHOWING = {
    "fields": ["all", "id,name,progress", "worker,result"],
    "ordering": ["created_at", "-created_at"],
    "limit": ["1", "1000"],
    "cursor": ["1700000000000000-1", "0-0"],
}
HEADERS = {
    "HTTP_AUTHORIZATION": near("Token 0123456789abcdef", "Bearer x", "Basic eDp5"),
    "HTTP_IDEMPOTENCY_KEY": near("a key"),
    "HTTP_IF_NONE_MATCH": near('"1-5f3e-pending"', 'W/"1", *'),
    "HTTP_LAST_EVENT_ID": near("1", "0"),
    "HTTP_USER_AGENT": near("curl/8.5.0"),
    "HTTP_HOST": near("localhost", "localhost:8000", "[::1]:1"),
    "HTTP_ORIGIN": near("null", "https://example.com", "http://[::1]"),
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": near("POST"),
    "HTTP_ACCEPT": near("application/json", "*/*;q=0.1"),
    "HTTP_COOKIE": near("sessionid=1; a=b"),
    "HTTP_CONTENT_ENCODING": near("identity", "gzip"),
    "HTTP_X_FORWARDED_FOR": near("127.0.0.1", "127.0.0.2, [::1]:80", "192.0.2.1:4711, ::ffff:127.0.0.1"),
    "HTTP_X_FORWARDED_PROTO": near("https"),
    "HTTP_X_REQUEST_ID": near("a-request"),
    "HTTP_X_HTTP_METHOD_OVERRIDE": near("DELETE"),
    "CONTENT_TYPE": near("application/json", "application/json; charset=utf-16", "multipart/form-data; boundary=x"),
    "CONTENT_LENGTH": st.integers(0, 100).map(b"%d".__mod__),
    "REMOTE_ADDR": near("127.0.0.1", "::1"),
    "QUERY_STRING": near("wait=1", "limit=1&limit=2", "format=html", "=&;%"),
}

CALLS = [("GET", TASKS), ("GET", "{task}"), ("POST", TASKS), ("POST", "{task}restart/"), ("OPTIONS", TASKS)]
CALLS += [("GET", path) for path in ("/", "/taskapi/events/", "/schema/", "/healthz", "/metrics")] + [
    ("POST", "/userapi/login/")
]


@pytest.fixture
def own(running, user):
    """A task of Ada's that has ended, so that nobody waits for it."""
    task = running()
    Task.objects.record(task.worker, [Move.completion(task, result=[None, "\ufffd"])])
    TaskOutput.objects.create(task=task, offset=0, data="é".encode() * 10)
    return task


@pytest.fixture
def root(user, settings):
    """Ada's client, behind a proxy; she may do everything, and try as many passwords as she likes."""
    settings.LOGIN_FAILURES = settings.LOGIN_FAILURES_ADDRESS = 10**9
    settings.REGISTRATION_LIMIT = 0
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8"), ip_network("::1")]
    settings.METRICS_TOKEN = "0123456789abcdef"
    user.is_superuser = True
    user.save()
    return client_of(user)


def check(answer):
    """It went well, or the answer is JSON that says what was wrong; never a 500."""
    assert 200 <= answer.status_code < 500, (answer.status_code, answer.content)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/json"
        assert answer.json() if answer.content else answer.request["REQUEST_METHOD"] == "HEAD"
    return answer


@fuzzed
@given(query=queries(**CHOOSING, **SHOWING))
def test_any_query_of_the_list(client, own, query):
    check(client.get(f"{TASKS}?{query}"))


@fuzzed
@given(query=queries(**CHOOSING))
def test_any_choice_of_what_to_kill(client, own, query):
    check(client.delete(f"{TASKS}?{query}"))


@fuzzed
@given(query=near("status=running&limit=1", "fields=all&q=%ff%00", "cursor=1-1;q=a", "q[]=a&q=b"))
def test_any_bytes_as_a_query(client, own, query):
    check(client.get(TASKS, QUERY_STRING=query.decode("latin-1")))


@fuzzed
@given(query=queries(wait=["1", "60"], offset=["0", "7"], follow=["0", "1"]))
@pytest.mark.parametrize("path", ["", "output/"])
def test_any_query_of_a_task(client, own, path, query):
    check(client.get(f"{TASKS}{own.pk}/{path}?{query}")).getvalue()


@fuzzed
@given(offset=st.integers(0, 2**63 - 1))
def test_any_offset_of_an_output(client, own, offset):
    answer = client.get(f"{TASKS}{own.pk}/output/?offset={offset}")
    assert int(answer["X-Next-Offset"]) == max(offset, 20)


@fuzzed
@given(
    pk=near("1", "99"),
    route=st.sampled_from(
        ["taskapi/tasks/{}/", "taskapi/tasks/{}/signal/", "taskapi/tasks/{}/output/", "userapi/tokens/{}/"]
    ),
    method=st.sampled_from(["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"]),
)
def test_any_id_in_a_url(client, own, pk, route, method):
    check(client.generic(method, "/" + route.format(quote_from_bytes(pk, safe=""))))


@fuzzed
@given(path=near("/taskapi/tasks/1/events/", "/userapi/me/", "/docs/", "/", "/schema/", "/index.html"))
def test_any_path(client, own, path):
    check(client.get("/", PATH_INFO=path.decode("latin-1"), **NO_TIME)).getvalue()


@fuzzed
@given(
    headers=st.fixed_dictionaries({}, optional=HEADERS),
    call=st.sampled_from(CALLS),
)
def test_any_headers(root, own, headers, call):
    method, path = call[0], call[1].format(task=f"{TASKS}{own.pk}/")
    given = {name: data.decode("latin-1") for name, data in headers.items()}
    check(root.generic(method, path, b'{"name": "a", "username": "ada"}', **NO_TIME | given)).getvalue()


@fuzzed
@given(last=st.integers(0, 2**63 - 1))
def test_any_last_event_of_a_stream(user, own, last):
    newest = TaskEvent.objects.latest("id").pk
    [reset] = begin(user.pk, last, newest) if last > newest else [b"event: reset"]
    assert reset.startswith(b"event: reset")


arguments = {
    "sleep": st.fixed_dictionaries({}, optional={"seconds": scalars}),
    "command": st.fixed_dictionaries(
        {"argv": values | st.lists(st.text(st.characters()))},
        optional={
            "shell": scalars,
            "stdin": scalars,
            "env": st.dictionaries(near_text("PATH", "_"), scalars),
            "cwd": near_text("build/out", "a"),
            "limits": st.dictionaries(st.sampled_from(["cpu_seconds", "memory_bytes", "processes"]), scalars),
        },
    ),
    "fetch": st.fixed_dictionaries(
        {"url": near_text("https://user:secret@example.com:8443/a?b#c", "http://[::1]/", "http://münchen.example/")},
        optional={
            "method": scalars | st.sampled_from(["GET", "POST"]),
            "headers": st.dictionaries(near_text("Accept", "X-A"), near_text("b")),
            "body": scalars,
            "expected_status": values,
            "time_limit": scalars,
        },
    ),
}
FORK = {
    "name": near_text("a task"),
    "description": near_text("what it does"),
    "nice": st.integers(-21, 20) | scalars,
    "run_at": near_text(*TIMES),
    "timeout": st.floats(),
    "max_attempts": st.integers(0, 1_001),
    "notify_url": near_text("https://example.com/ended?a=b", "http://[::1]:80/"),
}
forks = st.one_of(
    bodies(
        program=st.just(name), arguments=strategy, name=st.just("a"), **{k: v for k, v in FORK.items() if k != "name"}
    )
    for name, strategy in arguments.items()
)


@fuzzed
@given(body=forks | bodies(**FORK))
def test_any_fork(root, user, body):
    answer = check(root.generic("POST", TASKS, body, "application/json"))
    if answer.status_code == 201 and not isinstance(answer.json(), list):
        again = f"{TASKS}{answer.json()['id']}/"
        assert check(root.get(again)).json() == answer.json()
        assert check(root.post(f"{again}restart/")).status_code == 201
    assert check(root.get(f"{TASKS}?fields=all&limit=3")).status_code == 200


@fuzzed
@given(body=bodies(name=near_text("a"), description=near_text("b"), nice=st.integers(-20, 19)))
def test_any_edit(root, own, body):
    check(root.generic("PATCH", f"{TASKS}{own.pk}/", body, "application/json"))


@fuzzed
@given(body=bodies(signal=near_text("TERM", "SIGKILL", "stop")))
def test_any_signal(root, fork, body):
    check(root.generic("POST", f"{TASKS}{fork().pk}/signal/", body, "application/json"))


names = near_text("ada", "grace", "Ｇrace", "ﬁ", "ß", "㍿" * 40)
addresses = near_text("ada@example.com", "ada@münchen.example", "ada@" + ("㍿" * 10 + ".") * 20 + "com")
passwords = near_text(PASSWORD, "battery-staple-9")


@fuzzed
@given(
    body=bodies(username=names, email=addresses, password=passwords, old_password=passwords, new_password=passwords),
    call=st.sampled_from(
        [("POST", "register/"), ("POST", "login/"), ("PATCH", "me/"), ("POST", "password/"), ("POST", "tokens/1/")]
    ),
)
def test_any_body_about_a_user(root, user, body, call):
    method, path = call
    check(root.generic(method, f"/userapi/{path}", body, "application/json"))


@fuzzed
@given(username=names, email=addresses)
def test_any_name_and_address(root, user, username, email):
    profile = {"username": username, "email": email}
    check(root.generic("POST", "/userapi/register/", written(profile | {"password": PASSWORD}), "application/json"))
    answer = check(root.generic("PATCH", "/userapi/me/", written(profile), "application/json"))
    if answer.status_code == 200:
        assert root.get("/userapi/me/").json() == answer.json()
