"""The site: who gets in, what its pages may load, and that the API has nothing to do with any of it."""

import time
from ipaddress import ip_network

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.admin.conftest import logged_in
from tests.conftest import PASSWORD, client_of
from userapi.models import User
from userapi.throttling import TooManyFailures, TooManyGuesses

PAGES = [
    "",
    "password_change/",
    "taskapi/task/",
    "taskapi/taskevent/",
    "taskapi/worker/",
    "userapi/user/",
    "userapi/user/add/",
    "userapi/token/",
    "auth/group/",
    "auth/group/add/",
]
API = [
    ("get", "/taskapi/tasks/"),
    ("post", "/taskapi/tasks/"),
    ("get", "/userapi/me/"),
    ("get", "/taskapi/stats/"),
    ("get", "/taskapi/programs/"),
]


def log_in(username, password=PASSWORD, **options):
    client = Client(**options)
    answer = client.post("/admin/login/?next=/admin/", {"username": username, "password": password})
    return client, answer


@pytest.mark.parametrize("page", PAGES)
def test_a_superuser_sees_each_page(site, page):
    assert site.get(f"/admin/{page}").status_code == 200


@pytest.mark.parametrize("page", PAGES[2:])
def test_staff_without_a_permission_sees_none(staff, page):
    answer = staff().get(f"/admin/{page}")
    assert (answer.status_code, answer.json()["detail"][:20]) == (403, "You may not do this.")


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_staff_is_sent_to_the_login(user, page):
    client = Client()
    client.force_login(user)
    assert client.get(f"/admin/{page}")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", [*PAGES, "login/", "nothing/"])
def test_each_page_says_what_it_may_load(site, page):
    policy = site.get(f"/admin/{page}")["Content-Security-Policy"]
    assert "script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy


def test_a_login_gets_in_whatever_the_case_of_the_name(root):
    client, answer = log_in("ROOT")
    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("username", ["ada", "root", "nobody", "", "\0", "x" * 5_000])
def test_no_other_login_does(user, root, username):
    client, answer = log_in(username, "wrong")
    assert answer.context["form"].errors
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize(
    ("username", "password"), [("a" + "\u0301" * 50_000 + "\u0316" * 50_000, "a"), ("root", "x" * 2_000)]
)
def test_what_would_take_long_is_refused_before_it_is_looked_at(root, username, password):
    began = time.monotonic()
    form = log_in(username, password)[1].context["form"]
    assert "Ensure this value has at most" in str(form.errors)
    assert time.monotonic() - began < 5


def test_nor_does_a_users_right_password(user):
    assert "staff account" in log_in("ada")[1].content.decode()


def test_guesses_at_the_login_are_limited(root, settings):
    for _ in range(settings.LOGIN_FAILURES):
        log_in("root", "wrong")
    assert TooManyFailures.default_detail in log_in("root")[1].content.decode()


def test_together_with_those_at_the_api(root, anonymous, settings):
    for _ in range(settings.LOGIN_FAILURES):
        anonymous.post("/userapi/login/", {"username": "root", "password": "wrong"})
    assert log_in("root")[1].context["form"].errors


def test_a_form_from_elsewhere_is_refused(root):
    client = Client(enforce_csrf_checks=True)
    client.force_login(root)
    answer = client.post("/admin/logout/")
    assert (answer.status_code, "Load its page again" in answer.json()["detail"]) == (403, True)


def test_its_cookies_are_for_the_admin_only(root):
    client, _ = log_in("root")
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert (cookie["path"], cookie["samesite"]) == ("/admin/", "Strict")
    assert client.cookies["sessionid"]["httponly"]


def test_behind_a_proxy_that_ends_tls_its_cookies_stay_with_tls(root, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for protocol, secure in {"https": True, "http": ""}.items():
        _, answer = log_in("root", headers={"X-Forwarded-Proto": protocol})
        assert [cookie["secure"] for cookie in answer.cookies.values()] == [secure, secure]


def test_and_its_forms_are_those_of_the_outer_address(root, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client = Client(enforce_csrf_checks=True, headers={"X-Forwarded-Proto": "https", "Host": "testserver"})
    client.force_login(root)
    form = {"csrfmiddlewaretoken": str(client.get("/admin/password_change/").context["csrf_token"])}
    assert client.post("/admin/logout/", form, headers={"Origin": "http://testserver"}).status_code == 403
    assert client.post("/admin/logout/", form, headers={"Origin": "https://testserver"}).status_code == 200


@pytest.mark.parametrize(("method", "path"), API)
def test_the_api_takes_no_session(site, method, path):
    answer = getattr(site, method)(path, {}, content_type="application/json")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")


@pytest.mark.parametrize(("method", "path"), API)
def test_the_api_asks_for_no_form_token_and_reads_no_cookie(user, method, path):
    client, body = client_of(user), {"name": "x"} if method == "post" else {}
    client.handler.enforce_csrf_checks = True
    with CaptureQueriesContext(connection) as plain:
        getattr(client, method)(path, body)
    client.cookies.load({"sessionid": "x" * 32, "csrftoken": "y" * 32, "messages": "z"})
    with CaptureQueriesContext(connection) as queries:
        answer = getattr(client, method)(path, body)
    assert answer.status_code in (200, 201)
    assert len(queries) <= len(plain)
    assert not answer.cookies
    assert not any(Session._meta.db_table in query["sql"] for query in queries)


def test_a_post_to_nowhere_is_still_a_404(anonymous):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/nowhere/").status_code == 404


def test_other_origins_read_the_api_and_not_the_admin(site):
    for path, allowed in {"/taskapi/tasks/": "*", "/admin/": None}.items():
        assert site.get(path, HTTP_ORIGIN="https://example.com").get("Access-Control-Allow-Origin") == allowed


def test_a_missing_slash_is_explained(site):
    assert "/admin/" in site.get("/admin").json()["detail"]


def test_its_styles_and_scripts_are_served(client):
    for name, kind in {"css/base.css": "text/css", "js/theme.js": "text/javascript"}.items():
        answer = client.get(f"/static/admin/{name}")
        assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, kind)


def test_whoever_changes_the_own_password_ends_the_tokens(site, root):
    client_of(root)
    form = {"old_password": PASSWORD, "new_password1": "another-horse-7", "new_password2": "another-horse-7"}
    assert site.post("/admin/password_change/", form)["Location"] == "/admin/password_change/done/"
    assert not User.objects.get(pk=root.pk).tokens.exists()
    assert site.get("/admin/").status_code == 200


def test_guesses_at_the_own_password_are_limited_by_session(site, root, settings):
    form = {"old_password": PASSWORD, "new_password1": "another-horse-7", "new_password2": "another-horse-7"}
    for _ in range(settings.LOGIN_FAILURES):
        site.post("/admin/password_change/", form | {"old_password": "wrong"})
    answer = site.post("/admin/password_change/", form)
    assert answer.context["form"].errors["old_password"] == [TooManyGuesses.default_detail]
    assert logged_in(root).post("/admin/password_change/", form).status_code == 302
