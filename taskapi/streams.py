"""Answers that take their time: the end of a task, its output as it comes, the moves of all tasks of a user.

A stream is written once, as a script: a generator that yields bytes to send and Waits, and gets what came meanwhile.
Under WSGI it is run in its thread, under ASGI in a coroutine.
"""

import threading
import time
from dataclasses import dataclass
from functools import partial

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpResponse, StreamingHttpResponse

from taskapi.feed import BATCH, Mailbox, briefs_of, message_of, moves, moves_after, watch
from taskapi.models import FINAL, History, TaskEvent, TaskOutput
from taskapi.seats import seats
from taskmanager.wire import dumps

HEARTBEAT = 15
# How often it is looked whether the client is still there.
LOOK = 1
RETRY = 2_000  # milliseconds after which a client of server-sent events comes again
PIECE = 256 * 2**10
# Further back than so many moves, reading the list anew is less work.
REPLAY = 10_000

in_thread = partial(sync_to_async, thread_sensitive=False)


@dataclass
class Wait:
    """What a script yields to be given all that came into this mailbox, or nothing after so many seconds."""

    mailbox: Mailbox
    seconds: float
    # Whether the script reads the database when it goes on.
    reads: bool = True


def wait_for_end(request, task, seconds):
    """Returns as soon as the task has ended, or after so many seconds. Raises TooManyStreams."""
    if task.status in FINAL:
        return
    seats.take(request.user.pk, settings.STREAM_LIMIT)
    try:
        for _ in run(ending(task.pk, time.monotonic() + seconds), gone_of(request)):
            pass
    finally:
        seats.give_back(request.user.pk)


def follow(request, task, offset):
    """The response that is the output of this task from this byte on, until nothing of it is left running."""
    return stream(request, output(task.pk, offset), "text/plain; charset=utf-8", {"X-Offset": offset})


def events(request, last_id):
    """The response that is the moves and progress of the user's tasks (WHATWG HTML, server-sent events).

    It goes on after the event with this id, or begins now when that is None.
    """
    return stream(request, messages(request.user.pk, last_id), "text/event-stream", {})


