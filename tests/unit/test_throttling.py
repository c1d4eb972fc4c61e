"""Token buckets: how often who may call."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from taskmanager import throttling
from taskmanager.throttling import Limiter, TooManyCalls


@pytest.fixture
def clock(monkeypatch):
    """clock(seconds) lets time pass; nothing else does."""
    now = [1_000.0]
    monkeypatch.setattr(throttling.time, "monotonic", lambda: now[0])

    def clock(seconds):
        now[0] += seconds

    return clock


def answered(limiter, key, calls):
    """How many of so many calls are let through."""
    return sum(not is_refused(limiter, key) for _ in range(calls))


def is_refused(limiter, key):
    try:
        limiter.check(key)
    except TooManyCalls:
        return True
    return False


def test_all_calls_can_be_used_up_at_once(clock):
    assert answered(Limiter(7, 60), "ada", 10) == 7


def test_they_come_back_one_by_one(clock):
    limiter = Limiter(60, 60)
    answered(limiter, "ada", 60)
    clock(2)
    assert answered(limiter, "ada", 5) == 2


def test_no_more_are_saved_up_than_there_are(clock):
    limiter = Limiter(3, 1)
    answered(limiter, "ada", 3)
    clock(3_600)
    assert answered(limiter, "ada", 10) == 3


def test_a_refusal_says_when_to_come_again_and_costs_nothing(clock):
    limiter = Limiter(2, 60)
    answered(limiter, "ada", 20)
    with pytest.raises(TooManyCalls, match="2 calls in 60 s are the limit. Try again in 30 s.") as refusal:
        limiter.check("ada")
    clock(refusal.value.wait)
    assert not is_refused(limiter, "ada")


def test_each_has_a_bucket_of_its_own(clock):
    limiter = Limiter(1, 60)
    limiter.check("ada")
    assert (is_refused(limiter, "ada"), is_refused(limiter, "grace")) == (True, False)


def test_those_who_were_here_last_are_remembered(clock, monkeypatch):
    monkeypatch.setattr(throttling, "REMEMBERED", 2)
    limiter = Limiter(1, 60)
    for key in ("ada", "grace", "ada", "edsger"):
        answered(limiter, key, 1)
    assert list(limiter.full_at) == ["ada", "edsger"]


def test_threads_do_not_get_more():
    limiter = Limiter(100, 3_600)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: answered(limiter, "ada", 50), range(8))) == 100
