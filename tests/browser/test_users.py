"""Two users, each in a browser of their own: neither sees, hears or reaches what is the other's."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import enter
from tests.browser.steps import Ada, expect_row, row_of


@pytest.fixture
def grace(server):
    return Ada(server, "grace")


@pytest.fixture
def hers(page, server, grace):
    """Grace's page, beside Ada's."""
    context = page.context.browser.new_context()
    yield enter(context.new_page(), server, grace, server.url + "/")
    context.close()


def test_each_sees_only_what_is_their_own(served, hers, ada, grace):
    ada.fork("of ada")
    grace.fork("of grace")
    for page, own, other in ((served(), "of ada", "of grace"), (hers(), "of grace", "of ada")):
        expect_row(page, own)
        expect(row_of(page, other)).to_have_count(0)
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "2")


def test_each_hears_only_of_what_is_their_own(served, hers, ada, grace):
    ada.fork("of ada")
    grace.fork("of grace")
    pages = served(), hers()
    for page in pages:
        expect(page.locator(".live")).to_have_text("Live")
    grace.fork("later of grace")
    ada.fork("later of ada")
    for page, own, other in zip(pages, ("ada", "grace"), ("grace", "ada"), strict=True):
        expect(expect_row(page, f"later of {own}")).to_contain_text("Running")
        expect(row_of(page, f"of {other}")).to_have_count(0)


def test_a_link_to_a_task_of_another_shows_nothing_of_it(hers, ada, grace):
    task = ada.fork("of ada", description="a secret")
    grace.fork("of grace")
    page = hers(f"#/tasks/{task['id']}")
    expect(page.get_by_text(f"There is no task {task['id']}, or it is not yours.")).to_be_visible()
    expect(page.get_by_text("of ada")).to_have_count(0)
    page.keyboard.press("Shift+K")
    page.wait_for_timeout(500)
    assert ada.task(task["id"])["status"] in ("pending", "running")
