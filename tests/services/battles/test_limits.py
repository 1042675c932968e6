"""Rates and what waits, with a clock that is advanced."""

from __future__ import annotations

import pytest

from tenure.services.battles.sockets import limits
from tenure.services.battles.sockets.limits import Addresses, Bucket, Flooding, Limits, Rate, TooManySockets
from tenure.services.battles.sockets.outbox import Outbox


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(bucket: Bucket, now: float, tries: int = 100) -> int:
    return sum(bucket.take(now) for _ in range(tries))


def test_a_bucket_gives_so_many_at_once_and_so_many_a_second() -> None:
    bucket = Bucket(Rate(a_second=2, at_once=5), 0.0)
    assert taken(bucket, 0.0) == 5
    assert taken(bucket, 0.4) == 0
    assert taken(bucket, 1.0) == 2
    assert taken(bucket, 1000.0) == 5


def test_one_address_that_floods_takes_nothing_from_another() -> None:
    clock = Clock()
    addresses = Addresses(Limits(connects=Rate(a_second=1, at_once=3)), clock)
    assert [addresses.may_connect("1.1.1.1") for _ in range(5)] == [True] * 3 + [False] * 2
    assert addresses.may_connect("2.2.2.2")
    clock.now += 1
    assert addresses.may_connect("1.1.1.1")


def test_sockets_are_counted_by_address_and_given_back() -> None:
    addresses = Addresses(Limits(address_sockets=1, sockets=2), Clock())
    with addresses.open("1.1.1.1"):
        with pytest.raises(Flooding), addresses.open("1.1.1.1"):
            pass
        with addresses.open("2.2.2.2"), pytest.raises(TooManySockets), addresses.open("3.3.3.3"):
            pass
    with addresses.open("1.1.1.1"):
        pass


def test_addresses_that_come_and_go_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ADDRESSES", 10)
    clock = Clock()
    addresses = Addresses(Limits(connects=Rate(a_second=1, at_once=1)), clock)
    for number in range(100):
        addresses.may_connect(f"10.0.0.{number}")
    assert len(addresses._connects) <= 10
    assert not addresses.may_connect("10.0.0.99")  # the last one is remembered all the same


def test_an_outbox_is_bounded_in_number_and_in_bytes() -> None:
    outbox = Outbox[str](2, 10)
    assert outbox.put("a", 4)
    assert not outbox.put("b", 7)
    assert outbox.put("b", 6)
    assert not outbox.put("c", 0)
    assert outbox.take() == "a"
    assert outbox.put("c", 4)
    assert [outbox.take(), outbox.take()] == ["b", "c"]


def test_what_waits_in_a_closed_outbox_is_still_given_unless_it_is_dropped() -> None:
    kept, dropped = Outbox[str](5, 50), Outbox[str](5, 50)
    for outbox in (kept, dropped):
        outbox.put("a", 1)
    kept.close()
    dropped.close(drop=True)
    assert kept.put("b", 1)
    assert [kept.take(), kept.take(), kept.take()] == ["a", None, None]
    assert dropped.take() is None


def test_what_is_fleeting_makes_room_for_what_is_not_and_never_the_other_way_round() -> None:
    outbox = Outbox[str](3, 30)
    assert outbox.put("a", 1)
    assert outbox.put("typing", 28, fleeting=True)
    assert outbox.put("typing on", 2, fleeting=True)
    assert outbox.put("b", 28)
    assert (len(outbox._waiting), outbox._size, outbox.dropped) == (2, 29, 2)
    assert outbox.put("typing", 2, fleeting=True)
    assert not outbox.put("c", 2)
    assert outbox.dropped == 3
    assert [outbox.take(), outbox.take()] == ["a", "b"]
    assert outbox.put("c", 30)
