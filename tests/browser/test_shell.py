"""The frame of the page: the first run, dark and light, phones, the address of the server, the policy, the size."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import DISK
from tests.browser.steps import expect_row, register, row_of

# What must be scrolled sideways, although it is no text that keeps its lines.
OVERFLOW = """[...document.querySelectorAll("html, #app *")].filter((node) => {
    const scrolls = node === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
    return scrolls && !node.matches("pre, textarea, [class*=output]") && node.scrollWidth > node.clientWidth + 1;
}).map((node) => node.className || node.tagName)"""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def brightness(page):
    red, green, blue = (int(number) for number in re.findall(r"\d+", page.evaluate(BACKGROUND))[:3])
    return (red + green + blue) / 3


def test_the_first_run_shows_a_form_and_the_curl_line(opened, server):
    register(opened)
    expect(opened.get_by_role("heading", name="Fork your first task")).to_be_visible()
    expect(opened.locator(".empty code")).to_contain_text(f"{server.url}/taskapi/tasks/")
    opened.get_by_label("Seconds").fill("600")
    opened.get_by_role("button", name="Fork", exact=True).click()
    expect(expect_row(opened, "my first task")).to_contain_text("Running")


def test_after_the_first_fork_the_focus_is_on_its_row(inside, ada):
    page = inside()
    page.get_by_label("Seconds").fill("600")
    page.get_by_label("Seconds").press("Enter")
    expect(expect_row(page, "my first task").get_by_role("link")).to_be_focused()
    [task] = ada.call("GET", "/taskapi/tasks/")
    expect(page.locator(".toast")).to_contain_text(f"Task {task['id']} forked")


def test_an_error_of_the_first_fork_is_beside_its_field(served):
    page = served()
    page.get_by_label("Seconds").fill("a while")
    page.get_by_role("button", name="Fork", exact=True).click()
    expect(page.get_by_label("Seconds")).to_have_attribute("aria-invalid", "true")


def test_dark_and_light_follow_the_system(inside):
    page = inside()
    page.emulate_media(color_scheme="light")
    assert brightness(page) > 200
    page.emulate_media(color_scheme="dark")
    assert brightness(page) < 50


def test_the_switch_wins_over_the_system_and_is_remembered(inside):
    page = inside("#/account")
    page.emulate_media(color_scheme="light")
    page.get_by_label("Dark").check(force=True)
    assert brightness(page) < 50
    page.reload()
    assert brightness(page) < 50
    page.get_by_label("System").check(force=True)
    assert brightness(page) > 200


def test_nothing_is_wider_than_a_phone(page, served, server, ada):
    page.set_viewport_size({"width": 360, "height": 740})
    served()
    expect(page.get_by_role("heading", name="Fork your first task")).to_be_visible()
    assert page.evaluate(OVERFLOW) == []
    task = ada.fork("a task with a name that is quite long, longer than a phone is wide", 4711)
    expect_row(page, "a task")
    for view in ("tasks", f"tasks/{task['id']}", "fork", "account", "help", "top"):
        page.evaluate("view => { location.hash = `#/${view}` }", view)
        page.wait_for_timeout(500)
        assert page.evaluate(OVERFLOW) == [], view


def test_on_a_phone_a_task_takes_the_place_of_the_list(inside, ada):
    ada.fork("a task")
    page = inside()
    page.set_viewport_size({"width": 390, "height": 844})
    row = expect_row(page, "a task")
    expect(row).to_contain_text("Running")
    expect(row).to_contain_text("sleep seconds=600")
    row.get_by_role("link").click()
    expect(page.get_by_role("region", name="a task")).to_be_visible()
    expect(row).to_be_hidden()
    page.go_back()
    expect(row).to_be_visible()


def test_on_a_phone_what_is_touched_is_large_enough(served, ada):
    ada.fork("a task")
    page = served()
    page.set_viewport_size({"width": 390, "height": 844})
    row = expect_row(page, "a task")
    for node in (row.get_by_role("checkbox"), row.get_by_role("button"), page.get_by_role("link", name="Fork")):
        box = node.bounding_box()
        assert min(box["width"], box["height"]) >= 32, box


def test_from_disk_the_address_can_be_changed_while_the_server_is_away(page, server, ada):
    page.goto(DISK)
    page.get_by_label("Server").fill("http://127.0.0.1:9")
    page.get_by_role("button", name="Use", exact=True).click()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("correct-horse-9")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Cannot reach http://127.0.0.1:9")).to_be_visible()
    page.get_by_label("Server").fill(server.url)
    page.get_by_role("button", name="Use", exact=True).click()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("correct-horse-9")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="ada", exact=True)).to_be_visible()


def test_the_banner_lets_the_address_be_changed_from_disk(inside, ada, server, page):
    ada.fork("a task")
    inside()
    expect_row(page, "a task")
    server.stop()
    banner = page.locator(".banner")
    expect(banner).to_be_visible()
    expect(row_of(page, "a task")).to_be_visible()
    expect(banner.get_by_label("Server")).to_have_count(1 if page.url.startswith("file:") else 0)
    if page.url.startswith("file:"):
        banner.get_by_label("Server").fill("localhost:9")
        banner.get_by_role("button", name="Use", exact=True).click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        expect(page.get_by_label("Server")).to_have_value("http://localhost:9")


def test_the_page_needs_no_inline_code_and_no_other_host(page, server):
    requests, refused = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: refused.append(message.text) if message.type in ("error", "warning") else None)

    answer = page.goto(server.url)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    register(page)
    page.get_by_role("button", name="Fork", exact=True).click()
    row = expect_row(page, "my first task")
    row.get_by_role("link").click()
    expect(page.get_by_role("region", name="my first task")).to_be_visible()
    for view in ("fork", "top", "account", "help"):
        page.evaluate(f"location.hash = '#/{view}'")
        page.wait_for_timeout(500)
    page.evaluate("location.hash = '#/tasks'")
    row.get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Kill").click()
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    expect(row).to_contain_text("Killed")
    # The figures are not there yet on every server.
    assert not [text for text in refused if "404" not in text]
    assert all(url.startswith((server.url, f"blob:{server.url}")) for url in requests)


def test_a_name_is_text_whatever_it_says(inside, ada):
    name = "<img src=x onerror='document.title = 1'><b>bold</b>"
    ada.fork(name, description="<script>document.title = 2</script>")
    page = inside()
    expect(expect_row(page, "<b>bold</b>").get_by_role("link")).to_have_text(name)
    row_of(page, "<b>bold</b>").get_by_role("link").click()
    expect(page.get_by_role("heading", name="<b>bold</b>")).to_be_visible()
    assert page.locator("img").count() == 0
    assert "UNIX Task Manager" in page.title()


def test_an_address_that_names_nothing_breaks_nothing(served, ada):
    ada.fork("a task")
    page = served()
    for place in ("__proto__", "constructor", "toString", "nothing", "tasks/99999999999999999"):
        page.goto(page.url.split("#")[0] + f"#/{place}")
        page.get_by_role("link", name="Account").or_(page.get_by_role("link", name="ada", exact=True)).first.click()
        expect(page.get_by_role("heading", name="Account")).to_be_visible()
        page.get_by_role("link", name="Tasks", exact=True).click()
        expect_row(page, "a task")


def test_the_first_load_is_well_under_100_kb(page, server):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(server.url, wait_until="networkidle")
    # The page, two scripts that come first, all others, all styles, the icon.
    assert len(received) == 6
    assert sum(received) < 80_000, f"{sum(received):,} bytes"


def test_nothing_moves_while_the_page_fills(served, ada):
    ada.fork_many(50)
    page = served()
    expect_row(page, "task number 49")
    page.wait_for_timeout(1_500)
    shift = page.evaluate(
        """() => new Promise((resolve) => {
            let sum = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
            }).observe({type: "layout-shift", buffered: true});
            setTimeout(() => resolve(sum), 300);
        })"""
    )
    assert shift < 0.02
