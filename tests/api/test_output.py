"""What a task has printed. No engine runs here: the tests store it as a worker would."""

import pytest

from taskapi.models import Report, Task, TaskOutput
from tests.conftest import client_of

TEXT = "one\ntwo\nthree äöü\n".encode()


def url(task):
    return f"/taskapi/tasks/{task.pk}/output/"


@pytest.fixture
def printed(running, worker):
    """printed(*pieces) is a running task that has printed these, each in a row of its own."""

    def printed(*pieces):
        task, offset = running(), 0
        for data in pieces:
            Task.objects.report(worker, [Report(task.pk, task.attempt, offset=offset, data=data)])
            offset += len(data)
        assert task.output.count() == len(pieces)
        return task

    return printed


@pytest.fixture
def read(client):
    """read(task, offset) is what is printed from there on, and where it goes on."""

    def read(task, offset=0):
        answer = client.get(url(task), {"offset": offset} if offset else {})
        assert answer.status_code == 200
        return answer.content, int(answer["X-Next-Offset"])

    return read


def test_nothing_printed_yet(read, running, fork):
    for task in (running(), fork()):
        assert read(task) == (b"", 0)


def test_it_is_plain_text_that_no_browser_takes_for_anything_else(client, printed):
    answer = client.get(url(printed(b"<script>alert(1)</script>")))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content == b"<script>alert(1)</script>"


def test_all_of_it(read, printed):
    assert read(printed(TEXT)) == (TEXT, len(TEXT))


def test_all_of_several_pieces(read, printed):
    assert read(printed(TEXT[:3], TEXT[3:9], TEXT[9:])) == (TEXT, len(TEXT))


@pytest.mark.parametrize("offset", [1, 3, 4, 9, 10, len(TEXT) - 1])
def test_from_an_offset_in_any_piece(read, printed, offset):
    task = printed(TEXT[:3], TEXT[3:9], TEXT[9:])
    assert read(task, offset) == (TEXT[offset:], len(TEXT))


def test_from_the_middle_of_a_character(read, printed):
    offset = TEXT.index("ä".encode()) + 1
    assert read(printed(TEXT), offset) == (TEXT[offset:], len(TEXT))


@pytest.mark.parametrize("beyond", [0, 1, 1_000_000])
def test_at_the_end_and_beyond_there_is_nothing(read, printed, beyond):
    offset = len(TEXT) + beyond
    assert read(printed(TEXT), offset) == (b"", offset)


def test_what_comes_later_is_at_the_next_offset(read, printed, worker):
    task = printed(b"first\n")
    _, following = read(task)
    TaskOutput.objects.create(task=task, offset=following, data=b"second\n")
    assert read(task, following) == (b"second\n", 13)


def test_a_long_output_comes_in_parts(read, printed, monkeypatch):
    monkeypatch.setattr("taskapi.views.OUTPUT_ANSWER", 4)
    task, parts, offset = printed(b"abc", b"def", b"ghi"), [], 0
    while part := read(task, offset)[0]:
        parts.append(part)
        offset += len(part)
    assert parts == [b"abcdef", b"ghi"]


def test_a_task_that_has_ended_keeps_its_output(read, printed):
    task = printed(TEXT)
    task.kill()
    assert read(task) == (TEXT, len(TEXT))


def test_a_page_from_disk_can_read_the_next_offset(client, printed):
    answer = client.get(url(printed(TEXT)), HTTP_ORIGIN="null")
    assert "X-Next-Offset" in answer["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("offset", ["-1", "x", "", "1.5", "٣", "+1", "9" * 19, "9" * 40])
def test_a_wrong_offset_is_a_400(client, printed, offset):
    answer = client.get(url(printed(TEXT)), {"offset": offset})
    assert answer.status_code == 400
    assert answer.json() == {"offset": [f"Expected a whole number from 0 to {2**63 - 1}."]}


def test_an_unknown_parameter_is_a_400(client, printed):
    answer = client.get(url(printed(TEXT)), {"limit": 1})
    assert (answer.status_code, answer.json()) == (400, {"limit": ["Unknown parameter. Known are: offset, follow."]})


def test_everybody_reads_only_their_own(other, anonymous, printed):
    task = printed(TEXT)
    assert client_of(other).get(url(task)).json() == {"detail": f"You have no task {task.pk}."}
    assert client_of(other).get(url(task)).status_code == 404
    assert anonymous.get(url(task)).status_code == 401


def test_it_is_read_only(client, printed):
    assert client.post(url(printed(TEXT)), {}).status_code == 405
