"""What every answer forbids the browser, and who may call from where."""

import os
import re
import secrets
import subprocess
import sys

import pytest

from tests.server import PROJECT

TASKS = "/taskapi/tasks/"
DATA = "default-src 'none'; frame-ancestors 'none'"
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ANSWERS = [
    ("GET", TASKS),
    ("OPTIONS", TASKS),
    ("PUT", TASKS),
    ("GET", "/userapi/me/"),
    ("POST", "/userapi/login/"),
    ("GET", "/schema/"),
    ("GET", "/healthz"),
    ("POST", "/readyz"),
    ("GET", "/nowhere/"),
]


def has(answer, headers):
    return {name: answer.headers.get(name) for name in headers} == headers


@pytest.mark.parametrize(("method", "path"), ANSWERS)
def test_an_answer_is_neither_guessed_at_nor_framed(client, method, path):
    answer = client.generic(method, path)
    assert has(answer, SAFE | {"Content-Security-Policy": DATA})


@pytest.mark.parametrize("path", ["/", "/favicon.svg", "/page.js", "/docs/"])
def test_a_page_has_a_policy_of_its_own(anonymous, path):
    answer = anonymous.get(path)
    answer.close()
    assert has(answer, SAFE)
    assert "'self'" in answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_a_page_that_has_not_changed_keeps_its_policy(anonymous):
    page = anonymous.get("/")
    page.close()
    again = anonymous.get("/", HTTP_IF_NONE_MATCH=page["ETag"])
    assert again.status_code == 304
    assert again.get("Content-Security-Policy", page["Content-Security-Policy"]) == page["Content-Security-Policy"]


@pytest.mark.parametrize("error", [b"{", b'{"name": "\\u0000"}'])
def test_an_error_has_them_too(client, error):
    assert has(client.generic("POST", TASKS, error, "application/json"), SAFE | {"Content-Security-Policy": DATA})


def test_a_wrong_host_has_them_too(client, settings):
    assert has(client.get(TASKS, HTTP_HOST="evil.example"), SAFE)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "localhost, evil.example",
        "localhost/evil",
        "localhost evil",
        "localhost:port",
        "[::1",
        "[::1]evil.example",
        "",
        "local\thost",
        "\xff",
    ],
)
def test_a_hostile_host_is_a_400_that_does_not_repeat_it(client, host):
    answer = client.get(TASKS, HTTP_HOST=host)
    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "The server cannot understand this request; check the URL and its host (see ALLOWED_HOSTS)."
    }


def test_no_other_header_names_the_host(client):
    answer = client.post(TASKS, {"name": "a"}, HTTP_X_FORWARDED_HOST="evil.example", HTTP_FORWARDED="host=evil.example")
    assert answer["Location"].startswith("http://testserver/taskapi/tasks/")


@pytest.mark.parametrize("origin", ["https://ours.example", "http://localhost:3000"])
def test_an_origin_that_is_allowed(anonymous, settings, origin):
    settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOWED_ORIGINS = False, ["https://ours.example", origin]
    answer = anonymous.get(TASKS, HTTP_ORIGIN=origin)
    assert answer["Access-Control-Allow-Origin"] == origin
    assert "origin" in answer["Vary"].lower()


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "http://ours.example",
        "https://ours.example.evil.example",
        "https://evil.example",
        "https://ours.example:444",
        "https://OURS.example@evil.example",
        "https://ours.example, https://evil.example",
        "https://[",
        "https://ours.example\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_a_hostile_origin_is_let_in_nowhere(anonymous, settings, origin):
    settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOWED_ORIGINS = False, ["https://ours.example"]
    answer = anonymous.get(TASKS, HTTP_ORIGIN=origin)
    assert answer.status_code == 401
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/healthz", "/nowhere/", "/taskapix/"])
def test_only_the_apis_are_open_to_other_origins(anonymous, path):
    asked = {"HTTP_ORIGIN": "https://elsewhere.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    for answer in (anonymous.options(path, **asked), anonymous.get(path, **asked)):
        assert "Access-Control-Allow-Origin" not in answer


def test_behind_tls_browsers_are_told_to_stay_there(anonymous, settings):
    settings.SECURE_HSTS_SECONDS = 3_600
    assert anonymous.get(TASKS, secure=True)["Strict-Transport-Security"] == "max-age=3600"
    assert "Strict-Transport-Security" not in anonymous.get(TASKS)


def test_behind_tls_others_are_sent_there_but_not_those_who_probe(anonymous, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = anonymous.get(f"{TASKS}?q=a")
    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{TASKS}?q=a")
    assert anonymous.get("/healthz").status_code == 200
    assert anonymous.get(TASKS, secure=True).status_code == 401


def check_deploy(**environment):
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "taskmanager.settings"} | environment
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120)


def production():
    """The settings that docs/operations.md asks for."""
    text = (PROJECT / "docs/operations.md").read_text().partition("## Behind a proxy\n")[2].partition("\n## ")[0]
    found = re.findall(r"^    ([A-Z_]+)=(\S+)", text, re.MULTILINE)
    return dict(found) | {"SECRET_KEY": secrets.token_urlsafe(48), "DATABASE_URL": "postgres://user@localhost/name"}


def test_the_documented_settings_for_production_pass_the_check():
    assert {"HTTPS_ONLY", "ALLOWED_HOSTS", "TRUSTED_PROXIES"} < set(production())
    done = check_deploy(**production())
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


def test_without_https_only_the_check_says_so():
    assert "SECURE_SSL_REDIRECT" in check_deploy(**production() | {"HTTPS_ONLY": "0"}).stderr
