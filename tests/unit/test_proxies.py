"""Who the client is: what trusted proxies say, and nobody else."""

from ipaddress import ip_address, ip_network

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.test import RequestFactory

from taskmanager.proxies import ProxyMiddleware, address

CLIENT = "203.0.113.9"


@pytest.fixture
def seen(settings):
    """seen(peer, headers) is the request as the views see it, behind two networks of proxies."""
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    def seen(peer, **headers):
        return ProxyMiddleware(lambda request: request)(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))

    return seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1:4711", "2001:db8::1:4711"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
    ],
)
def test_an_address_with_or_without_a_port(text, expected):
    assert address(text) == ip_address(expected)


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "_hidden", "1", "1.2.3", "1.2.3.4.5:80", "[]", "[1", "1.2.3.4:x", "\0", "١.٢.٣.٤", "a" * 60_000],
)
def test_what_is_no_address(text):
    assert address(text) is None


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (CLIENT, CLIENT),
        (f"{CLIENT}:4711", CLIENT),
        (f"198.51.100.1, {CLIENT}", CLIENT),
        (f"198.51.100.1,{CLIENT} , 10.2.3.4", CLIENT),
        (f"{CLIENT}, fd00::1, [fd00::2]:80", CLIENT),
        (f"10.0.0.9, {CLIENT}", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ("", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        (f"{CLIENT}, unknown", "10.0.0.1"),
        (f"{CLIENT}, , 10.2.3.4", "10.2.3.4"),
        ("," * 60_000, "10.0.0.1"),
    ],
)
def test_behind_a_proxy_the_client_is_the_last_who_is_none(seen, forwarded, client):
    assert seen("10.0.0.1", x_forwarded_for=forwarded).META["REMOTE_ADDR"] == client


@pytest.mark.parametrize("peer", [CLIENT, "::1", "11.0.0.1", "::ffff:203.0.113.9"])
def test_who_is_no_proxy_is_the_client_whatever_it_says(seen, peer):
    assert seen(peer, x_forwarded_for="192.0.2.1").META["REMOTE_ADDR"] == peer


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_proxy_is_known_in_each_way_its_address_is_written(seen, peer):
    assert seen(peer, x_forwarded_for=CLIENT).META["REMOTE_ADDR"] == CLIENT


def test_a_peer_without_an_address_is_no_proxy(seen):
    assert seen("", x_forwarded_for=CLIENT).META["REMOTE_ADDR"] == ""


def test_tls_is_what_a_proxy_says(seen):
    behind = seen("10.0.0.1", x_forwarded_proto="https", host="example.localhost")
    assert behind.build_absolute_uri("/x") == "https://example.localhost/x"
    assert not seen("10.0.0.1", x_forwarded_proto="http").is_secure()
    assert not seen("10.0.0.1").is_secure()
    assert not seen(CLIENT, x_forwarded_proto="https").is_secure()


def test_by_default_nobody_is_trusted(settings):
    assert (settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER) == ([], None)
    with pytest.raises(MiddlewareNotUsed):
        ProxyMiddleware(None)
