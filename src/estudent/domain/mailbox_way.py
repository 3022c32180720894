"""The way of a mailbox from the request to the moment when it works."""

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
    MAILBOX = "mailbox"
    ALIAS = "alias"
    WORKS = "works"


@dataclass(frozen=True, slots=True)
class Reached:
    """One milestone: done, being waited for, or later; `at` is when it was seen, where that is known."""

    milestone: Milestone
    state: StepState
    at: datetime | None = None


def way_of(state: MailboxState | None, seen: Seen) -> tuple[Reached, ...]:
    """Return how far a mailbox is; the alias is only added to a mailbox that is there."""
    works = state is MailboxState.VERIFIED
    has_alias = works or seen.alias_added_at is not None
    has_user = has_alias or state is MailboxState.AWAITED
    reached = {
        Milestone.REQUESTED: (state is not None, seen.requested_at),
        Milestone.USER: (has_user, seen.user_made_at),
        Milestone.MAILBOX: (has_alias, seen.alias_added_at),
        Milestone.ALIAS: (has_alias, seen.alias_added_at),
        Milestone.WORKS: (works, seen.mailbox_seen_at if works else None),
    }
    done = [Reached(milestone, StepState.DONE, at) for milestone, (there, at) in reached.items() if there]
    ahead = [milestone for milestone, (there, _) in reached.items() if not there]
    states = [StepState.WAITING, *[StepState.LATER] * len(ahead)]
    return (*done, *(Reached(milestone, state) for milestone, state in zip(ahead, states, strict=False)))
