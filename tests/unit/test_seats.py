"""Seats of streams: bounded for all, and some of them kept for users who have none."""

import pytest

from taskapi.exceptions import TooManyStreams
from taskapi.seats import Seats


def test_seats_are_bounded():
    seats = Seats()
    seats.take("ada", 1)
    with pytest.raises(TooManyStreams, match="1 clients wait"):
        seats.take("bob", 1)
    seats.give_back("ada")
    seats.take("bob", 1)


def test_one_user_leaves_seats_for_others():
    seats = Seats()
    for _ in range(12):
        seats.take("ada", 16)
    with pytest.raises(TooManyStreams, match="12 times already"):
        seats.take("ada", 16)
    seats.take("bob", 16)
    assert seats.taken == 13


def test_a_crowd_may_fill_the_hall():
    seats = Seats()
    for user in range(4):
        seats.take(user, 4)
    assert seats.taken == 4


def test_a_seat_given_back_is_free_for_the_same_user():
    seats = Seats()
    for _ in range(3):
        seats.take("ada", 4)
    seats.give_back("ada")
    seats.take("ada", 4)
