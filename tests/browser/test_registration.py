"""Registering where not everybody may, or not at once."""

import pytest
from playwright.sync_api import expect

from tests.conftest import PASSWORD


@pytest.fixture
def form(page, server):
    """form("closed") is the filled form of a server with this REGISTRATION."""

    def form(mode):
        server.stop()
        server.environment["REGISTRATION"] = mode
        server.start()
        page.goto(f"{server.url}/#/register")
        for label, value in (("Username", "ada"), ("Email", "ada@example.com"), ("Password", PASSWORD)):
            page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Register").click()
        return page

    return form


def test_closed_is_said_in_the_words_of_the_server(form):
    page = form("closed")
    expect(page.get_by_role("alert").filter(has_text="Registration is closed on this server.")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("ada")


def test_who_has_to_be_approved_is_told_so_and_not_logged_in(form):
    page = form("approved")
    expect(page.get_by_role("status").filter(has_text="as soon as the staff has approved it")).to_be_visible()
    expect(page.get_by_role("button", name="Register")).to_have_count(0)
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Wrong username or password.")).to_be_visible()
