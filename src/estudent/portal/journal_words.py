"""The journal in a clerk's words: every step that anything can write, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext

from estudent.domain.booking_rules import Note
from estudent.domain.outcome import Result

DONE, REFUSED, FAILED = (result.value for result in Result)

SENTENCES: Mapping[tuple[str, str, str], Any] = {
    ("recruitment", "admitted", DONE): lazy_gettext("Recruitment sent this student for the first time."),
    ("recruitment", "data changed", DONE): lazy_gettext("Recruitment sent changed data; they were taken over."),
    ("letters", "letter", REFUSED): lazy_gettext("The album number letter could not be sent: the address is refused."),
    ("letters", "sent album_number", DONE): lazy_gettext("The album number letter was sent."),
    ("letters", "sent activation", DONE): lazy_gettext("A letter with a way to create the account was sent."),
    ("letters", "sent email_code", DONE): lazy_gettext("A code for creating the account was sent by e-mail."),
    ("letters", "sent recovery", DONE): lazy_gettext("A code for a new password was sent by e-mail."),
    ("letters", "sent activated", DONE): lazy_gettext("The student was told by e-mail that the account is active."),
    ("letters", "sent password_changed", DONE): lazy_gettext("The student was told by e-mail of the new password."),
    ("letters", "sent too_many_tries", DONE): lazy_gettext("After many failed tries a link was sent by e-mail."),
    ("letters", "sent mailbox_name_taken", DONE): lazy_gettext(
        "The student was asked by e-mail to choose another name for the mailbox."
    ),
    ("letters", "sent mailbox_ready", DONE): lazy_gettext("The student was told by e-mail that the mailbox works."),
    ("letters", "activation", REFUSED): lazy_gettext("A letter about the account could not be sent."),
    ("letters", "email_code", REFUSED): lazy_gettext("The code for creating the account could not be sent."),
    ("letters", "recovery", REFUSED): lazy_gettext("The code for a new password could not be sent."),
    ("letters", "activated", REFUSED): lazy_gettext("The letter that the account is active could not be sent."),
    ("letters", "password_changed", REFUSED): lazy_gettext("The letter about the new password could not be sent."),
    ("letters", "too_many_tries", REFUSED): lazy_gettext("The letter about many failed tries could not be sent."),
    ("letters", "mailbox_name_taken", REFUSED): lazy_gettext(
        "The letter that asks for another name for the mailbox could not be sent."
    ),
    ("letters", "mailbox_ready", REFUSED): lazy_gettext("The letter that the mailbox works could not be sent."),
    ("letters", "sent mailbox_closing", DONE): lazy_gettext(
        "The student was told by e-mail that the mailbox is being closed."
    ),
    ("letters", "mailbox_closing", REFUSED): lazy_gettext(
        "The letter that the mailbox is being closed could not be sent."
    ),
    ("letters", "sent mailbox_ends", DONE): lazy_gettext("The student was told by e-mail when the mail ends."),
    ("letters", "mailbox_ends", REFUSED): lazy_gettext("The letter about the end of the mail could not be sent."),
    ("letters", "sent mailbox_deletion", DONE): lazy_gettext(
        "The student was told by e-mail when the account at Microsoft is deleted."
    ),
    ("letters", "mailbox_deletion", REFUSED): lazy_gettext(
        "The letter about the deletion at Microsoft could not be sent."
    ),
    ("letters", "sent mailbox_back", DONE): lazy_gettext(
        "The student was told by e-mail that the mailbox is open again."
    ),
    ("letters", "mailbox_back", REFUSED): lazy_gettext("The letter that the mailbox is open again could not be sent."),
    ("letters", "sent mailbox_renamed", DONE): lazy_gettext("The student was told by e-mail of the new address."),
    ("letters", "mailbox_renamed", REFUSED): lazy_gettext("The letter about the new address could not be sent."),
    ("letters", "sent mailbox_not_renamed", DONE): lazy_gettext(
        "The student was told by e-mail that the new address could not be given."
    ),
    ("letters", "mailbox_not_renamed", REFUSED): lazy_gettext(
        "The letter that the new address could not be given could not be sent."
    ),
    ("mailbox_life", "block announced", DONE): lazy_gettext(
        "The end of the studies was noticed; the day on which the mailbox is closed was announced."
    ),
    ("mailbox_life", "withdraw announced", DONE): lazy_gettext(
        "The day on which the licence and the mail end was announced."
    ),
    ("mailbox_life", "erase announced", DONE): lazy_gettext(
        "The day from which the user may be deleted was announced."
    ),
    ("mailbox_life", "mailbox blocked", DONE): lazy_gettext("Nobody can sign in to the mailbox any more."),
    ("mailbox_life", "mailbox unlicensed", DONE): lazy_gettext("The mailbox has no licence any more."),
    ("mailbox_life", "mailbox deleted", DONE): lazy_gettext(
        "The user at Microsoft is deleted; for 30 days it can be restored."
    ),
    ("mailbox_life", "mailbox gone", DONE): lazy_gettext(
        "The user at Microsoft is gone for good; the addresses stay blocked."
    ),
    ("mailbox_life", "mailbox reopened", DONE): lazy_gettext("The student studies here again; the mailbox is open."),
    ("mailbox_life", "rename offered", DONE): lazy_gettext(
        "The name has changed; another address is offered to the student."
    ),
    ("mailbox_life", "rename asked", DONE): lazy_gettext("Another address was asked for; it is reserved."),
    ("mailbox_life", "rename declined", DONE): lazy_gettext("The student keeps the address in spite of the new name."),
    ("mailbox_life", "rename arriving", DONE): lazy_gettext(
        "Mail arrives at the new address, and at the old one as before."
    ),
    ("mailbox_life", "rename moving", DONE): lazy_gettext("The sign-in is being moved to the new address."),
    ("mailbox_life", "rename moved", DONE): lazy_gettext(
        "The mailbox has its new address; the old one leads to it for good."
    ),
    ("mailbox_life", "rename refused", REFUSED): lazy_gettext("The new address could not be given; the old one works."),
    ("letters", "sent fee_reminder", DONE): lazy_gettext("The student was reminded of a fee by e-mail."),
    ("letters", "fee_reminder", REFUSED): lazy_gettext("The letter about a fee could not be sent."),
    ("receivables", "receivable new", DONE): lazy_gettext("The student is asked for a fee."),
    ("receivables", "receivable corrected", DONE): lazy_gettext("A fee was corrected."),
    ("receivables", "receivable cancelled", DONE): lazy_gettext("A fee was cancelled."),
    ("receivables", "reminder queued", DONE): lazy_gettext("A letter about a fee is due."),
    ("portal", "account activated", DONE): lazy_gettext("The student chose a password: the account is active."),
    ("portal", "password recovered", DONE): lazy_gettext("The student chose a new password with a code or a link."),
    ("portal", "password changed", DONE): lazy_gettext("The student changed the password."),
    ("portal", "password change", REFUSED): lazy_gettext("A try to change the password failed."),
    ("portal", "mailbox password", DONE): lazy_gettext("Microsoft has the student's password, too."),
    ("portal", "mailbox password", REFUSED): lazy_gettext("Microsoft's rules refuse the student's password."),
    ("portal", "mailbox password", FAILED): lazy_gettext("The password could not be written at Microsoft."),
    ("portal", "signed in", DONE): lazy_gettext("The student signed in for the first time."),
    ("portal", "sign-in", REFUSED): lazy_gettext("A try to sign in failed."),
    ("portal", "turned away: mismatch", REFUSED): lazy_gettext("A try to create the account failed."),
    ("portal", "turned away: wait", REFUSED): lazy_gettext("After many failed tries the portal asked to wait."),
    ("portal", "turned away: wrong_code", REFUSED): lazy_gettext("A code was typed that does not open anything."),
    ("portal", "turned away: link", REFUSED): lazy_gettext("A link was opened that is used up or too old."),
    ("portal", "turned away: active", REFUSED): lazy_gettext("A try to create an account that is active already."),
    ("portal", "turned away: left", REFUSED): lazy_gettext("A try by somebody who is no student any more."),
    ("portal", "turned away: used", REFUSED): lazy_gettext("A code or a link was used a second time."),
    ("portal", "turned away: no_entry", REFUSED): lazy_gettext("The account was not made in the directory yet."),
    ("mailboxes", "mailbox requested", DONE): lazy_gettext("The student asked for a mailbox."),
    ("mailboxes", "mailbox created", DONE): lazy_gettext("Microsoft knows the student; the licence is missing yet."),
    ("mailboxes", "mailbox awaited", DONE): lazy_gettext("Microsoft knows the student and is making the mailbox."),
    ("mailboxes", "mailbox opened", DONE): lazy_gettext("The mailbox is there; the alias is missing yet."),
    ("mailboxes", "mailbox aliased", DONE): lazy_gettext("Microsoft has taken the alias; it is not to be seen yet."),
    ("mailboxes", "mailbox stuck", DONE): lazy_gettext("The mailbox does not get on by itself any more."),
    ("mailboxes", "mailbox retried", DONE): lazy_gettext("Microsoft is asked once more for the mailbox."),
    ("mailboxes", "mailbox verified", DONE): lazy_gettext("The mailbox and its alias were seen to work."),
    ("mailboxes", "mailbox conflict", DONE): lazy_gettext("Microsoft has given the address to somebody else."),
    ("usos", "id found", DONE): lazy_gettext("The student was found in USOS by album number."),
    ("usos", "link awaited", DONE): lazy_gettext("USOS does not show this person yet."),
    ("usos", "link person", DONE): lazy_gettext("USOS shows the person; the study is not active there yet."),
    ("usos", "link active", DONE): lazy_gettext("USOS shows an active study; it does not hold the address yet."),
    ("usos", "link requested", DONE): lazy_gettext("USOS has accepted the address; it is not to be seen there yet."),
    ("usos", "link linked", DONE): lazy_gettext("USOS was seen to hold the address; USOSweb takes it over next."),
    ("usos", "link verified", DONE): lazy_gettext("USOSweb can let the student in."),
    ("usos", "link conflict", REFUSED): lazy_gettext("USOS has another album number under this student's USOS id."),
    ("usos", "link stuck", DONE): lazy_gettext("The way into USOS does not go on by itself any more."),
    ("letters", "sent usos_ready", DONE): lazy_gettext("The student was told by e-mail that USOSweb is open."),
    ("letters", "usos_ready", REFUSED): lazy_gettext("The letter that USOSweb is open could not be sent."),
    ("desk", "link retried", DONE): lazy_gettext("The desk had USOS asked once more."),
    ("payment_accounts", "number from usos", DONE): lazy_gettext("The account number was read from USOS."),
    ("payment_accounts", "number from imported", DONE): lazy_gettext("The account number was taken from a list."),
    ("payment_accounts", "number from assigned", DONE): lazy_gettext("An account number was assigned."),
    ("payments", "payment exact", DONE): lazy_gettext("A payment of just what was owed was booked."),
    ("payments", "payment part", DONE): lazy_gettext("A payment of a part of what was owed was booked."),
    ("payments", "payment excess", DONE): lazy_gettext("A payment of more than was owed was booked."),
    ("payments", "payment owed on another account", DONE): lazy_gettext(
        "A payment was booked on an account on which nothing was owed, while something was on another."
    ),
    ("payments", "payment in advance", DONE): lazy_gettext("A payment was booked while nothing was owed."),
    ("payments", "payment refund", DONE): lazy_gettext("Money was given back to the student."),
    ("payments", "payment reversal", DONE): lazy_gettext("The bank has taken a payment back."),
    ("payments", "payer forgotten", DONE): lazy_gettext("What a payment's payer wrote was deleted after its time."),
    ("desk", "payment assigned", DONE): lazy_gettext("The desk booked a payment that waited."),
    ("desk", "payment taken back", DONE): lazy_gettext("The desk took the booking of a payment back."),
    ("desk", "contact corrected", DONE): lazy_gettext("The desk corrected the contact address."),
    ("desk", "letter asked for", DONE): lazy_gettext("The desk had the album number letter sent again."),
    ("desk", "mailbox hurried", DONE): lazy_gettext("The desk had the mailbox looked at at once."),
    ("desk", "unlocked", DONE): lazy_gettext("The desk ended the lock by wrong passwords."),
    ("desk", "waits ended", DONE): lazy_gettext("The desk ended the waits between tries."),
    ("desk", "code handed out", DONE): lazy_gettext("The desk handed out a one-time code."),
}
"""What is written under one name each."""

STEPS: Mapping[tuple[str, str, str], Any] = {
    ("directory", "add", DONE): lazy_gettext("The account was made in the directory, locked until it is activated."),
    ("directory", "add", REFUSED): lazy_gettext("The directory refused to make the account."),
    ("directory", "add", FAILED): lazy_gettext("The account could not be made now; the next run tries again."),
    ("directory", "change", DONE): lazy_gettext("The directory was brought up to date."),
    ("directory", "change", REFUSED): lazy_gettext("The directory refused a change."),
    ("directory", "change", FAILED): lazy_gettext("The directory could not be changed now; the next run tries again."),
    ("directory", "lock", DONE): lazy_gettext("The account was locked."),
    ("directory", "lock", REFUSED): lazy_gettext("The directory refused to lock the account."),
    ("directory", "lock", FAILED): lazy_gettext("The account could not be locked now; the next run tries again."),
    ("directory", "unlock", DONE): lazy_gettext("The account was unlocked."),
    ("directory", "unlock", REFUSED): lazy_gettext("The directory refused to unlock the account."),
    ("directory", "unlock", FAILED): lazy_gettext("The account could not be unlocked now; the next run tries again."),
    ("mailboxes", "add", DONE): lazy_gettext("The student was entered at Microsoft; the mailbox follows."),
    ("mailboxes", "add", REFUSED): lazy_gettext("Microsoft refused to enter the student."),
    ("mailboxes", "add", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailboxes", "change", DONE): lazy_gettext("Microsoft took over what was missing."),
    ("mailboxes", "change", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailboxes", "change", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailboxes", "lock", REFUSED): lazy_gettext("The mailbox cannot be locked from here."),
    ("mailboxes", "unlock", REFUSED): lazy_gettext("The mailbox cannot be unlocked from here."),
    ("mailbox_life", "block", DONE): lazy_gettext("Microsoft was asked to let nobody sign in to the mailbox."),
    ("mailbox_life", "block", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailbox_life", "block", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailbox_life", "withdraw", DONE): lazy_gettext("Microsoft was asked to take the licence away."),
    ("mailbox_life", "withdraw", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailbox_life", "withdraw", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailbox_life", "erase", DONE): lazy_gettext("Microsoft was asked to delete the user."),
    ("mailbox_life", "erase", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailbox_life", "erase", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailbox_life", "reopen", DONE): lazy_gettext("Microsoft was asked to open the mailbox again."),
    ("mailbox_life", "reopen", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailbox_life", "reopen", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailbox_life", "rename", DONE): lazy_gettext("The new address was written at Microsoft."),
    ("mailbox_life", "rename", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailbox_life", "rename", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("mailbox_life", "repair", DONE): lazy_gettext("What somebody else had changed at Microsoft was put right."),
    ("mailbox_life", "repair", REFUSED): lazy_gettext("Microsoft refused a change."),
    ("mailbox_life", "repair", FAILED): lazy_gettext("Microsoft could not be reached; it is tried again by itself."),
    ("usos", "add", DONE): lazy_gettext("USOS was asked to link the university address to this person."),
    ("usos", "add", REFUSED): lazy_gettext("USOS refused to link the university address."),
    ("usos", "add", FAILED): lazy_gettext("USOS could not be reached; the next run tries again."),
    ("usos", "change", DONE): lazy_gettext("USOS was asked to replace the address of this person."),
    ("usos", "change", REFUSED): lazy_gettext("USOS refused to replace the address."),
    ("usos", "change", FAILED): lazy_gettext("USOS could not be reached; the next run tries again."),
    ("usos", "lock", REFUSED): lazy_gettext("A person in USOS cannot be locked from here."),
    ("usos", "unlock", REFUSED): lazy_gettext("A person in USOS cannot be unlocked from here."),
}
"""What runs do; the names of the fields that changed follow the step."""

FIELDS: Mapping[str, Any] = {
    "uid": lazy_gettext("user name"),
    "surname": lazy_gettext("surname"),
    "given_name": lazy_gettext("given name"),
    "display_name": lazy_gettext("name shown"),
    "mail": lazy_gettext("mail address"),
    "local_addresses": lazy_gettext("mail addresses"),
    "principal_name": lazy_gettext("network name"),
    "affiliations": lazy_gettext("affiliation"),
    "scoped_affiliations": lazy_gettext("affiliation"),
    "home_organization": lazy_gettext("university"),
    "personal_unique_code": lazy_gettext("European student identifier"),
    "language": lazy_gettext("language"),
    "primary": lazy_gettext("mail address"),
    "licensed": lazy_gettext("licence"),
    "ready": lazy_gettext("mailbox"),
    "aliased": lazy_gettext("album alias"),
    "email": lazy_gettext("mail address"),
}
"""The fields of the far systems."""

TELLING = frozenset(
    {
        ("mailboxes", "mailbox conflict"),
        ("mailboxes", "mailbox stuck"),
        ("usos", "link stuck"),
        ("recruitment", "admitted"),
        ("recruitment", "data changed"),
        *(("receivables", f"receivable {step}") for step in ("new", "corrected", "cancelled")),
        *(("payments", f"payment {note}") for note in Note),
    }
)
"""Steps that went well and whose detail still says something to a clerk."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line of the journal in words, what was said about it, and by whom it was caused."""

    text: str
    said: str
    who: str


