"""The account: profile, password, the ways to log out, and coming back."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import expect_row, log_in


def account(page, part):
    return page.get_by_role("region", name="Account").locator("section").filter(has_text=part)


def test_the_profile_is_shown_and_changed(inside, ada):
    page = inside("#/account")
    profile = account(page, "Profile")
    expect(profile.get_by_label("Email")).to_have_value("ada@example.com")
    profile.get_by_label("Username").fill("lovelace")
    profile.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    expect(page.get_by_role("link", name="lovelace")).to_be_visible()
    assert ada.call("GET", "/userapi/me/")["username"] == "lovelace"


def test_what_is_wrong_with_the_profile_is_beside_its_field(inside):
    page = inside("#/account")
    profile = account(page, "Profile")
    expect(profile.get_by_label("Email")).to_have_value("ada@example.com")
    profile.get_by_label("Email").fill("no address")
    profile.get_by_role("button", name="Save").click()
    expect(profile.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    expect(profile.get_by_text("Enter a valid email address.")).to_be_visible()


def test_the_password_is_changed(inside, ada, server):
    page = inside("#/account")
    password = account(page, "Password")
    password.get_by_label("Old password").fill("correct-horse-9")
    password.get_by_label("New password").fill("battery-staple-7")
    password.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    expect(password.get_by_label("New password")).to_have_value("")
    body = {"username": "ada", "password": "battery-staple-7"}
    assert server.call("POST", "/userapi/login/", body)[0] == 200


def test_a_wrong_old_password_is_beside_its_field(served):
    page = served("#/account")
    password = account(page, "Password")
    password.get_by_label("Old password").fill("wrong-horse-9")
    password.get_by_label("New password").fill("battery-staple-7")
    password.get_by_role("button", name="Change password").click()
    expect(password.get_by_text("This is not your password.")).to_be_visible()


def test_logging_out_everywhere_ends_all_tokens(inside, ada, server):
    page = inside("#/account")
    page.get_by_role("button", name="Log out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Log out everywhere").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_text("You are logged out everywhere.")).to_be_visible()
    assert server.call("GET", "/userapi/me/", token=ada.token)[0] == 401


def test_who_is_logged_out_by_the_server_comes_back_to_the_same_place(inside, ada):
    task = ada.fork("the place")
    page = inside("#/tasks?q=place")
    row = expect_row(page, "the place")
    ada.call("POST", "/userapi/logoutall/")
    row.get_by_role("link").click()
    expect(page.get_by_text("You have been logged out. Log in to go on where you were.")).to_be_visible()
    log_in(page)
    expect(page.get_by_role("region", name="the place")).to_be_visible()
    assert page.url.endswith(f"#/tasks/{task['id']}?q=place")


def test_a_link_to_a_task_works_after_the_log_in(opened, server, ada):
    task = ada.fork("shared")
    opened.evaluate(f"location.hash = '#/tasks/{task['id']}'")
    log_in(opened)
    expect(opened.get_by_role("region", name="shared")).to_be_visible()


def test_logging_out_in_one_tab_ends_the_other(page, served):
    first = served()
    expect(first.get_by_role("link", name="ada")).to_be_visible()
    second = page.context.new_page()
    second.goto(first.url)
    second.get_by_role("link", name="ada").click()
    second.get_by_role("button", name="Log out", exact=True).click()
    expect(first.get_by_text("You have logged out in another tab.")).to_be_visible()


FORKS = "() => Object.keys(localStorage).filter(key => key.startsWith('utm.fork '))"


@pytest.mark.parametrize("everywhere", [False, True])
def test_logging_out_leaves_nothing_to_the_next_user(inside, ada, server, everywhere):
    server.log_in("grace")
    task = ada.fork("secret")
    page = inside(f"#/tasks/{task['id']}?q=secret")
    expect(page.get_by_role("region", name="secret")).to_be_visible()
    page.get_by_role("link", name="Fork", exact=True).click()
    page.get_by_role("region", name="Fork a task").get_by_label("Name", exact=True).fill("secret plan")
    page.get_by_role("link", name="ada", exact=True).click()
    assert len(page.evaluate(FORKS)) == 1
    page.get_by_role("button", name="Log out everywhere" if everywhere else "Log out", exact=True).click()
    if everywhere:
        page.get_by_role("dialog").get_by_role("button", name="Log out everywhere").click()
    log_in(page, "grace")
    expect(page.get_by_role("heading", name="Fork your first task")).to_be_visible()
    assert page.url.endswith("#/tasks")
    assert page.evaluate(FORKS) == []


def test_logging_out_in_another_tab_forgets_the_form_that_is_open_here(served, ada):
    first = served("#/fork")
    first.get_by_role("region", name="Fork a task").get_by_label("Name", exact=True).fill("secret plan")
    second = first.context.new_page()
    second.goto(first.url.split("#")[0] + "#/account")
    second.get_by_role("button", name="Log out", exact=True).click()
    expect(first.get_by_text("You have logged out in another tab.")).to_be_visible()
    assert first.evaluate(FORKS) == []
    assert first.url.endswith("#/tasks")


def test_what_was_begun_is_kept_when_the_server_logs_out(served, ada):
    page = served("#/fork")
    form = page.get_by_role("region", name="Fork a task")
    form.get_by_label("Name", exact=True).fill("begun")
    ada.call("POST", "/userapi/logoutall/")
    form.get_by_role("button", name="Fork", exact=True).click()
    expect(page.get_by_text("You have been logged out.")).to_be_visible()
    log_in(page)
    expect(form.get_by_label("Name", exact=True)).to_have_value("begun")