def stream(request, script, content_type, headers):
    """A response that runs the script, as long as the user's token is good. Raises TooManyStreams."""
    headers |= {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":  # there is nothing to wait for
        return HttpResponse(content_type=content_type, headers=headers)
    script, user_id = while_good(request.auth, script), request.user.pk
    if isinstance(getattr(request, "_request", request), ASGIRequest):
        # Nobody closes the response to a client that has gone before it is there; so it takes its seat later.
        seats.check(user_id, settings.STREAM_LIMIT)
        return StreamingHttpResponse(run_async(script, user_id), content_type=content_type, headers=headers)
    seats.take(user_id, settings.STREAM_LIMIT)
    response = StreamingHttpResponse(run(script, gone_of(request)), content_type=content_type, headers=headers)
    # Also when the client is gone before the first part.
    response._resource_closers.append(partial(seats.give_back, user_id))
    return response


def gone_of(request):
    """A function that says whether the client has gone or the server is to go, where the server can tell."""
    signs = [sign for name in ("waitress.client_disconnected", "server.closing") if (sign := request.META.get(name))]
    return lambda: any(sign() for sign in signs)


def run(script, gone):
    """The parts of a script, waited for in this thread."""
    came = None
    try:
        while not gone():
            step = script.send(came)
            came = wait(step, gone) if isinstance(step, Wait) else None
            if not isinstance(step, Wait):
                yield step
    except StopIteration:
        return
    finally:
        script.close()


def wait(step, gone):
    deadline = time.monotonic() + step.seconds
    while not (came := step.mailbox.take(min(LOOK, max(0, deadline - time.monotonic())))):
        if time.monotonic() >= deadline or step.mailbox.overflowed or gone():
            break
    return came


async def run_async(script, user_id):
    """The parts of a script, waited for in a coroutine, on a seat of this user."""
    came, reads, turn = None, True, threading.Lock()
    seats.take(user_id)
    try:
        # In a thread only if need be: that takes long.
        while (step := await in_thread(advance)(turn, script, came) if reads else send(script, came)) is not None:
            came = None
            if isinstance(step, Wait):
                came = await step.mailbox.take_async(step.seconds)
                reads = step.reads or not came  # after a pause the token is looked at
            else:
                yield step
    finally:
        seats.give_back(user_id)
        await in_thread(close)(turn, script)


def send(script, came):
    """What the script yields next; None when it is over."""
    try:
        return script.send(came)
    except StopIteration:
        return None


def advance(turn, script, came):
    with turn:
        try:
            return send(script, came)
        finally:
            release()


def close(turn, script):
    with turn:  # who is cancelled does not wait for the thread that advances it
        script.close()


def while_good(token, script):
    """The script, which ends soon after its user has logged out, changed the password, or was locked out."""
    came, looked = None, time.monotonic()
    try:
        while True:
            step = script.send(came)
            waits = token and isinstance(step, Wait)
            overdue = waits and time.monotonic() - looked >= HEARTBEAT
            if overdue:
                step.reads = True
            came = yield step
            # After a pause, or where there is none, before what has come.
            if overdue or (waits and not came and time.monotonic() - looked >= HEARTBEAT):
                looked = time.monotonic()
                if not is_good(token):
                    return
                release()
    except StopIteration:
        return
    finally:
        script.close()


def is_good(token):
    try:
        return token.is_good()
    except (DatabaseError, InterfaceError):  # the stream outlives it, as the feed does, and is asked again
        return True


def release():
    """Gives the connection to the database back: who waits does not need one."""
    if not connection.in_atomic_block:
        connection.close()


def ending(task_id, deadline):
    with watch.subscribed(task_id) as (mailbox, _):
        release()
        while (left := deadline - time.monotonic()) > 0:
            states = yield Wait(mailbox, left)
            if any(ended for ended, _, _ in states):
                return


def output(task_id, offset):
    pieces = TaskOutput.objects.filter(task=task_id)
    with watch.subscribed(task_id) as (mailbox, _):
        over = False
        while True:
            while data := pieces.read(offset, PIECE):
                offset += len(data)
                yield data
            if over:
                return
            release()
            states = yield Wait(mailbox, HEARTBEAT)
            over = any(stopped for _, stopped, _ in states)


def messages(user_id, last_id):
    end = time.monotonic() + settings.STREAM_TTL.total_seconds()
    with moves.subscribed(user_id) as (mailbox, position):
        yield f"retry: {RETRY}\n\n".encode()
        start = yield from begin(user_id, last_id, position)
        release()
        while not mailbox.overflowed and (left := end - time.monotonic()) > 0:
            came = yield Wait(mailbox, min(HEARTBEAT, left), reads=False)
            fresh = [item for item in came if item[0] is None or item[0] > start]
            yield b"".join(encode("task", *item) for item in fresh) or b": still here\n\n"


def begin(user_id, last_id, position):
    """What a client has missed since its last event; or where it is, when that cannot be told.

    Returns the id after which it is told more.
    """
    if last_id is None:
        yield encode("ready", position, {})
        return position
    missed = moves_after(last_id, REPLAY + 1, id__lte=position, task__owner=user_id)
    # Looked at last: what is pruned while this is read has been noted there before.
    if len(missed) > REPLAY or not History.start() <= last_id <= newest(position):
        yield encode("reset", position, {"detail": "What happened since then is not known any more. Read the list."})
        return position
    for start in range(0, len(missed), BATCH):
        part = missed[start : start + BATCH]
        briefs = briefs_of({move["task"] for move in part})
        yield b"".join(encode("task", *message_of(move, briefs)) for move in part)
    return last_id


def newest(position):
    """The id of the last event that there is, which can be beyond what this process has read."""
    return max(position, TaskEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0)


def encode(name, event_id, data):
    """A server-sent event. Progress has no id: it is not told again."""
    place = "" if event_id is None else f"id: {event_id}\n"
    return f"event: {name}\n{place}data: ".encode() + dumps(data) + b"\n\n"