def in_words(system: str, step: str, result: str, detail: str, actor: str) -> Sentence:
    """Return a line of the journal as a clerk reads it."""
    told = result != DONE or system == "desk" or (system, step) in TELLING
    said = str(CAUSES.get(detail, detail)) if told else ""
    return Sentence(_text(system, step, result), said, _who(actor))


def is_known(system: str, step: str, result: str) -> bool:
    """Tell whether there are words for a step."""
    kind, *fields = step.split()
    known_fields = all(field in FIELDS for field in fields[: -1 if len(step) == LONGEST_STEP else None])
    return (system, step, result) in SENTENCES or ((system, kind, result) in STEPS and known_fields)


LONGEST_STEP = 60
"""The journal cuts a longer step off, so its last word may be a part of one."""


def _text(system: str, step: str, result: str) -> str:
    if (system, step, result) in SENTENCES:
        return str(SENTENCES[system, step, result])
    kind, *fields = step.split() or [""]
    sentence = STEPS.get((system, kind, result))
    if sentence is None:
        return str(gettext("%(system)s: %(step)s (%(result)s)", system=system, step=step, result=result))
    named = ", ".join(dict.fromkeys(str(FIELDS[field]) for field in fields if field in FIELDS))
    return f"{sentence} ({named})" if named else str(sentence)


