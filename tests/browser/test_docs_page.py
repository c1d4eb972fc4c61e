"""/docs/ in a real browser: the whole API to read and to try, without the internet."""

from playwright.sync_api import expect


def test_a_task_is_forked_from_the_docs(page, server):
    token = server.log_in()
    requests, refused = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)

    page.goto(f"{server.url}/docs/")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").fill(f"Token {token}")
    page.locator(".auth-container").get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()
    call = page.locator("#operations-tasks-fork")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("201")

    assert server.call("GET", "/taskapi/tasks/", token=token)[1][0]["name"] == "nap"
    assert not refused
    assert all(url.startswith((server.url, "data:")) for url in requests)
