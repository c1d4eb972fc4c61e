"""Who the client is, and whether it came by TLS, when proxies stand in front of the server.

Everybody else simply looks at REMOTE_ADDR and at `request.is_secure()`.
"""

import re
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed

# With a port: 192.0.2.1:4711, [2001:db8::1]:4711. The brackets may come without one.
WITH_PORT = re.compile(r"([\d.]+):\d{1,5}|\[([^\]]*)\](?::\d{1,5})?", re.ASCII)


class ProxyMiddleware:
    """Believes what the proxies of TRUSTED_PROXIES say in X-Forwarded-For and X-Forwarded-Proto, and nobody else."""

    def __init__(self, get_response):
        self.trusted = settings.TRUSTED_PROXIES
        if not self.trusted:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        peer = address(request.META.get("REMOTE_ADDR", ""))
        if self.trusts(peer):
            request.META["REMOTE_ADDR"] = str(self.client(peer, request.META.get("HTTP_X_FORWARDED_FOR", "")))
        else:
            # Django reads it (SECURE_PROXY_SSL_HEADER), whoever has sent it.
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)

    def trusts(self, peer):
        return peer is not None and any(peer in network for network in self.trusted)

    def client(self, peer, forwarded_for):
        """The last one in the chain who is no trusted proxy.

        Each proxy appends whom it was called by. So the end of the list is what our own proxies say, and what stands
        before the first stranger is what that one says. What is no address ends the chain: then who wrote it counts.
        """
        client = peer
        for entry in reversed(forwarded_for.split(",")):
            before = address(entry.strip()) if self.trusts(client) else None
            if before is None:
                break
            client = before
        return client


def address(text):
    """The IP address that this text is, with a port or without. None for anything else.

    An IPv4 address within an IPv6 one (RFC 4291 2.5.5.2), as servers have it that listen for both, is the IPv4 address.
    """
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
