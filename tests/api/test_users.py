"""Users: register, log in, log out, profile, password."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, client_of
from userapi.models import Token, User

EXAMPLE = {"username": "yourusername", "email": "youremail@example.com", "password": "password123"}
ADA = {"username": "ada", "password": PASSWORD}


def test_the_example_of_the_specification_registers_and_logs_in(anonymous):
    answer = anonymous.post("/userapi/register/", EXAMPLE)
    assert answer.status_code == 201
    user = User.objects.get()
    assert answer.json() == {"id": user.pk, "username": "yourusername", "email": "youremail@example.com"}
    answer = anonymous.post("/userapi/login/", {"username": "yourusername", "password": "password123"})
    assert answer.status_code == 200
    assert answer.json().keys() == {"token", "expiry", "user_id", "username", "email"}


@pytest.mark.parametrize("field", ["username", "email", "password"])
def test_each_field_is_required(anonymous, field):
    answer = anonymous.post("/userapi/register/", {name: EXAMPLE[name] for name in EXAMPLE if name != field})
    assert answer.status_code == 400
    assert answer.json() == {field: ["This field is required."]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "has space"),
        ("username", "x" * 151),
        ("username", 7),
        ("username", None),
        ("username", ["ada"]),
        ("email", "nonsense"),
        ("email", "a" * 250 + "@example.com"),
        ("email", f"a@{'ﷺ' * 100}.com"),  # compared as 1,800 letters
        ("email", True),
        ("password", "short"),
        ("password", "12345678"),
        ("password", "yourusername1"),
        ("password", "x" * 1025),
        ("password", {"a": 1}),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_wrong_field_is_named(anonymous, field, value):
    answer = anonymous.post("/userapi/register/", EXAMPLE | {field: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ada"),
        ("username", "ADA"),
        ("username", "ａｄａ"),
        ("email", "ada@example.com"),
        ("email", "Ada@Example.COM"),
        ("email", "ada@ｅxample.com"),
    ],
)
def test_a_taken_name_or_address_is_refused_whatever_its_case(anonymous, user, field, value):
    answer = anonymous.post("/userapi/register/", EXAMPLE | {field: value})
    assert answer.status_code == 400
    assert "already exists" in answer.json()[field][0]


@pytest.mark.parametrize(("first", "second"), [("a@é.com", "a@xn--9ca.com"), ("a@xn--9ca.com", "A@É.com")])
def test_a_domain_in_unicode_and_in_ascii_is_one(anonymous, first, second):
    assert anonymous.post("/userapi/register/", EXAMPLE | {"email": first}).status_code == 201
    answer = anonymous.post("/userapi/register/", EXAMPLE | {"username": "another", "email": second})
    assert answer.json() == {"email": ["A user with that e-mail address already exists."]}


@pytest.mark.parametrize(
    "domain", ["xn--a.com", "xn--99999999.com", f"{'é.' * 120}com", f"xn--{'9' * 59}.com", "[::1]"]
)
def test_a_strange_domain_is_taken_or_refused(anonymous, domain):
    answer = anonymous.post("/userapi/register/", EXAMPLE | {"email": f"a@{domain}"})
    assert answer.status_code in (201, 400)


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com"])
def test_createsuperuser_says_that_an_address_is_taken(user, monkeypatch, email):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="^A user with that e-mail address already exists.$"):
        call_command("createsuperuser", username="root", email=email, interactive=False)
    assert User.objects.count() == 1


def test_createsuperuser_says_that_a_name_is_taken_whatever_its_case(user):
    with pytest.raises(CommandError, match="That username is already taken."):
        call_command("createsuperuser", username="ADA", email="root@example.com", interactive=False)


def test_createsuperuser_makes_one(user, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", username="root", email="root@example.com", interactive=False, verbosity=0)
    assert User.objects.get(is_superuser=True).email_key == "root@example.com"


def test_a_name_taken_between_check_and_write_is_a_400(anonymous, user, monkeypatch):
    checks = iter([False, True])
    monkeypatch.setattr("django.db.models.query.QuerySet.exists", lambda self: next(checks, False))
    monkeypatch.setattr("userapi.serializers.ProfileSerializer.validate_email", lambda self, value: value)
    answer = anonymous.post("/userapi/register/", EXAMPLE | {"username": "ada"})
    assert answer.status_code == 400
    assert "already exists" in answer.json()["username"][0]


def test_common_passwords_are_refused_in_the_strict_mode(anonymous, settings):
    strict = {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"}
    settings.AUTH_PASSWORD_VALIDATORS = [*settings.AUTH_PASSWORD_VALIDATORS, strict]
    answer = anonymous.post("/userapi/register/", EXAMPLE)
    assert answer.json() == {"password": ["This password is too common."]}


def test_an_unknown_field_is_named(anonymous):
    answer = anonymous.post("/userapi/register/", EXAMPLE | {"is_superuser": True})
    assert answer.status_code == 400
    assert answer.json()["is_superuser"] == ["Unknown field. Known are: username, email, password."]


def test_login_ignores_the_case_of_the_name(anonymous, user):
    assert anonymous.post("/userapi/login/", ADA | {"username": "Ada"}).status_code == 200


def test_login_does_not_tell_a_wrong_password_from_an_unknown_user(anonymous, user):
    wrong = anonymous.post("/userapi/login/", ADA | {"password": "wrong-horse-9"})
    unknown = anonymous.post("/userapi/login/", ADA | {"username": "nobody"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong["WWW-Authenticate"] == "Token"


def test_login_of_a_deactivated_user_is_refused(anonymous, user):
    User.objects.update(is_active=False)
    assert anonymous.post("/userapi/login/", ADA).status_code == 401


def test_login_with_a_stale_token_in_the_header_works(anonymous, user):
    anonymous.credentials(HTTP_AUTHORIZATION="Token stale")
    assert anonymous.post("/userapi/login/", ADA).status_code == 200


def test_a_token_is_stored_hashed(user):
    token, text = Token.objects.create(user)
    assert text not in str(Token.objects.filter(pk=token.pk).values())


@pytest.mark.parametrize(
    "header", ["Token", "Token nonsense", "Token a b", "Token \xff\xfe", "Bearer x", "Basic eDp5", ""], ids=repr
)
def test_a_missing_or_bad_token_is_a_401(anonymous, header):
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    answer = anonymous.get("/userapi/me/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert list(answer.json()) == ["detail"]


def test_a_token_expires(client):
    Token.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert client.get("/userapi/me/").status_code == 401


def test_a_token_is_renewed_by_use_and_notes_it(client):
    Token.objects.update(expiry=timezone.now() + timedelta(seconds=60))
    assert client.get("/userapi/me/").status_code == 200
    token = Token.objects.get()
    assert token.expiry > timezone.now() + timedelta(days=29)
    assert timezone.now() - token.last_used < timedelta(seconds=60)


def test_a_used_token_costs_one_query(client, django_assert_num_queries):
    client.get("/userapi/me/")
    with django_assert_num_queries(1):
        client.get("/userapi/me/")


def test_a_deactivated_users_token_stops_working(client):
    User.objects.update(is_active=False)
    assert client.get("/userapi/me/").status_code == 401


def test_logout_ends_this_token_only(client, user):
    another = client_of(user)
    assert client.post("/userapi/logout/").status_code == 204
    assert client.get("/userapi/me/").status_code == 401
    assert another.get("/userapi/me/").status_code == 200


def test_logoutall_ends_all_of_the_users_tokens(client, user, other):
    another, stranger = client_of(user), client_of(other)
    assert client.post("/userapi/logoutall/").status_code == 204
    assert another.get("/userapi/me/").status_code == 401
    assert stranger.get("/userapi/me/").status_code == 200


def test_a_rename_while_the_password_is_changed_is_kept(client, user):
    stale = User.objects.get(pk=user.pk)
    client.patch("/userapi/me/", {"username": "lovelace"})
    stale.set_password("battery-staple-7")
    stale.save(update_fields=["password"])
    user.refresh_from_db()
    assert (user.username, user.username_key) == ("lovelace", "lovelace")


def test_a_login_under_way_when_the_password_is_changed_gets_no_token(user):
    verified = User.objects.get(pk=user.pk)
    user.set_password("battery-staple-7")
    user.save()
    with pytest.raises(AuthenticationFailed):
        verified.log_in()
    assert Token.objects.count() == 0


def test_me_is_the_profile(client, user):
    assert client.get("/userapi/me/").json() == {"id": user.pk, "username": "ada", "email": "ada@example.com"}


def test_me_can_be_changed(client, user):
    answer = client.patch("/userapi/me/", {"email": "countess@example.com"})
    assert answer.status_code == 200
    user.refresh_from_db()
    assert (user.email, user.email_key) == ("countess@example.com", "countess@example.com")


def test_what_was_read_can_be_sent_back(client):
    profile = client.get("/userapi/me/").json()
    assert client.patch("/userapi/me/", profile).json() == profile


@pytest.mark.parametrize(
    "change", [{"email": "GRACE@example.com"}, {"username": "Grace"}, {"is_staff": True}, {"email": ""}]
)
def test_me_refuses(client, other, change):
    answer = client.patch("/userapi/me/", change)
    assert answer.status_code == 400
    assert list(answer.json()) == list(change)


def test_password_change_ends_the_other_tokens(client, user):
    another = client_of(user)
    body = {"old_password": PASSWORD, "new_password": "battery-staple-7"}
    assert client.post("/userapi/password/", body).status_code == 204
    assert client.get("/userapi/me/").status_code == 200
    assert another.get("/userapi/me/").status_code == 401
    login = APIClient().post("/userapi/login/", {"username": "ada", "password": "battery-staple-7"})
    assert login.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"), [("old_password", "wrong"), ("new_password", "short"), ("new_password", "ada@example.com")]
)
def test_password_change_refuses(client, field, value):
    body = {"old_password": PASSWORD, "new_password": "battery-staple-7", field: value}
    answer = client.post("/userapi/password/", body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_password_that_was_changed_meanwhile_is_not_changed_by_the_old_one(user, client, monkeypatch):
    def owner_is_quicker(password, *args):
        User.objects.filter(pk=user.pk).update(password=make_password("owners-horse-77"))

    monkeypatch.setattr("userapi.serializers.password_validation.validate_password", owner_is_quicker)
    body = {"old_password": PASSWORD, "new_password": "thiefs-horse-77"}
    assert client.post("/userapi/password/", body).status_code == 401
    assert User.objects.get(pk=user.pk).check_password("owners-horse-77")
