"""The page by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import expect_row, row_of


@pytest.fixture
def rows(served, ada):
    for index in range(5):
        ada.fork(f"task {index}")
    page = served()
    expect_row(page, "task 4")
    expect(row_of(page, "task 4")).to_contain_text("Running")
    return page


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def focused(page):
    return page.evaluate("document.activeElement.textContent")


def test_j_and_k_move(rows):
    press(rows, "j")
    assert focused(rows) == "task 4"
    press(rows, "j", "j")
    assert focused(rows) == "task 2"
    press(rows, "k")
    assert focused(rows) == "task 3"


def test_arrows_home_and_end_move_too(rows):
    press(rows, "ArrowDown", "End")
    assert focused(rows) == "task 0"
    press(rows, "ArrowUp", "Home")
    assert focused(rows) == "task 4"


def test_enter_opens_and_escape_closes(rows):
    press(rows, "j", "j", "Enter")
    expect(rows.get_by_role("region", name="task 3")).to_be_visible()
    press(rows, "Escape")
    expect(rows.get_by_role("region", name="task 3")).to_have_count(0)
    assert focused(rows) == "task 3"


def test_x_selects_and_escape_lets_go(rows):
    press(rows, "j", "x", "j", "x")
    bar = rows.get_by_role("toolbar", name="Selected tasks")
    expect(bar).to_contain_text("2 selected")
    press(rows, "Escape")
    expect(bar).to_be_hidden()


def test_shift_and_arrows_select(rows):
    press(rows, "j", "x", "Shift+ArrowDown", "Shift+ArrowDown")
    expect(rows.get_by_role("toolbar", name="Selected tasks")).to_contain_text("3 selected")


def test_capital_k_kills_the_task(rows):
    press(rows, "j", "Shift+K")
    expect(row_of(rows, "task 4")).to_contain_text("Killed")
    expect(rows.get_by_text("killed").first).to_be_visible()


def test_capital_k_kills_the_selection_after_a_question(rows):
    press(rows, "j", "x", "j", "x", "Shift+K")
    expect(rows.get_by_role("dialog", name="Kill 2 tasks?")).to_be_visible()
    press(rows, "Enter")
    expect(rows.get_by_text("2 tasks killed.")).to_be_visible()


def kills(page):
    """The requests by which the page kills, as it makes them."""
    seen = []
    page.on("request", lambda request: seen.append(request.url) if request.method == "DELETE" else None)
    return seen


def test_capital_k_without_a_row_that_has_the_focus_kills_nothing(rows):
    seen = kills(rows)
    press(rows, "Shift+K")
    rows.get_by_role("button", name="Name", exact=True).focus()
    press(rows, "Shift+K")
    rows.wait_for_timeout(500)
    assert seen == []


def test_capital_k_kills_the_open_task_whatever_row_is_the_current_one(rows):
    row_of(rows, "task 1").get_by_role("link").click()
    expect(rows.get_by_role("region", name="task 1")).to_be_visible()
    rows.get_by_label("Search tasks").fill("task 4")
    expect(row_of(rows, "task 1")).to_have_count(0)
    press(rows, "Escape", "Shift+K")
    expect(rows.get_by_role("region", name="task 1").get_by_text("Killed", exact=True).first).to_be_visible()
    expect(row_of(rows, "task 4")).to_contain_text("Running")


@pytest.mark.parametrize("page_name", ["top", "help", "account", "fork"])
def test_what_is_not_looked_at_is_not_killed(rows, page_name):
    seen = kills(rows)
    press(rows, "j")
    rows.goto(rows.url.split("#")[0] + f"#/{page_name}")
    expect(rows.locator(f"[aria-current=page][href^='#/{page_name}']")).to_be_visible()
    rows.evaluate("document.activeElement.blur()")
    press(rows, "Shift+K")
    rows.wait_for_timeout(500)
    assert seen == []


def test_what_is_selected_is_not_killed_while_it_is_hidden(rows):
    press(rows, "j", "x")
    rows.get_by_role("link", name="Top", exact=True).click()
    expect(row_of(rows, "task 4")).to_be_hidden()
    press(rows, "Shift+K")
    rows.wait_for_timeout(500)
    expect(rows.get_by_role("dialog")).to_have_count(0)


def test_keys_of_the_list_do_nothing_while_it_is_hidden(rows):
    rows.get_by_role("link", name="Top", exact=True).click()
    expect(row_of(rows, "task 4")).to_be_hidden()
    rows.evaluate("document.activeElement.blur()")
    press(rows, "j", "k", "ArrowDown", "x", "/", "Enter")
    assert rows.url.endswith("#/top")
    rows.get_by_role("link", name="Tasks", exact=True).click()
    expect(row_of(rows, "task 4")).to_be_visible()
    expect(rows.get_by_role("toolbar", name="Selected tasks")).to_be_hidden()


def test_the_next_row_takes_the_place_and_the_focus_of_one_that_goes(rows):
    rows.goto(rows.url.split("#")[0] + "#/tasks?status=running")
    expect_row(rows, "task 4")
    press(rows, "j", "j", "Shift+K")
    expect(row_of(rows, "task 3")).to_have_count(0)
    expect(row_of(rows, "task 2").get_by_role("link")).to_be_focused()
    press(rows, "End", "Shift+K")
    expect(row_of(rows, "task 0")).to_have_count(0)
    expect(row_of(rows, "task 1").get_by_role("link")).to_be_focused()


def test_page_down_and_page_up_move_by_what_fits(rows, ada):
    ada.fork_many(100)
    expect_row(rows, "task number 99")
    press(rows, "j", "Home")
    assert focused(rows) == "task number 99"
    press(rows, "PageDown")
    first = focused(rows)
    assert "task number 0" < first < "task number 90"
    expect(rows.get_by_role("link", name=first, exact=True)).to_be_in_viewport()
    press(rows, "PageDown", "PageUp")
    assert focused(rows) == first
    press(rows, "PageUp")
    assert focused(rows) == "task number 99"


def test_slash_searches_and_escape_leaves(rows):
    press(rows, "/")
    rows.keyboard.type("task 2")
    expect(row_of(rows, "task 1")).to_have_count(0)
    press(rows, "Escape", "j")
    assert focused(rows) == "task 2"


def test_n_forks(rows):
    press(rows, "n")
    expect(rows.get_by_role("heading", name="Fork a task")).to_be_visible()


def test_a_question_mark_shows_the_keys(rows):
    press(rows, "?")
    pane = rows.get_by_role("region", name="Help")
    for key in ("/", "j", "k", "Enter", "x", "n", "K", "?", "Esc"):
        expect(pane.locator("kbd").get_by_text(key, exact=True)).to_be_visible()


def test_in_a_field_the_keys_are_letters(rows):
    rows.get_by_label("Search tasks").click()
    rows.keyboard.type("jkxnK?")
    expect(rows.get_by_label("Search tasks")).to_have_value("jkxnK?")
    assert "#/tasks" in rows.url
    expect(rows.get_by_text("No task matches.")).to_be_visible()


def test_the_focus_goes_through_the_page_in_order(rows):
    press(rows, *["Tab"] * 30)
    order = rows.evaluate(
        """() => {
            const seen = [];
            const all = document.querySelectorAll("a[href], button, input, select, [tabindex='0']");
            for (const node of all) if (node.tabIndex >= 0 && node.offsetParent && !node.disabled) seen.push(node);
            return seen.map((node) => (node.getAttribute("aria-label") || node.textContent || node.title).trim());
        }"""
    )
    assert order[0] == "Skip to the list"
    assert order.index("Tasks") < order.index("Search tasks") < order.index("task 4")
    # Of all rows only one is among them.
    assert sum(name.startswith("task ") for name in order) == 1


def test_a_kill_by_its_button_keeps_the_focus_in_the_row(rows):
    button = row_of(rows, "task 4").get_by_role("button", name="Kill task")
    button.focus()
    press(rows, "Enter")
    expect(row_of(rows, "task 4")).to_contain_text("Killed")
    expect(row_of(rows, "task 4").get_by_role("link")).to_be_focused()
