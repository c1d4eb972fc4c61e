"""A user's tokens: listed, and ended one by one."""

from tests.conftest import PASSWORD, client_of

TOKENS = "/userapi/tokens/"


def log_in(anonymous, user, program):
    body = {"username": user.username, "password": PASSWORD}
    return anonymous.post("/userapi/login/", body, HTTP_USER_AGENT=program).json()["token"]


def test_tokens_are_listed_with_what_logged_in_newest_first(client, anonymous, user):
    log_in(anonymous, user, "curl/8.5.0")
    curl, own = client.get(TOKENS).json()
    assert (curl["name"], curl["last_used"], curl["current"]) == ("curl/8.5.0", None, False)
    assert (own["current"], own["last_used"] is None) == (True, False)
    assert list(own) == ["id", "name", "created", "last_used", "expiry", "current"]


def test_the_token_itself_is_nowhere_in_the_list(client, anonymous, user):
    token = log_in(anonymous, user, "curl")
    answer = client.get(TOKENS).content.decode()
    assert token not in answer
    assert token[:8] not in answer


def test_ending_a_token_logs_out_who_has_it_and_nobody_else(client, anonymous, user):
    other_login = client_of(user)
    [newest, own] = client.get(TOKENS).json()
    assert client.delete(f"{TOKENS}{newest['id']}/").status_code == 204
    assert other_login.get("/userapi/me/").status_code == 401
    assert [token["id"] for token in client.get(TOKENS).json()] == [own["id"]]


def test_the_own_token_can_be_ended(client):
    [own] = client.get(TOKENS).json()
    assert client.delete(f"{TOKENS}{own['id']}/").status_code == 204
    assert client.get(TOKENS).status_code == 401


def test_tokens_of_others_are_neither_shown_nor_ended(client, other):
    theirs = client_of(other)
    [token] = theirs.get(TOKENS).json()
    assert len(client.get(TOKENS).json()) == 1
    assert client.delete(f"{TOKENS}{token['id']}/").status_code == 404
    assert theirs.get(TOKENS).status_code == 200


def test_what_is_no_token_is_a_404(client):
    for pk in ("0", "x", "9" * 30, "-1"):
        answer = client.delete(f"{TOKENS}{pk}/")
        assert (answer.status_code, answer.json()) == (404, {"detail": f"You have no token {pk[:40]}."})


def test_a_token_is_needed(anonymous):
    assert anonymous.get(TOKENS).status_code == 401
    assert anonymous.delete(f"{TOKENS}1/").status_code == 401
