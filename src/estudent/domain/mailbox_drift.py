"""What somebody or something else has changed about a mailbox that worked, and what is done about it.

| seen | what is done |
|---|---|
| LICENCE: the licence is gone | repaired: it is given again, and the mailbox watched until both addresses are back |
| ALIAS: the album alias or a former address is gone | repaired: it is added again |
| PRIMARY: another of the student's own addresses is the primary one | repaired: the registry's one is made primary |
| SIGN_IN: the sign-in name is another of the student's own addresses | repaired: it becomes the primary address |
| DELETED: the user is in the bin | repaired: restored from it, licensed and let in |
| FOREIGN_PRIMARY: the primary address is none of the student's | only told: somebody meant something by it |
| FOREIGN_SIGN_IN: the sign-in name is none of the student's | only told: likewise |
| DISABLED: the sign-in is blocked by hand | only told: it may be for good reason, as a stolen password |
| MISSING: there is no user any more, in the bin neither | only told: the next `mailboxes` makes another, empty one |
| UNCLEAR: two users have the album number | only told: neither is touched |

Repairs are planned, counted and braked like locks: when hundreds of mailboxes differ at once, somebody did that, and
somebody else decides whether to undo it. A mailbox on its way, being closed or being renamed is left to those runs.
"""

from __future__ import annotations

from enum import StrEnum

from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_life import CloudUser
from estudent.domain.student import MailboxState, Student


class Drift(StrEnum):
    """One way in which a mailbox differs from what was once seen."""

    LICENCE = "licence"
    ALIAS = "alias"
    PRIMARY = "primary"
    SIGN_IN = "sign_in"
    DELETED = "deleted"
    FOREIGN_PRIMARY = "foreign_primary"
    FOREIGN_SIGN_IN = "foreign_sign_in"
    DISABLED = "disabled"
    MISSING = "missing"
    UNCLEAR = "unclear"


REPAIRED = frozenset({Drift.LICENCE, Drift.ALIAS, Drift.PRIMARY, Drift.SIGN_IN, Drift.DELETED})
TOLD = {
    Drift.FOREIGN_PRIMARY: ("somebody made an address primary that is none of the student's", "put the primary back"),
    Drift.FOREIGN_SIGN_IN: ("the sign-in name is none of the student's addresses", "put the name back"),
    Drift.DISABLED: ("the sign-in was blocked by hand in Microsoft 365", "open it there when the reason has gone"),
    Drift.MISSING: ("the user is gone from Microsoft 365 for good", "ask who deleted it; the mail is lost"),
    Drift.UNCLEAR: ("two users in Microsoft 365 have this album number", "correct one of them"),
}
"""What operations are told, and what they can do."""


def is_watched(student: Student) -> bool:
    """Tell whether this mailbox should be as it once was seen."""
    works = student.mailbox_state is MailboxState.VERIFIED and student.is_owed(Owed.MAILBOX)
    return works and student.parting is None and not student.is_being_renamed


def drift_of(student: Student, user: CloudUser | None, alias: str) -> frozenset[Drift]:
    """Return how a watched mailbox differs from what the registry says."""
    if user is None:
        return frozenset({Drift.MISSING})
    if not user.identifier:
        return frozenset({Drift.UNCLEAR})
    if user.deleted:
        return frozenset({Drift.DELETED})
    primary = (student.mailbox or "").lower()
    own = {primary, alias.lower(), *(each.lower() for each in student.former)}
    shown, name = (user.primary or "").lower(), user.sign_in.lower()
    seen = {
        Drift.DISABLED: not user.enabled,
        Drift.LICENCE: not user.licensed,
        Drift.ALIAS: user.licensed and not own - {primary} <= user.addresses,
        Drift.PRIMARY: shown != primary and shown in own,
        Drift.FOREIGN_PRIMARY: bool(shown) and shown not in own,
        Drift.SIGN_IN: name != primary and name in own,
        Drift.FOREIGN_SIGN_IN: name not in own,
    }
    return frozenset(drift for drift, differs in seen.items() if differs)
