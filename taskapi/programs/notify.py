"""The program notify: tells a URL that a task has ended, signed by the Standard Webhooks specification 1.0.0."""

import base64
import hmac
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from taskapi.exceptions import ProgramFailed
from taskapi.programs.fetch import exchange, first_request, refuse
from taskapi.programs.network import is_allowed, literal, parse_url
from taskapi.programs.registry import program
from taskmanager.wire import dumps

ACCEPTED = range(200, 300)
REDIRECTED = range(300, 400)


@program(internal=True)
async def notify(task, url: str, message: str, event: dict[str, Any]):
    """Tell a URL that a task has ended."""
    if not settings.WEBHOOKS:
        raise ProgramFailed("Webhooks are off on this server (WEBHOOKS=0).")
    # Asked for at each attempt, so that a secret which was replaced signs nothing more.
    owner = await get_user_model().objects.aget(tasks=task.id)
    request = signed_request(parse_url(url), message, dumps(event), owner.webhook_key())
    seconds = settings.WEBHOOK_TIMEOUT.total_seconds()
    # Not followed anywhere, and what accepts it need not be heard out.
    try:
        result = await exchange(task, request, REDIRECTED, seconds, unread=ACCEPTED)
    except ProgramFailed as failure:
        task.print(f"POST {failure}")  # the task's error is that of the last attempt only
        raise
    if result["status"] not in ACCEPTED:
        refuse(task, result, "a status from 200 to 299")
    return {"status": result["status"]}


def signed_request(url, message, body, key):
    """The request that delivers this body; `message` is the same for each attempt to do so."""
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{signature(key, message, now, body)}",
    }
    return first_request("POST", url, headers, body.decode())


def signature(key, message, timestamp, body):
    """HMAC-SHA256 over what the specification joins by full stops, in base64."""
    signed = f"{message}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def check_url(text):
    """Raises ValueError, with a sentence (without its full stop), for what cannot be the URL of a webhook.

    Where a name leads is seen when it is sent.
    """
    url = parse_url(text)
    if url.userinfo:
        raise ValueError("Leave user and password out: the task shows them, and what is sent is signed")
    address = literal(url.host)
    if address and not is_allowed(address):
        raise ValueError("The address is not public; FETCH_ALLOWED_NETWORKS allows others")
