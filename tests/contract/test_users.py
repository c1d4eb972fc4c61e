"""The contract, "Users": /userapi/."""

import pytest

from tests.contract.conftest import Client

USERS = "/userapi/"
PASSWORD = "correct-horse-9"


def form(name, **fields):
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD} | fields


def log_in(client, username, password=PASSWORD):
    return client.post(f"{USERS}login/", {"username": username, "password": password})


def logged_in(client, username, password=PASSWORD):
    """A client with another token of this user's."""
    return Client(client.server, log_in(client, username, password).json["token"])


def is_in(client):
    return client.get(f"{USERS}me/").status == 200


def test_register_201_id_username_email(anonymous):
    answer = anonymous.post(f"{USERS}register/", form("first"))
    assert answer.status == 201
    assert answer.json == {"id": answer.json["id"], "username": "first", "email": "first@example.com"}


@pytest.mark.parametrize("field", ["username", "email", "password"])
def test_register_400_for_a_field_that_is_missing(anonymous, field):
    fields = form("second")
    del fields[field]
    answer = anonymous.post(f"{USERS}register/", fields)
    assert (answer.status, list(answer.json)) == (400, [field])


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", ""), ("username", "a b"), ("username", 7), ("username", "x" * 151), ("email", "nobody")],
)
def test_register_400_for_a_field_that_is_wrong(anonymous, field, value):
    answer = anonymous.post(f"{USERS}register/", form("third", **{field: value}))
    assert (answer.status, list(answer.json)) == (400, [field])


def test_register_400_for_a_name_that_is_taken_in_any_case(ada, anonymous):
    answer = anonymous.post(f"{USERS}register/", form("aDA", email="else@example.com"))
    assert (answer.status, list(answer.json)) == (400, ["username"])


def test_register_400_for_an_email_that_is_taken_in_any_case(ada, anonymous):
    answer = anonymous.post(f"{USERS}register/", form("fourth", email="ADA@Example.COM"))
    assert (answer.status, list(answer.json)) == (400, ["email"])


@pytest.mark.parametrize("password", ["short", "1234567890", "fifthfifth"])
def test_register_400_for_a_weak_password(anonymous, password):
    answer = anonymous.post(f"{USERS}register/", form("fifthfifth", password=password))
    assert (answer.status, list(answer.json)) == (400, ["password"])


def test_register_400_names_every_wrong_field(anonymous):
    assert anonymous.post(f"{USERS}register/", {}).json.keys() == {"username", "email", "password"}


def test_the_example_of_the_specification_registers_and_logs_in(anonymous):
    example = {"username": "yourusername", "email": "youremail@example.com", "password": "password123"}
    assert anonymous.post(f"{USERS}register/", example).status == 201
    assert log_in(anonymous, "yourusername", "password123").status == 200


def test_login_200_token_expiry_user_id_username_email(ada, anonymous):
    answer = log_in(anonymous, "ada")
    assert answer.status == 200
    assert list(answer.json) == ["token", "expiry", "user_id", "username", "email"]
    assert (answer.json["username"], answer.json["email"]) == ("ada", "ada@example.com")


def test_login_compares_the_name_in_any_case(ada, anonymous):
    assert log_in(anonymous, "ADA").json["username"] == "ada"


def test_login_401_with_the_same_text_for_an_unknown_user_and_a_wrong_password(ada, anonymous):
    wrong, unknown = log_in(anonymous, "ada", "wrong-horse-9"), log_in(anonymous, "nobody")
    assert (wrong.status, wrong.json) == (401, {"detail": "Wrong username or password."})
    assert (unknown.status, unknown.json) == (wrong.status, wrong.json)
    assert wrong.headers["WWW-Authenticate"] == "Token"


def test_login_400_per_field(anonymous):
    answer = anonymous.post(f"{USERS}login/", {"username": "ada"})
    assert (answer.status, list(answer.json)) == (400, ["password"])


def test_login_429_and_retry_after_when_it_fails_repeatedly(anonymous):
    statuses = [log_in(anonymous, "guessed", "wrong-horse-9").status for _ in range(10)]
    answer = log_in(anonymous, "guessed", "wrong-horse-9")
    assert (statuses, answer.status) == ([401] * 10, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 300


def test_logout_204_ends_this_token_only(ada, anonymous):
    other = logged_in(anonymous, "ada")
    answer = other.post(f"{USERS}logout/")
    assert (answer.status, answer.body) == (204, b"")
    assert (is_in(other), is_in(ada)) == (False, True)


def test_logoutall_204_ends_all_tokens_of_the_user(ada, newcomer, anonymous):
    other = logged_in(anonymous, newcomer.get(f"{USERS}me/").json["username"])
    assert other.post(f"{USERS}logoutall/").status == 204
    assert (is_in(other), is_in(newcomer), is_in(ada)) == (False, False, True)


def test_me_200_the_profile(ada):
    answer = ada.get(f"{USERS}me/")
    assert answer.status == 200
    assert answer.json == {"id": answer.json["id"], "username": "ada", "email": "ada@example.com"}


def test_me_patch_200_changes_the_profile(newcomer):
    answer = newcomer.patch(f"{USERS}me/", {"email": "new@example.com"})
    assert (answer.status, answer.json["email"]) == (200, "new@example.com")
    assert newcomer.get(f"{USERS}me/").json == answer.json


def test_me_patch_400_for_what_is_taken(ada, newcomer):
    answer = newcomer.patch(f"{USERS}me/", {"username": "Ada"})
    assert (answer.status, list(answer.json)) == (400, ["username"])


def test_me_patch_400_for_the_password_which_has_a_call_of_its_own(newcomer):
    answer = newcomer.patch(f"{USERS}me/", {"password": "correct-horse-10"})
    assert (answer.status, list(answer.json)) == (400, ["password"])


def test_password_204_ends_the_other_tokens(newcomer, anonymous):
    username = newcomer.get(f"{USERS}me/").json["username"]
    other = logged_in(anonymous, username)
    words = {"old_password": PASSWORD, "new_password": "correct-horse-10"}
    assert newcomer.post(f"{USERS}password/", words).status == 204
    assert (is_in(other), is_in(newcomer)) == (False, True)
    assert log_in(anonymous, username).status == 401
    assert log_in(anonymous, username, "correct-horse-10").status == 200


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("old_password", {"old_password": "wrong-horse-9", "new_password": "correct-horse-10"}),
        ("new_password", {"old_password": PASSWORD, "new_password": "short"}),
        ("new_password", {"old_password": PASSWORD}),
    ],
)
def test_password_400_per_field(ada, field, words):
    answer = ada.post(f"{USERS}password/", words)
    assert (answer.status, list(answer.json)) == (400, [field])
