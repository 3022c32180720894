"""What a student reads in the letters that the portal has queued."""

from __future__ import annotations

from estudent.adapters.registry.tables import message
from estudent.domain.letter import activation_token
from estudent.domain.one_time_code import Purpose, as_read_aloud, letter_code, letter_secret
from estudent.domain.student import Student
from tests.portal.world import Portal


def kinds(portal: Portal) -> list[str]:
    """Return the kinds of all letters queued, oldest first."""
    return [row["kind"] for row in portal.registry.rows(message)]


def code_of(portal: Portal, purpose: Purpose, at: int = -1) -> str:
    """Return the code in a letter, as it is printed."""
    return as_read_aloud(letter_code(portal.campus.fingerprints, _message_id(portal, at), purpose))


def secret_of(portal: Portal, at: int = -1) -> str:
    """Return what stands behind the # of a letter's link."""
    return letter_secret(portal.campus.fingerprints, _message_id(portal, at))


def invitation_of(portal: Portal, whose: Student) -> str:
    """Send the album number letter, and return what stands behind the # of its link."""
    letters = portal.campus._send_letters().letters
    (notice,) = letters.prepare(letters.due([whose.key]))
    letters.sent(notice)
    return activation_token(portal.campus.fingerprints, notice.message_id)


def _message_id(portal: Portal, at: int) -> str:
    identifier: str = portal.registry.rows(message)[at]["message_id"]
    return identifier
