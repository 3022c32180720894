"""The end of a mailbox after the studies, and its way back: which step is due when, and what the student is told first.

| state | what was seen at Microsoft | next step, and when | letter before it |
|---|---|---|---|
| ANNOUNCED | nothing yet | BLOCK, at once or after a first period of grace | mailbox_closing |
| BLOCKED | no sign-in, sessions revoked | WITHDRAW the licence, with which the mail ends | mailbox_ends |
| UNLICENSED | no licence | ERASE, in a run of its own that somebody approves | mailbox_deletion |
| DELETED | the user in the bin | none; Microsoft empties the bin after 30 days | |
| GONE | nothing any more | none; the addresses stay blocked for good | |

Leave of absence is no end: the mailbox stays (the table of `lifecycle`). Whoever is owed a mailbox again is reopened
from every state: restored from the bin, licensed, let in; from GONE a new mailbox is made under the same addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.plan import StepKind


class Leaving(StrEnum):
    """How far the mailbox of somebody who has left was seen to be closed."""

    ANNOUNCED = "announced"
    BLOCKED = "blocked"
    UNLICENSED = "unlicensed"
    DELETED = "deleted"
    GONE = "gone"


class Deed(StrEnum):
    """What is done to a mailbox at its end; REOPEN undoes all of it."""

    BLOCK = "block"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    REOPEN = "reopen"


NEXT = {Leaving.ANNOUNCED: Deed.BLOCK, Leaving.BLOCKED: Deed.WITHDRAW, Leaving.UNLICENSED: Deed.ERASE}
KINDS = {
    Deed.BLOCK: StepKind.LOCK,
    Deed.WITHDRAW: StepKind.WITHDRAW,
    Deed.ERASE: StepKind.ERASE,
    Deed.REOPEN: StepKind.UNLOCK,
}
"""What the brake knows each deed as."""

LETTERS = {Deed.BLOCK: "mailbox_closing", Deed.WITHDRAW: "mailbox_ends", Deed.ERASE: "mailbox_deletion"}
"""What the student is written before each deed; it names the day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """How many days lie between the steps, by setting.

    `block_after` and `licence_after` count from the day on which the end of the studies was noticed, `delete_after`
    from the end of the licence; a student is told `warn_before` days ahead of each step but the first.
    """

    block_after: int = 0
    licence_after: int = 90
    delete_after: int = 30
    warn_before: int = 14


@dataclass(frozen=True, slots=True)
class Parting:
    """What the registry knows of one mailbox's end.

    `since` is when the end of the studies was noticed, `reached` when the state was, and `due` the day of the next step
    as the student was told it, None while nothing was told.
    """

    state: Leaving
    since: date
    reached: date
    due: date | None = None


@dataclass(frozen=True, slots=True)
class CloudUser:
    """A student's user at Microsoft as it was seen.

    `sign_in` is the name to sign in with, `addresses` all addresses in lower case; `licensed_by` are the groups that
    give the licence, "" for one that was given directly. Without an identifier it stands for two users of one student.
    """

    album: AlbumNumber
    identifier: str
    sign_in: str = field(repr=False)
    primary: str | None = field(repr=False)
    addresses: frozenset[str] = field(repr=False)
    enabled: bool
    licensed_by: frozenset[str]
    sessions_from: datetime | None
    deleted: bool = False

    @property
    def licensed(self) -> bool:
        """Whether the user has the licence, however it came."""
        return bool(self.licensed_by)

    @property
    def open(self) -> bool:
        """Whether nothing of an end is left."""
        return self.enabled and self.licensed and not self.deleted

    def blocked_since(self, day: date) -> bool:
        """Tell whether nobody may sign in, and no session from before this day, in whatever zone, goes on."""
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
        revoked = self.sessions_from is not None and self.sessions_from >= begins
        return not self.enabled and revoked


def planned(parting: Parting, calendar: Calendar) -> date | None:
    """Return the day of the next step by the calendar alone, None where there is none."""
    days = {
        Deed.BLOCK: (parting.since, calendar.block_after),
        Deed.WITHDRAW: (parting.since, calendar.licence_after),
        Deed.ERASE: (parting.reached, calendar.delete_after),
    }
    if parting.state not in NEXT:
        return None
    begin, after = days[NEXT[parting.state]]
    return begin + timedelta(days=after)


def to_be_told(parting: Parting, calendar: Calendar, today: date) -> date | None:
    """Return the day of the next step if the student has to be told it now.

    However late a run comes, there are always `warn_before` days between the letter and the step; the block, which may
    be at once, is told at once.
    """
    day = planned(parting, calendar)
    if day is None or parting.due is not None:
        return None
    if NEXT[parting.state] is Deed.BLOCK:
        return max(day, today)
    warning = timedelta(days=calendar.warn_before)
    return max(day, today + warning) if today >= day - warning else None


def deed_due(parting: Parting, user: CloudUser, today: date) -> Deed | None:
    """Return what is to be done to a leaver's user now; what is seen to be done already is not done again."""
    if user.deleted or parting.due is None or today < parting.due or parting.state not in NEXT:
        return None
    return None if seen(parting, user, today) is not parting.state else NEXT[parting.state]


def seen(parting: Parting, user: CloudUser | None, today: date) -> Leaving:
    """Return how far a leaver's mailbox is by what was seen; without a user it is gone, for whatever reason."""
    if user is None:
        return Leaving.GONE
    if user.deleted:
        return Leaving.DELETED
    if parting.due is None or today < parting.due:
        return parting.state
    if parting.state is Leaving.ANNOUNCED and user.blocked_since(parting.since):
        return Leaving.BLOCKED
    if parting.state is Leaving.BLOCKED and not user.licensed:
        return Leaving.UNLICENSED
    return parting.state
