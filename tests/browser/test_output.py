"""What a task prints, as it is seen."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.steps import Ada


@pytest.fixture
def ada(server):
    """Ada, who may run commands, on a server with few streams."""
    server.stop()
    server.environment |= {"TASK_OPEN_PROGRAMS": "command", "STREAM_LIMIT": "3"}
    server.start()
    return Ada(server)


def sh(ada, line, name="a command"):
    return ada.fork(name, program="command", arguments={"argv": line, "shell": True})


def show(page, ada, line, ended=True):
    """(page, output) of a command, which has ended unless told otherwise."""
    task = sh(ada, line)
    if ended:
        ada.call("GET", f"/taskapi/tasks/{task['id']}/?wait=30")
    page = page(f"#/tasks/{task['id']}")
    return page, page.get_by_role("region", name="Output", exact=True)


def lines(output):
    """The lines that are in the document, as text."""
    return output.locator(".output__row").all_inner_texts()


def scroller(output):
    return output.get_by_role("region", name="Output of task")


def at_end(output):
    return scroller(output).evaluate("node => node.scrollTop + node.clientHeight >= node.scrollHeight - 2")


def test_output_is_shown_with_the_numbers_of_its_lines(inside, ada):
    _, output = show(inside, ada, "echo one; echo two")
    expect(output).to_contain_text("2 lines, 8 B")
    assert lines(output) == ["one", "two"]
    assert [row.get_attribute("data-number") for row in output.locator(".output__row").all()] == ["1", "2"]


def test_no_output_says_so(served, ada):
    _, output = show(served, ada, "true")
    expect(output).to_contain_text("It has printed nothing.")


def test_output_comes_while_the_task_prints(inside, ada):
    _, output = show(inside, ada, "for i in 1 2 3 4 5; do echo tick $i; sleep 1; done", ended=False)
    expect(output).to_contain_text("tick 1")
    expect(output).to_contain_text("Live")
    assert "tick 5" not in output.inner_text()
    expect(output).to_contain_text("tick 5")
    expect(output).not_to_contain_text("Live")


def test_output_comes_by_polling_when_no_seat_is_left(served, ada):
    page = served()
    page.route("**/output/*follow=1", lambda route: route.fulfill(status=503, json={"detail": "No seat"}))
    _, output = show(served, ada, "for i in 1 2 3 4 5; do echo tick $i; sleep 1; done", ended=False)
    expect(output).to_contain_text("Polling")
    expect(output).to_contain_text("tick 5")
    expect(output).not_to_contain_text("Polling")
    assert lines(output) == [f"tick {number}" for number in range(1, 6)]


def test_a_stream_that_breaks_off_is_resumed(served, ada):
    page = served()
    broken = []

    def cut(route):
        broken.append(route.request.url)
        headers = {"X-Offset": "0", "Content-Type": "text/plain; charset=utf-8"}
        route.fulfill(status=200, headers=headers, body="tick 1\n")

    page.route("**/output/?offset=0&follow=1", cut)
    _, output = show(served, ada, "for i in 1 2 3 4 5; do echo tick $i; sleep 1; done", ended=False)
    expect(output).to_contain_text("tick 5")
    assert len(broken) == 1
    assert lines(output) == [f"tick {number}" for number in range(1, 6)]


def test_a_page_that_nobody_sees_gives_its_seat_back(served, ada):
    page, output = show(served, ada, "for i in $(seq 1 100); do echo tick $i; sleep .5; done", ended=False)
    expect(output).to_contain_text("tick 1")
    hide = "is => { Object.defineProperty(document, 'hidden', {get: () => is, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')) }"
    with page.expect_event("requestfailed", lambda request: "follow=1" in request.url):
        page.evaluate(hide, True)
    page.evaluate(hide, False)
    expect(output).to_contain_text("tick 9")
    assert lines(output)[:9] == [f"tick {number}" for number in range(1, 10)]


def test_scrolling_up_stops_following(inside, ada):
    _, output = show(inside, ada, "seq 1 100; for i in $(seq 1 200); do echo late $i; sleep .2; done", ended=False)
    follow = output.get_by_role("button", name="Follow the end")
    expect(output).to_contain_text("late 1")
    expect(follow).to_have_attribute("aria-pressed", "true")
    scroller(output).hover()
    scroller(output).page.mouse.wheel(0, -600)
    expect(follow).to_have_attribute("aria-pressed", "false")
    seen = lines(output)
    more = output.get_by_role("button", name="new line")
    expect(more).to_be_visible()
    assert lines(output) == seen
    more.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    assert at_end(output)


def test_colours_of_a_terminal(inside, ada):
    line = r"printf '\033[31mred\033[0m plain \033[1;38;5;208morange\033[0m\n'; printf '10%%\r99%%\n'"
    _, output = show(inside, ada, line)
    expect(output.locator(".ansi-fg-1")).to_have_text("red")
    expect(output.locator(".ansi--bold")).to_have_text("orange")
    assert output.locator(".ansi--bold").evaluate("node => node.style.getPropertyValue('--fg')") == "rgb(255, 135, 0)"
    assert lines(output) == ["red plain orange", "99%"]


def test_markup_in_output_is_text(served, ada):
    _, output = show(served, ada, "echo '<img src=x onerror=alert(1)>'")
    expect(output).to_contain_text("<img src=x onerror=alert(1)>")
    assert output.locator("img").count() == 0


def test_long_lines_are_wrapped_or_not(inside, ada):
    _, output = show(inside, ada, "echo $(seq 1 100)")
    wrap = output.get_by_role("button", name="Wrap long lines")
    expect(wrap).to_have_attribute("aria-pressed", "true")
    expect(output.locator(".output__row").nth(1)).to_be_visible()
    assert "".join(lines(output)) == " ".join(map(str, range(1, 101)))
    wrap.click()
    expect(output.locator(".output__row")).to_have_count(1)
    assert scroller(output).evaluate("node => node.scrollWidth > node.clientWidth")


def test_find_goes_from_hit_to_hit(inside, ada):
    _, output = show(inside, ada, "seq 1 5000")
    field = output.get_by_role("searchbox")
    expect(output).to_contain_text("5,000 lines")
    field.fill("777")
    expect(output).to_contain_text("1/5")
    hit = output.locator(".output__hit--current")
    seen = []
    for _ in range(5):
        expect(hit).to_be_in_viewport()
        seen.append(hit.locator("xpath=..").inner_text())
        field.press("Enter")
    assert sorted(seen) == ["1777", "2777", "3777", "4777", "777"]
    field.press("Shift+Enter")
    assert hit.locator("xpath=..").inner_text() == seen[4]
    field.fill("nowhere")
    expect(output).to_contain_text("None")
    field.press("Escape")
    expect(output.locator(".output__hit")).to_have_count(0)


def test_control_f_finds_in_the_output(served, ada):
    _, output = show(served, ada, "echo one")
    expect(output).to_contain_text("one")
    scroller(output).press("Control+f")
    expect(output.get_by_role("searchbox")).to_be_focused()


def test_output_is_downloaded_as_it_is(inside, ada, tmp_path):
    page, output = show(inside, ada, r"printf '\033[31mrot\033[0m ä\n'")
    expect(output).to_contain_text("rot ä")
    with page.expect_download() as download:
        output.get_by_role("button", name="Download the output").click()
    download.value.save_as(tmp_path / "output.txt")
    assert download.value.suggested_filename.startswith("task-")
    assert (tmp_path / "output.txt").read_bytes() == "\x1b[31mrot\x1b[0m ä\n".encode()


def test_output_is_copied_without_colours(served, ada):
    page, output = show(served, ada, r"printf '\033[31mred\033[0m\nnext\n'")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(output).to_contain_text("next")
    output.get_by_role("button", name="Copy the output").click()
    expect(page.get_by_text("Output copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == "red\nnext\n"


def test_a_wrapped_line_is_copied_as_one(served, ada):
    page, output = show(served, ada, "echo $(seq 1 100); echo end")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(output).to_contain_text("end")
    scroller(output).evaluate("node => getSelection().selectAllChildren(node)")
    page.keyboard.press("Control+c")
    assert page.evaluate("() => navigator.clipboard.readText()") == " ".join(map(str, range(1, 101))) + "\nend"


def test_output_can_be_enlarged(inside, ada):
    page, output = show(inside, ada, "seq 1 1000")
    expect(output).to_contain_text("1,000 lines")
    output.get_by_role("button", name="Enlarge").click()
    wait = "node => node.getBoundingClientRect().width === innerWidth"
    assert output.evaluate(wait)
    page.keyboard.press("Escape")
    expect(output).to_be_visible()
    assert not output.evaluate(wait)


def test_a_hundred_thousand_lines_do_not_freeze_the_page(inside, ada):
    page, output = show(inside, ada, "seq 1 100000")
    expect(output).to_contain_text("100,000 lines")
    expect(output.locator(".output__row").last).to_have_text("100000")
    began = time.monotonic()
    for place in (0, 0.5, 1, 0.25):
        scroller(output).evaluate("(node, place) => { node.scrollTop = node.scrollHeight * place }", place)
        page.wait_for_timeout(50)
    assert output.locator(".output__row").count() < 100
    output.get_by_role("searchbox").fill("99999")
    expect(output.locator(".output__hit--current")).to_have_text("99999")
    output.get_by_role("button", name="Wrap long lines").click()
    assert time.monotonic() - began < 15
    assert page.evaluate("() => document.querySelectorAll('*').length") < 2000


def test_one_endless_line_does_not_freeze_the_page(served, ada):
    _, output = show(served, ada, "head -c 900000 /dev/zero | tr '\\0' x")
    expect(output).to_contain_text("1 line, 900 kB")
    began = time.monotonic()
    output.get_by_role("button", name="Wrap long lines").click()
    scroller(output).evaluate("node => { node.scrollTop = 0 }")
    expect(output.locator(".output__row").first).to_contain_text("xxx")
    assert time.monotonic() - began < 15
    assert output.locator(".output__row").count() < 100


def test_paused_output_stays_as_it_is(inside, ada):
    page, output = show(inside, ada, "for i in $(seq 1 200); do echo tick $i; sleep .3; done", ended=False)
    expect(output).to_contain_text("tick 2")
    with page.expect_event("requestfailed", lambda request: "follow=1" in request.url):
        page.get_by_role("button", name="Live").click()
    expect(output).to_contain_text("Paused")
    seen = lines(output)
    page.wait_for_timeout(1_500)
    assert lines(output) == seen
    page.get_by_role("button", name="Paused").click()
    expect(output).to_contain_text(f"tick {len(seen) + 3}")
    assert lines(output)[:10] == [f"tick {number}" for number in range(1, 11)][: len(lines(output))]


def test_a_task_that_is_opened_while_paused_shows_what_it_has_printed(served, ada):
    task = sh(ada, "echo first; sleep 3; echo second; sleep 600")
    page = served()
    page.get_by_role("button", name="Live").click()
    page.evaluate("id => { location.hash = `#/tasks/${id}` }", task["id"])
    output = page.get_by_role("region", name="Output", exact=True)
    expect(output).to_contain_text("Paused")
    expect(output).to_contain_text("first")
    page.wait_for_timeout(4_000)
    assert "second" not in output.inner_text()
    page.get_by_role("button", name="Paused").click()
    expect(output).to_contain_text("second")
