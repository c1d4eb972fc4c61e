"""Parsers by themselves: whatever they are given, they return something or raise what they say."""

import ipaddress
import os
from functools import partial
from unittest.mock import patch

import httpcore
import orjson
import pydantic
import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import assume, given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from taskapi import filters, views
from taskapi.exceptions import WrongArgument
from taskapi.models import Task
from taskapi.programs import network, programs
from taskmanager import env, page, proxies, settings, wire
from tests.hostile.fuzzing import TIMES, fuzzed, near_text, values, written
from tests.hostile.test_fuzz_http import arguments
from userapi import models, throttling

READERS = {
    "text": env.text,
    "secret": env.secret,
    "flag": env.flag,
    "number": lambda name: env.number(name, 1),
    "words": env.words,
    "directory": env.directory,
    "hosts": lambda name: env.hosts(name, []),
    "choice": lambda name: env.choice(name, "a", ["a", "b"]),
    "origins": env.origins,
    "networks": env.networks,
    "duration": lambda name: env.duration(name, "1s", least="1s"),
}
SETTINGS = near_text(
    *("1", "yes", "a,b", "/tmp", "example.com,.b,*,[::1]", "https://example.com:8000", "http://[::1]"),
    *("10.0.0.0/8,::1", "10s", "1.5h", "36525d"),
).filter(lambda text: "\0" not in text)


def outcome(refusals, read, *arguments):
    """What is returned, or the refusal that is raised."""
    try:
        return read(*arguments)
    except refusals as refusal:
        return refusal


def is_line_about(name, refusal):
    return str(refusal).startswith(name) and len(str(refusal).splitlines()) == 1


@fuzzed
@given(value=SETTINGS)
@pytest.mark.parametrize("kind", READERS)
def test_any_setting(kind, value):
    with patch.dict(os.environ, {"X": value}):
        said = outcome(ImproperlyConfigured, READERS[kind], "X")
    assert not isinstance(said, ImproperlyConfigured) or is_line_about("X", said)


DATABASES = near_text("sqlite:///x.sqlite3", "postgres://user:p%40ss@[::1]:5432/name?sslmode=require", "mysql://h/n")


@fuzzed
@given(url=DATABASES)
def test_any_url_of_a_database(url):
    said = outcome(ImproperlyConfigured, settings.database, url)
    assert said["ENGINE"] if isinstance(said, dict) else is_line_about("DATABASE_URL: ", said)


URLS = near_text("http://user:secret@example.com:80/a?b#c", "https://[::ffff:10.0.0.1]/", "//münchen.example", "../a")


@fuzzed
@given(text=URLS)
@pytest.mark.parametrize("read", [network.parse_url, partial(network.join_url, network.parse_url("http://a/b"))])
def test_any_url_to_fetch(read, text):
    url = outcome(ValueError, read, text)
    assert not isinstance(url, UnicodeError)
    refused = isinstance(url, ValueError)
    assert str(url) if refused else (url.scheme in ("http", "https") and network.HOST.fullmatch(url.raw_host.decode()))


@fuzzed
@given(address=st.ip_addresses() | st.builds(ipaddress.IPv6Address, st.integers(0, 2**128 - 1)))
def test_any_address(address):
    mapped = getattr(address, "ipv4_mapped", None)
    assert not network.is_allowed(address) or (address.is_global and not mapped)


@fuzzed
@given(host=near_text("127.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "0x7f.1", "2130706433", "localhost"))
def test_any_host_that_is_not_public(host):
    async def nowhere(host):
        return [ipaddress.ip_address("127.0.0.1")]

    with patch.object(network, "resolve", nowhere):
        said = outcome((StopIteration, httpcore.ConnectError), network.addresses_of(host).send, None)
    allowed = isinstance(said, StopIteration)
    assert all(address.is_global for address in said.value) if allowed else "public" in str(said)


@fuzzed
@given(data=st.data())
@pytest.mark.parametrize("name", arguments)
def test_any_arguments(name, data):
    text = written(data.draw(arguments[name]) | data.draw(st.dictionaries(near_text("argv", "x"), values, max_size=1)))
    given = outcome(orjson.JSONDecodeError, orjson.loads, text)
    assume(not isinstance(given, orjson.JSONDecodeError))
    checked = outcome((pydantic.ValidationError, WrongArgument), programs[name].check, given)
    refused = isinstance(checked, ValueError)
    assert str(checked) if refused else programs[name].check(checked) == checked


@fuzzed
@given(text=near_text("1700000000000000-1", "0-0"))
def test_any_cursor(text):
    place = outcome(ValidationError, filters.read_cursor, text)
    if not isinstance(place, ValidationError):
        moment, pk = place
        assert filters.read_cursor(filters.cursor_of(moment.isoformat(), pk)) == place


@fuzzed
@given(header=near_text('"a", W/"b"', "*", "gzip;q=0, *", "gzip"))
def test_any_list_in_a_header(header):
    assert views.same_tag(header, '"a"') in (True, False)
    assert page.accepts_gzip(header) in (True, False)
    assert page.knows({"HTTP_IF_NONE_MATCH": header}, '"a"') in (True, False)


@fuzzed
@given(text=near_text("192.0.2.1:4711", "[2001:db8::1]:4711", "::ffff:10.0.0.1", "fe80::1%eth0"))
def test_any_address_that_a_proxy_names(text):
    assert proxies.address(text) is None or proxies.address(str(proxies.address(text))) == proxies.address(text)
    assert throttling.client(text)


@fuzzed
@given(text=near_text("ada@example.com", "ada@münchen.example", "ada@xn--mnchen-3ya.example", "@", "a@xn--.x"))
def test_any_name_or_address_of_a_user(text):
    for fold in (models.fold, models.fold_email):
        assert fold(fold(text)) == fold(text)


@fuzzed
@given(text=near_text("1", "0", "9223372036854775807"))
def test_any_id(text):
    number = wire.id_of(text)
    assert number == 0 or str(number) == text.lstrip("0")


@fuzzed
@given(text=near_text(*TIMES))
def test_any_time_to_choose_by(text):
    said = outcome(ValidationError, filters.by_time, Task.objects.all(), {"created_after": text}, "created_after")
    assert isinstance(said, ValidationError) or "created_at" in str(said.query.where)
