"""HTTP to where users say: which URLs and addresses may be reached, and a transport that reaches no others.

The server may stand where it can reach what its users cannot: itself, its neighbours, the metadata of its cloud.
"""

import asyncio
import functools
import ipaddress
import os
import re
import socket

import httpcore
import httpx
from django.conf import settings

URL_LIMIT = 8_000
HOST = re.compile(r"[\w-][\w.-]*|[0-9a-f.]*:[0-9a-f:.]*", re.ASCII)
# Seconds for each address of a host.
CONNECT_TIMEOUT = 10

# What is not unicast that is reachable from everywhere: the IANA special-purpose address registries for IPv4 and IPv6
# (RFC 6890), and what IANA has not allocated to unicast. Stricter than is_global, which knows other networks in other
# versions of Python, and which lets IPv4 addresses inside of IPv6 ones pass.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this host, this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # in no registry: what Azure serves to its own machines
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        # Global unicast is 2000::/3. Below it: unspecified, loopback, IPv4 inside of IPv6 (::/96, ::ffff:0:0/96, NAT64
        # in 64:ff9b::/96 and 64:ff9b:1::/48), discard-only. Above it: unique local, link- and site-local, multicast.
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]


def parse_url(text):
    """The httpx.URL of an http or https URL. Raises ValueError with a sentence (without its full stop)."""
    check_length(text)
    if not text.isprintable() or " " in text:
        raise ValueError("A URL cannot have spaces or control characters")
    try:
        url = httpx.URL(text)
        _ = url.host  # httpx decodes it only now
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError(f"This is no URL: {str(error).rstrip('.')}") from None
    if url.scheme not in ("http", "https"):
        raise ValueError("Expected a URL that begins with http:// or https://")
    if not HOST.fullmatch(url.raw_host.decode()):
        raise ValueError("Expected a URL with the name or the address of a host")
    if url.port is not None and not 0 < url.port < 2**16:
        raise ValueError("A port is a number from 1 to 65535")
    return url


def join_url(url, location):
    """Where a redirect from this URL to that location leads. Raises ValueError as parse_url does."""
    check_length(location)
    try:
        joined = str(url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError(f"This is no URL: {str(error).rstrip('.')}") from None
    return parse_url(joined)


def check_length(text):
    # First of all, because httpx takes long for what is much longer.
    if len(text) > URL_LIMIT:
        raise ValueError(f"A URL has at most {URL_LIMIT:,} characters")


def is_allowed(address):
    """Whether a connection may go to this address: it is public, or the operator allows it."""
    if getattr(address, "scope_id", None):
        return False
    forms = {address, getattr(address, "ipv4_mapped", None) or address}
    if any(form in network for form in forms for network in settings.FETCH_ALLOWED_NETWORKS):
        return True
    return not any(address in network for network in NOT_PUBLIC)


def literal(host):
    """The address that this host is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def resolve(host):
    """The addresses of a name, as the system resolves it. Raises OSError."""
    # As bytes, because Python's own encoding of names (IDNA 2003) refuses some that the system knows.
    found = await asyncio.get_running_loop().getaddrinfo(host.encode(), None, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(place[0]) for *_, place in found]


async def addresses_of(host):
    """The addresses of a host when a connection may go to all of them. Raises httpcore.ConnectError."""
    if address := literal(host):
        found = [address]
    else:
        try:
            found = await resolve(host)
        except OSError as error:
            raise httpcore.ConnectError(f"the host {host} cannot be found: {error.strerror}") from None
    # Which address it has, is not for users: names of an intranet would tell about its hosts.
    if not all(map(is_allowed, found)):
        raise httpcore.ConnectError(f"the host {host} is not at a public address; FETCH_ALLOWED_NETWORKS allows others")
    return list(dict.fromkeys(found))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to allowed addresses: to the very ones that were checked, so that no second answer of DNS counts."""

    def __init__(self):
        self.opened = []
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        timeout = timeout or CONNECT_TIMEOUT
        problem = "it has no address"
        for address in await addresses_of(host):
            try:
                stream = await self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectTimeout:
                problem = f"no answer within {timeout:g} s"
            except httpcore.ConnectError as error:
                problem = root_of(error)
            else:
                self.opened.append(stream)
                return stream
        raise httpcore.ConnectError(f"the host {host} cannot be reached: {problem}")

    async def connect_unix_socket(self, path, timeout=None, socket_options=None):
        raise httpcore.ConnectError("sockets of the system cannot be reached")


def root_of(error):
    """What an error comes from, in a few words."""
    while error.__cause__:
        error = error.__cause__
    return os.strerror(error.errno) if getattr(error, "errno", None) else str(error)


class Transport(httpx.AsyncHTTPTransport):
    """Sends requests to allowed addresses only, each on a connection of its own; for a few requests, then close it."""

    def __init__(self):
        self._backend = CheckedBackend()
        # Instead of the pool that the base class would make, as it takes no network backend.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context(), max_keepalive_connections=0, network_backend=self._backend
        )

    async def __aexit__(self, *error):
        await self.aclose()

    async def aclose(self):
        await super().aclose()
        # The pool knows nothing of a connection whose TLS handshake was cancelled.
        for stream in self._backend.opened:
            await stream.aclose()


@functools.cache
def ssl_context():
    """One for all connections of all threads, because making one takes some 25 ms."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    # httpcore would do that again for each connection, while OpenSSL reads it for one in another thread.
    context.set_alpn_protocols = lambda protocols: None
    return context
