"""Users and tokens in the admin."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError

from tests.admin.conftest import act
from tests.conftest import PASSWORD, client_of
from userapi.models import Token, User

LIST = "/admin/userapi/user/"
TOKENS = "/admin/userapi/token/"


def form_of(user, **changes):
    return {"username": user.username, "email": user.email, "is_active": "on"} | changes


def change(site, user, **changes):
    """Sends the form of this user with these changes; returns its errors, None when it was saved."""
    answer = site.post(f"{LIST}{user.pk}/change/", form_of(user, **changes))
    assert answer.status_code in (200, 302), answer.content
    return answer.context["adminform"].form.errors if answer.status_code == 200 else None


def test_a_user_is_renamed(site, user):
    assert change(site, user, username="Lovelace") is None
    assert User.objects.get_by_natural_key("lovelace") == user


@pytest.mark.parametrize(
    ("field", "value"), [("username", "GRACE"), ("username", "grace"), ("email", "Grace@Example.com")]
)
def test_a_name_or_address_of_somebody_else_is_refused_whatever_its_case(site, user, other, field, value):
    assert list(change(site, user, **{field: value})) == [field]
    user.refresh_from_db()
    assert (user.username, user.email) == ("ada", "ada@example.com")


@pytest.mark.parametrize("username", ["", "a b", "a\0b", "x" * 151])
def test_what_is_no_name_is_refused(site, user, username):
    assert list(change(site, user, username=username)) == ["username"]


def test_who_is_quicker_gets_the_name(site, user, monkeypatch):
    def taken(*args, **options):
        raise IntegrityError("username_key")

    monkeypatch.setattr(User, "save", taken)
    answer = site.post(f"{LIST}{user.pk}/change/", form_of(user, username="eve"), follow=True)
    assert [str(message)[:18] for message in answer.context["messages"]] == ["Nothing was saved:"]


def test_a_user_is_added(site):
    password = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    site.post(f"{LIST}add/", {"username": "Eve", "email": "", **password})
    eve = User.objects.get_by_natural_key("eve")
    assert (eve.check_password(PASSWORD), eve.email_key) == (True, None)


def test_not_with_a_name_that_differs_in_case_only(site, user):
    password = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    answer = site.post(f"{LIST}add/", {"username": "ADA", "email": "", **password})
    assert list(answer.context["adminform"].form.errors) == ["username"]


@pytest.mark.parametrize("codename", ["run_command", "run_fetch", "negative_nice"])
def test_programs_are_allowed_in_the_users_form(site, user, codename):
    permission = Permission.objects.get(codename=codename)
    assert permission.name in site.get(f"{LIST}{user.pk}/change/").content.decode()
    assert change(site, user, user_permissions=[permission.pk]) is None
    assert User.objects.get(pk=user.pk).has_perm(f"taskapi.{codename}")


def test_only_what_the_form_changed_is_written(site, user, monkeypatch):
    written = []
    monkeypatch.setattr(User, "save", lambda self, update_fields=None: written.append(update_fields))
    change(site, user, first_name="Ada")
    assert written == [{"first_name"}]


def test_another_password_ends_the_tokens_of_the_user(site, user):
    client = client_of(user)
    password = {"set-password": "", "usable_password": "true", "password1": "new-horse-77", "password2": "new-horse-77"}
    assert site.post(f"{LIST}{user.pk}/password/", password).status_code == 302
    assert User.objects.get(pk=user.pk).check_password("new-horse-77")
    assert client.get("/userapi/me/").status_code == 401


def test_deactivated_users_are_logged_out_until_they_log_in_again(site, user):
    client = client_of(user)
    assert act(site, "userapi/user", "deactivate", user)[0].startswith("Deactivated: 1.")
    assert client.get("/userapi/me/").status_code == 401
    assert act(site, "userapi/user", "activate", user) == ["Activated: 1."]
    assert client.get("/userapi/me/").status_code == 401
    assert client_of(user).get("/userapi/me/").status_code == 200


def test_deactivating_by_the_form_ends_the_tokens_too(site, user):
    client_of(user)
    change(site, user, is_active="")
    assert not Token.objects.filter(user=user).exists()


def test_nobody_deactivates_oneself(site, root):
    assert act(site, "userapi/user", "deactivate", root)[0].startswith("Deactivated: 0.")


def test_users_are_not_deleted(site, user, fork):
    fork()
    assert site.post(f"{LIST}{user.pk}/delete/", {"post": "yes"}).status_code == 403
    act(site, "userapi/user", "delete_selected", user, post="yes")
    assert User.objects.filter(pk=user.pk).exists()


def test_staff_may_change_users_and_give_no_powers(staff, user):
    site = staff("view_user", "change_user")
    assert change(site, user, first_name="Ada", is_staff="on", is_superuser="on") is None
    user.refresh_from_db()
    assert (user.first_name, user.is_staff, user.is_superuser) == ("Ada", False, False)


@pytest.mark.parametrize("path", ["change/", "password/"])
def test_staff_may_not_change_other_staff(staff, root, path):
    site = staff("view_user", "change_user")
    assert site.post(f"{LIST}{root.pk}/{path}", form_of(root, first_name="x")).status_code == 403
    act(site, "userapi/user", "deactivate", root)
    assert User.objects.get(pk=root.pk).is_active


def permitted(user):
    user.user_permissions.add(Permission.objects.get(codename="run_command"))


def grouped(user):
    user.groups.add(Group.objects.create(name="operators"))


@pytest.mark.parametrize("power", [permitted, grouped])
def test_nor_anybody_else_who_has_powers(staff, user, other, power):
    site, password = staff("view_user", "change_user"), {"password1": "new-horse-77", "password2": "new-horse-77"}
    power(user)
    for path in ("change/", "password/"):
        assert site.post(f"{LIST}{user.pk}/{path}", form_of(user) | password).status_code == 403
    assert act(site, "userapi/user", "deactivate", user, other)[0].startswith("Deactivated: 1.")
    assert act(site, "userapi/user", "activate", user, other) == ["Activated: 1."]


def test_staff_may_not_give_powers_to_a_group_of_their_own(staff):
    site, group = staff("view_group", "add_group", "change_group", "delete_group"), Group.objects.create(name="mine")
    site.user.groups.add(group)
    power = Permission.objects.get(codename="run_command")
    form, path = {"name": "mine", "permissions": [power.pk]}, f"/admin/auth/group/{group.pk}/"
    assert site.post(f"{path}change/", form).status_code == 403
    assert site.post("/admin/auth/group/add/", form | {"name": "x"}).status_code == 403
    assert site.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    assert site.get(f"{path}change/").status_code == 200


@pytest.mark.parametrize("text", ["AD", "ada@EXAMPLE.com"])
def test_users_are_found_by_the_beginning_of_name_or_address(site, user, other, text):
    assert list(site.get(LIST, {"q": text}).context["cl"].result_list) == [user]


@pytest.mark.parametrize("path", [LIST, TOKENS])
def test_none_is_found_by_what_is_very_long_once_it_is_folded(site, path):
    assert not site.get(path, {"q": "\ufdfa" * 3_000}).context["cl"].result_list


def test_tokens_are_ended(site, user):
    client = client_of(user)
    token = user.tokens.get()
    answer = site.post(TOKENS, {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"})
    assert answer.status_code == 302
    assert client.get("/userapi/me/").status_code == 401


def test_tokens_are_found_by_their_user(site, user, other):
    client_of(user), client_of(other)
    assert [token.user for token in site.get(TOKENS, {"q": "ADA"}).context["cl"].result_list] == [user]


def test_no_secret_is_shown(site, user, root):
    token, text = Token.objects.create(user, name="curl")
    pages = [f"{LIST}{user.pk}/change/", LIST, TOKENS, f"{TOKENS}{token.pk}/change/", f"{TOKENS}{token.pk}/delete/"]
    shown = "".join(site.get(page).content.decode() for page in pages)
    salt_and_hash = user.password.split("$")[1:]
    for secret in (text, token.digest, token.token_key, *salt_and_hash):
        assert secret[:6] not in shown
    assert "curl" in shown
