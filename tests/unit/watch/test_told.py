"""What the operator is told, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dondoc.watch.told import LastingTrouble, ToTell, after_telling, to_tell
from dondoc.watch.troubles import Trouble

START = datetime(2026, 11, 30, 2, tzinfo=UTC)
WORKER, DISK = Trouble("child", "worker", {"name": "worker"}), Trouble("disk", about={"free": "12"})


def walk(looks: list[list[Trouble]], every: timedelta = timedelta(minutes=1), *, accepted: bool = True) -> list[ToTell]:
    """What each look in turn had to tell, where the mail server took (or refused) every mail."""
    standing: dict[str, LastingTrouble] = {}
    told = []
    for number, found in enumerate(looks):
        now = START + number * every
        told.append(to_tell(found, standing, now))
        standing = after_telling(told[-1], now) if accepted and told[-1].anything else dict(told[-1].standing)
    return told


def test_what_is_over_by_the_next_look_is_not_told() -> None:
    assert not any(told.anything for told in walk([[WORKER], []]))


def test_what_stays_is_told_with_the_second_look_and_not_again() -> None:
    told = walk([[WORKER]] * 60)
    assert [number for number, one in enumerate(told) if one.anything] == [1]
    assert told[1].new == (WORKER,)


def test_all_that_is_new_is_one_mail() -> None:
    assert walk([[WORKER, DISK], [WORKER, DISK]])[1].new == (WORKER, DISK)


def test_what_stands_for_days_is_told_once_a_day() -> None:
    told = walk([[DISK]] * 60, timedelta(hours=1))
    assert [number for number, one in enumerate(told) if one.anything] == [1, 25, 49]
    assert told[25].still == (DISK,)


def test_the_end_of_what_was_told_is_told_once() -> None:
    told = walk([[DISK], [DISK], [], []])
    assert [one.over for one in told] == [(), (), ("disk:",), ()]


def test_what_no_server_took_is_told_by_the_next_look() -> None:
    told = walk([[DISK]] * 4, accepted=False)
    assert [one.new for one in told] == [(), (DISK,), (DISK,), (DISK,)]


def test_an_end_that_no_server_took_is_told_by_the_next_look() -> None:
    before = {"disk:": LastingTrouble(START, START)}
    first = to_tell([], before, START)
    assert first.over == ("disk:",)
    assert to_tell([], first.standing, START + timedelta(minutes=1)).over == ("disk:",)


def test_something_new_brings_what_still_stands_along() -> None:
    told = walk([[DISK], [DISK], [DISK, WORKER], [DISK, WORKER]])
    assert (told[3].new, told[3].still) == ((WORKER,), (DISK,))
