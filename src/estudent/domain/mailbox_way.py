"""The way of a mailbox from the request to the moment when it works and the student knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from estudent.domain.progress import Seen, StepState
from estudent.domain.student import MailboxState


class Milestone(StrEnum):
    """What is seen to be there, one after the other."""

    REQUESTED = "requested"
    USER = "user"
    LICENCE = "licence"
    MAILBOX = "mailbox"
    ALIAS = "alias"
    WORKS = "works"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Reached:
    """One milestone: done, being waited for, or later; `at` is when it was seen, where that is known."""

    milestone: Milestone
    state: StepState
    at: datetime | None = None


def way_of(state: MailboxState | None, seen: Seen) -> tuple[Reached, ...]:
    """Return how far a mailbox is, by what was seen of it and not by what was tried."""
    works = state is MailboxState.VERIFIED
    moments = {
        Milestone.REQUESTED: seen.requested_at if state else None,
        Milestone.USER: seen.user_made_at,
        Milestone.LICENCE: seen.licensed_at,
        Milestone.MAILBOX: seen.opened_at,
        Milestone.ALIAS: seen.alias_added_at,
        Milestone.WORKS: seen.mailbox_seen_at if works else None,
        Milestone.TOLD: seen.told_at if works else None,
    }
    done = [Reached(milestone, StepState.DONE, at) for milestone, at in moments.items() if at]
    ahead = [milestone for milestone, at in moments.items() if not at]
    states = [StepState.WAITING, *[StepState.LATER] * len(ahead)]
    return (*done, *(Reached(milestone, state) for milestone, state in zip(ahead, states, strict=False)))
