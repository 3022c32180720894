"""The lifecycle of a student: from each standing, what the university owes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Standing(StrEnum):
    """Where somebody stands between admission and leaving."""

    ADMITTED = "admitted"
    STUDYING = "studying"
    ON_LEAVE = "on_leave"
    GRADUATED = "graduated"
    RESIGNED = "resigned"
    STRUCK_OFF = "struck_off"


PREVAILING = (
    Standing.STUDYING,
    Standing.ADMITTED,
    Standing.ON_LEAVE,
    Standing.GRADUATED,
    Standing.RESIGNED,
    Standing.STRUCK_OFF,
)


def prevailing(standings: Iterable[Standing]) -> Standing:
    """Return the best of somebody's standings: who gives up one programme of two remains a student."""
    return min(standings, key=PREVAILING.index)


class Owed(StrEnum):
    """What the university can owe a student."""

    LETTER = "letter"
    ENTRY = "entry"
    SIGN_IN = "sign_in"
    MAILBOX = "mailbox"
    USOS_LINK = "usos_link"
    PAYMENT_ACCOUNT = "payment_account"


EVERYTHING = frozenset(Owed)
KEPT_AFTER_LEAVING = frozenset({Owed.ENTRY})

OWED: dict[Standing, frozenset[Owed]] = {
    Standing.ADMITTED: EVERYTHING,
    Standing.STUDYING: EVERYTHING,
    Standing.ON_LEAVE: EVERYTHING - {Owed.LETTER},
    Standing.GRADUATED: KEPT_AFTER_LEAVING,
    Standing.RESIGNED: KEPT_AFTER_LEAVING,
    Standing.STRUCK_OFF: KEPT_AFTER_LEAVING,
}
"""The one table. An entry is kept after leaving, locked, so that its login and addresses are never given again."""


def owes(standing: Standing, what: Owed) -> bool:
    """Tell whether a student of this standing is owed `what`."""
    return what in OWED[standing]


def standings_owed(what: Owed) -> list[Standing]:
    """Return the standings in which `what` is owed."""
    return [standing for standing in Standing if owes(standing, what)]
