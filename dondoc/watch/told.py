"""What was told before + what is wrong now → what to tell now. One mail for all that is new, one a day for what stays.

A trouble is told when it was seen in two looks running, so that a restart is no alarm; its end is told where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dondoc.watch.troubles import Trouble

AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LastingTrouble:
    """A trouble that stands: since when it has been seen, and when the operator was last told (None: not yet)."""

    since: datetime
    told: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToTell:
    """What one mail says: what is new, what still stands, what is over."""

    new: tuple[Trouble, ...] = ()
    still: tuple[Trouble, ...] = ()
    over: tuple[str, ...] = ()  # keys
    standing: Mapping[str, LastingTrouble] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether there is a mail to write."""
        return bool(self.new or self.still or self.over)


def to_tell(found: Collection[Trouble], before: Mapping[str, LastingTrouble], now: datetime) -> ToTell:
    """What to tell now. `standing` is what to keep until the next look, before anything is told."""
    there = {trouble.key: trouble for trouble in found}
    standing = {key: before.get(key, LastingTrouble(now)) for key in there}
    ripe = [key for key in there if key in before]
    new = tuple(there[key] for key in ripe if standing[key].told is None)
    due = any(told is not None and now - told >= AGAIN_AFTER for told in (standing[key].told for key in ripe))
    still = tuple(there[key] for key in ripe if standing[key].told is not None) if new or due else ()
    over = tuple(key for key, known in before.items() if key not in there and known.told is not None)
    # What is over stays noted until it has been told.
    kept = {key: before[key] for key in over}
    return ToTell(new, still, over, {**standing, **kept})


def after_telling(told: ToTell, now: datetime) -> dict[str, LastingTrouble]:
    """What stands once the mail was accepted: what is over is forgotten, the rest was told now."""
    spoken = {trouble.key for trouble in (*told.new, *told.still)}
    return {
        key: replace(known, told=now) if key in spoken else known
        for key, known in told.standing.items()
        if key not in told.over
    }
