"""The way of a student into USOS: person seen, study active, address handed over, seen there, taken over by USOSweb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from estudent.domain.student import LinkState
from estudent.domain.usos_migrations import Migrations

WAY = (
    LinkState.AWAITED,
    LinkState.PERSON,
    LinkState.ACTIVE,
    LinkState.REQUESTED,
    LinkState.LINKED,
    LinkState.VERIFIED,
)
"""What is seen to be there, one after the other."""

ASKED_TOO_LONG = timedelta(days=2)
"""Migrations run several times a day; an address that was accepted and does not show after so long was lost."""

UNSEEN_TOO_LONG = timedelta(days=7)
"""Recruitment knows the USOS id, so the person is in USOS; one that does not show for a week has another cause."""

NOT_SHOWN = "USOS accepted the address two days ago and still does not hold it; ask its administrators, then retry"
NOBODY = "USOS has not shown this person for a week; have the USOS id checked by the dean's office, then retry"


@dataclass(frozen=True, slots=True)
class LinkSight:
    """What one look at USOS showed of one student, by which source.

    `email` is our address where USOS holds it, and nothing else that it may hold; `asked_for` is the address that USOS
    was asked for in this run; `held` tells that a person must see to the problem before anything gets on.
    """

    student: int
    state: LinkState
    source: str
    email: str | None = field(default=None, repr=False)
    asked_for: str | None = field(default=None, repr=False)
    problem: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Enablement:
    """What the registry knows of one student's way; `reached` tells when each state of WAY was first seen.

    `since` is when the state began, `expected_at` when USOS's own migrations can bring it further, where that is known.
    """

    state: LinkState
    since: datetime
    reached: Mapping[LinkState, datetime] = field(default_factory=dict)
    asked_for: str | None = field(default=None, repr=False)
    expected_at: datetime | None = None
    email: str | None = field(default=None, repr=False)
    problem: str = ""


def onward(before: Enablement | None, sight: LinkSight, now: datetime, migrations: Migrations) -> Enablement:
    """Return what is known after a look; only what was seen moves a state, waiting for a migration is no error."""
    before = before or Enablement(sight.state, now)
    reached = _reached(before, sight, now)
    state = _state(before, sight, reached, now, migrations)
    if state is LinkState.VERIFIED:
        reached = {**reached, state: reached.get(state, now)}
    return Enablement(
        state,
        before.since if state is before.state else now,
        reached,
        sight.asked_for or before.asked_for,
        _expected_at(state, reached, now, migrations),
        sight.email,
        _problem(before, state, sight),
    )


def _state(
    before: Enablement,
    sight: LinkSight,
    reached: Mapping[LinkState, datetime],
    now: datetime,
    migrations: Migrations,
) -> LinkState:
    if sight.state is LinkState.CONFLICT:
        return LinkState.CONFLICT
    if sight.held or _is_still_stuck(before, sight):
        return LinkState.STUCK
    if sight.state is LinkState.LINKED and migrations.shown(reached[LinkState.LINKED]) <= now:
        return LinkState.VERIFIED
    return LinkState.STUCK if _waits_too_long(before, sight.state, now) else sight.state


def _is_still_stuck(before: Enablement, sight: LinkSight) -> bool:
    """Tell whether somebody who was stuck is no further than ever, and nothing was asked for anew."""
    if before.state is not LinkState.STUCK or sight.asked_for:
        return False
    furthest = max((WAY.index(state) for state in before.reached), default=-1)
    return WAY.index(sight.state) <= furthest


def _waits_too_long(before: Enablement, seen: LinkState, now: datetime) -> bool:
    patience = {LinkState.AWAITED: UNSEEN_TOO_LONG, LinkState.REQUESTED: ASKED_TOO_LONG}.get(seen)
    return patience is not None and seen is before.state and now - before.since > patience


def _reached(before: Enablement, sight: LinkSight, now: datetime) -> dict[LinkState, datetime]:
    """Keep when things were first seen, and forget those that are not there any more, or not with this address."""
    if sight.state not in WAY:
        return dict(before.reached)
    known = {state: at for state, at in before.reached.items() if _still_holds(state, before, sight)}
    there = WAY[: WAY.index(sight.state) + 1]
    seen: dict[LinkState, datetime] = {}
    seen |= {state: known.get(state, now) for state in there if state is not LinkState.REQUESTED}
    if LinkState.REQUESTED in there and (sight.asked_for or LinkState.REQUESTED in known):
        # Whose address was already there was never asked about.
        seen[LinkState.REQUESTED] = now if sight.asked_for else known[LinkState.REQUESTED]
    if sight.state is LinkState.LINKED and LinkState.VERIFIED in known:
        seen[LinkState.VERIFIED] = known[LinkState.VERIFIED]
    return seen


def _still_holds(state: LinkState, before: Enablement, sight: LinkSight) -> bool:
    """Tell whether a moment still counts: USOSweb has not taken over what was written only now."""
    unchanged = before.email == sight.email and sight.asked_for is None
    return unchanged or state not in (LinkState.LINKED, LinkState.VERIFIED)


def _expected_at(
    state: LinkState, reached: Mapping[LinkState, datetime], now: datetime, migrations: Migrations
) -> datetime | None:
    if state is LinkState.LINKED:
        return migrations.shown(reached[state])
    waits = (LinkState.AWAITED, LinkState.PERSON, LinkState.REQUESTED)
    return migrations.next_end(now) if state in waits else None


def _problem(before: Enablement, state: LinkState, sight: LinkSight) -> str:
    if sight.problem or state is not LinkState.STUCK:
        return sight.problem
    if before.state is LinkState.STUCK:
        return before.problem
    return NOBODY if sight.state is LinkState.AWAITED else NOT_SHOWN
