"""A receiver of webhooks: a real server that keeps what is posted to it, and verifies it on its own."""

import base64
import contextlib
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from tests.unit.test_fetch import respond, serving


@dataclass
class Post:
    headers: dict
    body: bytes

    @property
    def event(self):
        return json.loads(self.body)

    @property
    def id(self):
        return self.headers["webhook-id"]

    def signed_with(self, key):
        """Whether it is signed with these bytes, just now."""
        signed = b".".join([self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        version, _, given = self.headers["webhook-signature"].partition(",")
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        age = abs(time.time() - int(self.headers["webhook-timestamp"]))
        return version == "v1" and hmac.compare_digest(base64.b64decode(given), digest) and age < 60


class Receiver:
    """Answers with these statuses, one after the other, and then with 204."""

    def __init__(self):
        self.posts, self.statuses = [], []

    def answer(self, request):
        body = request.rfile.read(int(request.headers["content-length"]))
        status = self.statuses.pop(0) if self.statuses else 204
        respond(request, b"no" if status >= 400 else b"", status)
        self.posts.append((status, Post(dict(request.headers), body)))

    @property
    def accepted(self):
        """The Posts that were answered with 204."""
        return [post for status, post in list(self.posts) if status == 204]

    @property
    def told(self):
        """[(id of a task, type)] of what was accepted."""
        return [(post.event["data"]["id"], post.event["type"]) for post in self.accepted]


@contextlib.contextmanager
def receiving(port=0):
    receiver = Receiver()
    with serving(lambda request: receiver.answer(request), port=port) as url:
        receiver.url = f"{url}/hook"
        yield receiver
