"""Bounds the bodies of requests under ASGI: Django writes one of any size to a file before a view could refuse it."""

from django.conf import settings


def bounded(application):
    """An ASGI application that gets no more of a body than it takes to see that it is too large."""

    async def bounded(scope, receive, send):
        if scope["type"] == "http":
            known = any(name == b"authorization" for name, _ in scope["headers"])
            receive = Body(receive, settings.BODY_LIMIT if known else settings.BODY_LIMIT_ANONYMOUS)
        await application(scope, receive, send)

    return bounded


class Body:
    """Receives at most a byte more than the limit. The rest is forgotten, so that its sender gets to the answer."""

    def __init__(self, receive, limit):
        self.receive = receive
        self.left = limit + 1

    async def __call__(self):
        message = await self.receive()
        if message["type"] != "http.request":
            return message
        body = message.get("body", b"")[: self.left]
        self.left -= len(body)
        while not self.left and message["type"] == "http.request" and message.get("more_body", False):
            message = await self.receive()
        return message | {"body": body} if message["type"] == "http.request" else message
