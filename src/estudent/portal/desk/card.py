"""One student's page: where they are, what is stuck and why, and what the desk can do about it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort
from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.domain.album_number import AlbumNumber
from estudent.domain.desk import Card
from estudent.domain.fault import Fault
from estudent.domain.funnel import WAY, Stage
from estudent.domain.lifecycle import Owed
from estudent.domain.place import place
from estudent.domain.plan import Lock
from estudent.domain.student import AccountState, Language
from estudent.portal.desk.blueprint import pages
from estudent.portal.desk.columns import column_in_words
from estudent.portal.desk.forms import ReasonedForm, blank
from estudent.portal.desk.words import CODES, HOLDS, LETTERS, MAILBOXES, REACHED, STANDINGS, WAITS_FOR, detail_in_words
from estudent.portal.fees import PURPOSES
from estudent.portal.here import campus, for_staff
from estudent.portal.journal_words import cause_in_words, door_in_words, in_words
from estudent.portal.language import NAMES, language
from estudent.portal.page import show
from estudent.ports import Attempt, Barrier, NotFound, Role, Unavailable
from estudent.services.let_go_on import can_be_hurried, can_be_retried
from estudent.services.recover_password import ASKED
from estudent.services.unlock_account import opens

LINES, TRIES = 100, 30


@pages.get("/student/<album>")
@for_staff(Role.READER)
def student(album: str) -> Response:
    """Show one student."""
    return card_page(number(album))


def number(album: str) -> AlbumNumber:
    """Return the album number in a page's address, or answer that there is no such page."""
    try:
        return AlbumNumber(album)
    except ValueError:
        abort(404)


def card_page(album: AlbumNumber, filled: Mapping[str, ReasonedForm] | None = None, status: int = 200) -> Response:
    """Return a student's page; `filled` is the form that was sent with a fault."""
    here = campus()
    try:
        card = here.desk.card(album)
    except NotFound:
        abort(404)
    barrier, heard = barrier_of(album)
    journal = here.journal.of(card.student.key)
    return show(
        "portal/desk/student.html",
        status,
        card=card,
        way=_way(card.stage),
        hold=HOLDS[card.hold],
        said=detail_in_words(card.hold, card.detail),
        barrier=barrier,
        barrier_words=_barrier_in_words(barrier),
        directory_answers=heard,
        tries=[(each.at, door_in_words(each.door), _failed(each), cause_in_words(each.cause)) for each in _tries(card)],
        refused=here.desk.refused_rows(sorted({study.candidate for study in card.studies})),
        journal=[(line.at, line.result, in_words(*_parts(line), line.actor)) for line in reversed(journal[-LINES:])],
        journal_length=len(journal),
        forms={**blank(), **(filled or {})},
        opened=next(iter(filled or {}), ""),
        offers=offers(card, barrier),
        purposes=PURPOSES,
        column=column_in_words,
        language_name=NAMES[Language(card.student.language)],
        problem=problem_in_words,
        remedy=remedy_in_words,
        place=place,
        letter_names=LETTERS,
        code_names=CODES,
        mailbox_states=MAILBOXES,
        waits_for=WAITS_FOR,
        standings=STANDINGS,
    )


def offers(card: Card, barrier: Barrier | None) -> frozenset[str]:
    """Return the acts that are of use to this student now."""
    student = card.student
    prepared = student.account is AccountState.PREPARED
    useful = {
        "contact": student.is_owed(Owed.SIGN_IN),
        "code": student.is_owed(Owed.SIGN_IN),
        "letter": prepared and student.is_owed(Owed.LETTER),
        "unlock": student.is_owed(Owed.SIGN_IN) and (barrier is None or barrier.lock is not Lock.BARRED),
        "mailbox": can_be_hurried(student),
        "link": can_be_retried(student),
    }
    return frozenset(name for name, is_of_use in useful.items() if is_of_use)


def barrier_of(album: AlbumNumber) -> tuple[Barrier | None, bool]:
    """Return what keeps the student out, and whether the directory answered; the rest of the page is of use anyway."""
    try:
        return campus().passwords.barrier(album), True
    except NotFound:
        return None, True
    except Unavailable:
        return None, False


def problem_in_words(fault: Fault) -> str:
    """Return what is wrong with a row; the feeds' texts are in Polish and English."""
    return fault.problem(_text_language())


def remedy_in_words(fault: Fault) -> str:
    """Return what would be right."""
    return fault.remedy(_text_language())


def _text_language() -> str:
    return "pl" if language() is Language.POLISH else "en"


def _way(stage: Stage) -> list[tuple[Any, str]]:
    """Return each step of the way with whether it is behind the student, next, or still to come."""
    if stage is Stage.LEFT:
        return []
    at = WAY.index(stage)
    states = ["good" if step < at else "warn" if step == at else "" for step in range(len(REACHED))]
    return list(zip(REACHED.values(), states, strict=True))


def _barrier_in_words(barrier: Barrier | None) -> str:
    if barrier is None:
        return str(gettext("Nothing bars the account."))
    if opens(barrier):
        return str(gettext("Locked by wrong passwords; the desk can end it."))
    if barrier.lock is Lock.UNTIL_ACTIVATED:
        return str(gettext("Locked until the student activates the account."))
    return str(gettext("Locked for good, since the student has left."))


def _tries(card: Card) -> list[Attempt]:
    return campus().attempts.of(card.student.key, TRIES)


def _failed(attempt: Attempt) -> bool:
    return attempt.cause not in ("", ASKED)


def _parts(line: Any) -> tuple[str, str, str, str]:
    return line.system, line.step, line.result, line.detail