def _who(actor: str) -> str:
    kind, _, name = actor.partition(" ")
    match kind:
        case "student":
            return str(gettext("the student"))
        case "staff":
            return name
        case "visitor":
            return str(gettext("a visitor"))
        case "cli":
            return str(gettext("%(name)s, at the command line", name=name))
    return str(gettext("a run by itself"))


CAUSES: Mapping[str, Any] = {
    "unknown": lazy_gettext("no student has what was typed"),
    "pesel_differs": lazy_gettext("the PESEL typed differs from recruitment's"),
    "document_differs": lazy_gettext("the document typed differs from recruitment's"),
    "birth_date_differs": lazy_gettext("the date of birth typed differs from recruitment's"),
    "surname_differs": lazy_gettext("the surname typed differs from recruitment's"),
    "wrong_album": lazy_gettext("the album number typed is not that of the letter"),
    "wrong_password": lazy_gettext("a wrong password"),
    "wrong_code": lazy_gettext("a wrong code"),
    "expired_code": lazy_gettext("a code that was too old, used, or tried too often"),
    "barred": lazy_gettext("no student any more, so there is no sign-in"),
    "refused": lazy_gettext("a wrong user name or password of the staff, or none of the desk's groups"),
    "locked": lazy_gettext("the account is locked for 15 minutes by wrong passwords, here, in Wi-Fi or in USOSweb"),
    "not_activated": lazy_gettext("the account is not activated yet"),
    "unjudged": lazy_gettext("the directory did not answer"),
    "throttled": lazy_gettext("too many tries in a short time: asked to wait"),
    "spared": lazy_gettext("too many tries at this account: not passed on"),
    "unfinished": lazy_gettext("the try was broken off"),
    "asked": lazy_gettext("a letter was asked for"),
    "active": lazy_gettext("the account is active already"),
    "left": lazy_gettext("no student any more"),
    "no_entry": lazy_gettext("the account was not made in the directory yet"),
    "number awaited": lazy_gettext("the album number is not known yet"),
}
"""Why a try failed."""

DOORS: Mapping[str, Any] = {
    "sign-in": lazy_gettext("sign in"),
    "activate": lazy_gettext("create the account"),
    "code": lazy_gettext("type a code"),
    "recover": lazy_gettext("forgotten password"),
    "office-code": lazy_gettext("type the office's code"),
    "staff": lazy_gettext("sign in at the desk"),
}
"""What was tried."""


def cause_in_words(cause: str) -> str:
    """Return why a try failed, or that it did not."""
    return str(CAUSES.get(cause, cause) if cause else gettext("succeeded"))


def door_in_words(door: str) -> str:
    """Return what was tried."""
    return str(DOORS.get(door, door))
