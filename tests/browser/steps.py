"""What users do, in steps that several tests share."""

from playwright.sync_api import expect

# For tasks that are to stay as they are: the stream tells of others, however old, when they begin to run.
LATER = "2100-01-01T00:00:00Z"


class Ada:
    """A user who also works from a shell; Ada, or one of another name."""

    def __init__(self, server, name="ada"):
        self.server = server
        self.name = name
        self.token = server.log_in(name)

    def call(self, method, path, body=None):
        status, answer = self.server.call(method, path, body, self.token)
        assert status < 400, answer
        return answer

    def fork(self, name, seconds=600, **fields):
        body = {"name": name, **fields}
        if "program" not in fields:
            body["arguments"] = {"seconds": seconds}
        return self.call("POST", "/taskapi/tasks/", body)

    def fork_many(self, number, seconds=600, **fields):
        tasks = [
            {"name": f"task number {index}", "arguments": {"seconds": seconds}, **fields} for index in range(number)
        ]
        return self.call("POST", "/taskapi/tasks/", tasks)

    def task(self, task_id):
        return self.call("GET", f"/taskapi/tasks/{task_id}/")

    def kill(self, task_id):
        return self.call("DELETE", f"/taskapi/tasks/{task_id}/")


def register(page, username="ada", password="correct-horse-9"):
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Username").fill(username)
    page.get_by_label("Email").fill(f"{username}@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("link", name=username)).to_be_visible()


def log_in(page, username="ada", password="correct-horse-9"):
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_out(page):
    page.get_by_role("link", name="ada", exact=True).click()
    page.get_by_role("button", name="Log out", exact=True).click()


def fork(page, name, seconds, description=""):
    """Forks a task by the form and answers its row."""
    page.get_by_role("link", name="Fork", exact=True).click()
    form = page.get_by_role("complementary")
    form.get_by_label("Name", exact=True).fill(name)
    if description:
        form.get_by_text("Advanced").click()
        form.get_by_label("Description").fill(description)
    form.get_by_label("Seconds").fill(str(seconds))
    form.get_by_role("button", name="Fork", exact=True).click()
    return expect_row(page, name)


def row_of(page, name):
    return page.locator("[data-task-id]").filter(has_text=name).first


def expect_row(page, name):
    row = row_of(page, name)
    expect(row).to_be_visible()
    return row


def names(page):
    """The names of the rows that are seen, from the top."""
    return page.locator("[data-task-id] .row__link").all_inner_texts()


def statuses_seen(page, row):
    """Notes every status that the row shows, from now on."""
    page.evaluate(
        """row => {
            window.seen = [];
            const note = () => {
                const status = row.querySelector("[data-status]").dataset.status;
                if (window.seen.at(-1) !== status) window.seen.push(status);
            };
            note();
            new MutationObserver(note).observe(row, {subtree: true, attributes: true, childList: true});
        }""",
        row.element_handle(),
    )
