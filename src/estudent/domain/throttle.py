"""How long somebody waits after failures, wherever a password or a code may be guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SUBJECT_WINDOW = timedelta(minutes=16)
"""A little more than the quarter of an hour over which the directory counts wrong passwords (its clock is another)."""

SOURCE_WINDOW = timedelta(hours=1)
FREE_BY_SUBJECT = 5
FREE_BY_SOURCE = 30
"""A whole dormitory may share one address."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
LONGEST_AT_A_SOURCE = timedelta(seconds=30)
"""Enough to make guessing from one place hopeless, and bearable for all others who share its address."""


@dataclass(frozen=True, slots=True)
class Recent:
    """Failures at one door that still count, and when the last ones were.

    `by_subject` are those under what was typed, `by_student` those at one student's account under whatever name.
    """

    by_subject: int = 0
    by_source: int = 0
    last: datetime | None = None
    last_by_source: datetime | None = None
    by_student: int = 0
    last_by_student: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether somebody may try now: not before `until`; and when `spared`, without asking the account itself.

    Somebody who spells one name in five ways is not told that they all mean one account, so they may go on trying;
    but the directory, which bars an account after ten failures, does not hear of it.
    """

    until: datetime | None = None
    spared: bool = False
    number: int = 0


def wait_until(recent: Recent, now: datetime) -> datetime | None:
    """Return until when somebody waits, None when they may try at once."""
    ends = [
        _end(recent.by_subject - FREE_BY_SUBJECT, recent.last),
        _end(recent.by_source - FREE_BY_SOURCE, recent.last_by_source, LONGEST_AT_A_SOURCE),
    ]
    return max((end for end in ends if end and end > now), default=None)


def turn(recent: Recent, now: datetime) -> Turn:
    """Judge a try; from the fifth to the tenth failure it takes 930 seconds, longer than the directory remembers."""
    spared = _end(recent.by_student - FREE_BY_SUBJECT, recent.last_by_student)
    return Turn(wait_until(recent, now), bool(spared and spared > now))


def _end(excess: int, last: datetime | None, longest: timedelta = LONGEST_WAIT) -> datetime | None:
    """Return when the wait ends after a failure that was one of `excess` beyond the free ones."""
    if excess < 0 or last is None:
        return None
    doubled: timedelta = FIRST_WAIT * 2 ** min(excess, 10)
    return last + min(doubled, longest)
