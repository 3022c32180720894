"""When a mailbox on its way is looked at again, and after how long somebody has to see to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from estudent.domain.student import MailboxState

WAY = (
    MailboxState.CREATED,
    MailboxState.AWAITED,
    MailboxState.OPENED,
    MailboxState.ALIASED,
    MailboxState.VERIFIED,
)
"""What is seen to be there after the request, one after the other."""

ON_THE_WAY = frozenset({MailboxState.REQUESTED, *WAY[:-1], MailboxState.RETRIED})
"""The states in which a mailbox gets on without a person."""

LICENSED = frozenset({MailboxState.AWAITED, MailboxState.OPENED, MailboxState.ALIASED})
"""The states in which the mailbox is Microsoft's to make, and we can only look."""

LOOKS = (
    *(timedelta(seconds=seconds) for seconds in (2, 5, 10, 30)),
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4)),
)
"""How long after each look in vain the next one comes; the last one repeats."""

DAILY = timedelta(hours=24)
"""How often a mailbox that works, or is stuck, is looked at."""

STUCK_AFTER = timedelta(hours=48)
"""Microsoft promises a mailbox within 24 hours of the licence (delays-provision-mailbox-sync-changes)."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the registry knows of one mailbox's way.

    `looks` counts the looks since the state last changed, `reached` tells when each state of WAY was first seen, and
    `waits_since` since when Microsoft has been making the mailbox.
    """

    state: MailboxState
    looks: int = 0
    next_look_at: datetime | None = None
    waits_since: datetime | None = None
    reached: Mapping[MailboxState, datetime] = field(default_factory=dict)


def onward(before: Watched, seen: MailboxState, now: datetime, *, held: bool = False) -> Watched:
    """Return what is known after a look that saw this state.

    A mailbox is stuck when something holds it up that a person must see to, or when it has not come for two days.
    """
    waits_since = _waits_since(before, seen, now)
    waited_too_long = waits_since is not None and now - waits_since > STUCK_AFTER
    state = MailboxState.STUCK if held or waited_too_long else seen
    looks = before.looks + 1 if state is before.state else 0
    return Watched(state, looks, _next_look(state, looks, now), waits_since, _reached(before, seen, now))


def _waits_since(before: Watched, seen: MailboxState, now: datetime) -> datetime | None:
    """Return since when Microsoft has been at it; a stuck mailbox that has got on is given its two days anew."""
    if seen not in LICENSED:
        return None
    got_on = before.state is MailboxState.STUCK and seen not in before.reached
    return now if got_on else before.waits_since or now


def _next_look(state: MailboxState, looks: int, now: datetime) -> datetime | None:
    """Return when to look again; for an address in conflict it is the student's turn."""
    if state is MailboxState.CONFLICT:
        return None
    return now + (LOOKS[min(looks, len(LOOKS) - 1)] if state in ON_THE_WAY else DAILY)


def _reached(before: Watched, seen: MailboxState, now: datetime) -> dict[MailboxState, datetime]:
    """Keep when things were first seen, and forget those that are not there any more."""
    there = WAY[: WAY.index(seen) + 1] if seen in WAY else ()
    return {state: before.reached.get(state, now) for state in there}
