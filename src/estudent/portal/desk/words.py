"""The stages of the way, and why somebody waits, in a clerk's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import format_datetime, gettext, lazy_gettext

from estudent.domain.funnel import Hold, Stage, Waiting
from estudent.domain.lifecycle import Standing
from estudent.domain.student import MailboxState
from estudent.portal.journal_words import cause_in_words

WAITS_FOR: Mapping[Stage, Any] = {
    Stage.NUMBER: lazy_gettext("waits for the album number"),
    Stage.LETTER: lazy_gettext("waits for the letter"),
    Stage.ACCOUNT: lazy_gettext("has not activated the account"),
    Stage.NAME: lazy_gettext("has not asked for a mailbox"),
    Stage.MAILBOX: lazy_gettext("waits for the mailbox"),
    Stage.USOS: lazy_gettext("waits for USOS"),
    Stage.PAYMENT_ACCOUNT: lazy_gettext("waits for the account number"),
    Stage.DONE: lazy_gettext("has everything"),
    Stage.LEFT: lazy_gettext("is no student any more"),
}
REACHED: Mapping[Stage, Any] = {
    Stage.NUMBER: lazy_gettext("Album number known"),
    Stage.LETTER: lazy_gettext("Letter sent"),
    Stage.ACCOUNT: lazy_gettext("Account active"),
    Stage.NAME: lazy_gettext("Mailbox asked for"),
    Stage.MAILBOX: lazy_gettext("Mailbox works"),
    Stage.USOS: lazy_gettext("Linked in USOS"),
    Stage.PAYMENT_ACCOUNT: lazy_gettext("Account number known"),
}
"""What is behind somebody who got beyond a stage."""

HOLDS: Mapping[Hold, Any] = {
    Hold.NUMBER_NOT_GIVEN: lazy_gettext("Recruitment has not sent the album number; it comes with a later feed."),
    Hold.LETTER_REFUSED: lazy_gettext("The mail server refuses the letter. Correct the contact address."),
    Hold.LETTER_NOT_SENT: lazy_gettext("The letter was not sent yet; the next run of the letters sends it."),
    Hold.NO_ENTRY: lazy_gettext("The account was not made in the directory yet; the next run makes it."),
    Hold.TRIED_IN_VAIN: lazy_gettext("The student tried to activate the account and failed."),
    Hold.NEVER_TRIED: lazy_gettext("The student has not tried yet. Did the letter arrive?"),
    Hold.NO_NAME_CHOSEN: lazy_gettext("The student has not chosen a name for the mailbox."),
    Hold.ADDRESS_TAKEN: lazy_gettext("The address is somebody else's at Microsoft: the student must choose another."),
    Hold.MICROSOFT_PROBLEM: lazy_gettext("Microsoft has a problem with the mailbox."),
    Hold.MAILBOX_STUCK: lazy_gettext("The mailbox is stuck. See to the cause, then have it looked at at once."),
    Hold.MICROSOFT_SLOW: lazy_gettext("Microsoft is making the mailbox; it usually needs under 30 minutes."),
    Hold.NO_USOS_ID: lazy_gettext("The person's number in USOS is not known; recruitment must send it."),
    Hold.USOS_REFUSES: lazy_gettext("USOS did not take the address."),
    Hold.USOS_NOT_YET: lazy_gettext("USOS does not show the address yet; it does after its next migration."),
    Hold.USOS_NO_PERSON: lazy_gettext("USOS does not show the person yet; that needs its next migration."),
    Hold.USOS_NOT_ACTIVE: lazy_gettext("The study is not active in USOS yet; the dean's office makes it so."),
    Hold.USOS_SOMEBODY_ELSE: lazy_gettext(
        "USOS has another album number under this student's USOS id. Nothing is written until both are compared."
    ),
    Hold.USOS_STUCK: lazy_gettext("The way into USOS is stuck. See to the cause, then ask USOS once more."),
    Hold.USOSWEB_NOT_YET: lazy_gettext("USOS has the address; USOSweb takes it over with its next migration."),
    Hold.NO_ACCOUNT_NUMBER: lazy_gettext("USOS has no account number for the student, and none was assigned."),
    Hold.NOTHING: lazy_gettext("Nothing is missing."),
}
STANDINGS: Mapping[Standing, Any] = {
    Standing.ADMITTED: lazy_gettext("admitted"),
    Standing.STUDYING: lazy_gettext("studying"),
    Standing.ON_LEAVE: lazy_gettext("on leave"),
    Standing.GRADUATED: lazy_gettext("graduated"),
    Standing.RESIGNED: lazy_gettext("resigned"),
    Standing.STRUCK_OFF: lazy_gettext("struck off"),
}
MAILBOXES: Mapping[MailboxState, Any] = {
    MailboxState.REQUESTED: lazy_gettext("asked for"),
    MailboxState.CREATED: lazy_gettext("Microsoft knows the student"),
    MailboxState.AWAITED: lazy_gettext("Microsoft is making it"),
    MailboxState.OPENED: lazy_gettext("there, without its alias"),
    MailboxState.ALIASED: lazy_gettext("there, its alias is on its way"),
    MailboxState.VERIFIED: lazy_gettext("works"),
    MailboxState.CONFLICT: lazy_gettext("address taken"),
    MailboxState.STUCK: lazy_gettext("stuck"),
    MailboxState.RETRIED: lazy_gettext("asked for once more"),
}

LETTERS: Mapping[str, Any] = {
    "album_number": lazy_gettext("album number letter"),
    "activation": lazy_gettext("way to create the account"),
    "email_code": lazy_gettext("code for creating the account"),
    "recovery": lazy_gettext("code for a new password"),
    "activated": lazy_gettext("account is active"),
    "password_changed": lazy_gettext("password was changed"),
    "too_many_tries": lazy_gettext("many failed tries"),
    "mailbox_name_taken": lazy_gettext("another name for the mailbox"),
    "mailbox_ready": lazy_gettext("mailbox works"),
    "mailbox_closing": lazy_gettext("mailbox is being closed"),
    "mailbox_ends": lazy_gettext("mail ends"),
    "mailbox_deletion": lazy_gettext("deletion at Microsoft"),
    "mailbox_back": lazy_gettext("mailbox is open again"),
    "mailbox_renamed": lazy_gettext("new address"),
    "mailbox_not_renamed": lazy_gettext("no new address"),
    "fee_reminder": lazy_gettext("fee is due soon"),
    "usos_ready": lazy_gettext("USOSweb is open"),
}
CODES: Mapping[str, Any] = {
    "email_code": lazy_gettext("by e-mail, for creating the account"),
    "recovery": lazy_gettext("by e-mail, for a new password"),
    "recovery_link": lazy_gettext("link by e-mail"),
    "office": lazy_gettext("handed out at the desk"),
}


def detail_in_words(hold: Hold, detail: str) -> str:
    """Return what was said about it: a cause in our words, or those of a far system."""
    return cause_in_words(detail) if hold is Hold.TRIED_IN_VAIN else detail


def why(waiting: Waiting) -> str:
    """Return in one line why somebody waits."""
    detail = detail_in_words(waiting.hold, waiting.detail)
    words = f"{HOLDS[waiting.hold]} ({detail})" if detail else str(HOLDS[waiting.hold])
    if waiting.until is None:
        return words
    not_before = gettext("Not before %(when)s.", when=format_datetime(waiting.until, "d MMM, HH:mm"))
    return f"{words} {not_before}"
