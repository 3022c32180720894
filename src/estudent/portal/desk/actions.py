"""What a clerk can do for a student: each act has a reason, and a line in the journal with who did it and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, flash, redirect, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from estudent.domain.album_number import AlbumNumber
from estudent.portal.desk.blueprint import pages
from estudent.portal.desk.card import card_page, number
from estudent.portal.desk.forms import FORMS, ContactForm, ReasonedForm
from estudent.portal.here import campus, for_staff, staff
from estudent.portal.page import show
from estudent.ports import NotFound, Refused, Role
from estudent.services.let_go_on import LetGoOn
from estudent.services.resend_letter import Resent
from estudent.services.unlock_account import Unlocked

Told = tuple[Any, str]
"""What became of it, and how it is meant: good, info, warn or bad."""

LETTERS: Mapping[Resent, Told] = {
    Resent.SENT: (lazy_gettext("The letter was handed to the mail server."), "good"),
    Resent.LATER: (lazy_gettext("The mail server does not answer; the next run of the letters sends it."), "warn"),
    Resent.ALREADY: (lazy_gettext("The letter is on its way or was sent moments ago; no second one was sent."), "info"),
    Resent.REFUSED: (lazy_gettext("The mail server refuses this address; the letter was not sent."), "bad"),
}
LOCKS: Mapping[Unlocked, Told] = {
    Unlocked.OPENED: (lazy_gettext("The lock is ended; the student can sign in."), "good"),
    Unlocked.WAITS_ENDED: (lazy_gettext("There was no lock; waits between tries are ended."), "info"),
}


@pages.post("/student/<album>/contact")
@for_staff(Role.CLERK)
def correct_contact(album: str) -> Response:
    """Correct the contact address."""

    def act(whose: AlbumNumber, form: ReasonedForm) -> None:
        assert isinstance(form, ContactForm)  # noqa: S101
        corrected = campus().correct_contact(whose, form.email.data or "", form.why)
        if not corrected.changed:
            flash(gettext("This is the address already; nothing was changed."), "info")
            return
        flash(gettext("The contact address is corrected. What was sent to the old one does not work any more."), "good")
        if corrected.letter:
            _tell(LETTERS[corrected.letter])

    return _carry_out(album, "contact", act)


@pages.post("/student/<album>/letter")
@for_staff(Role.CLERK)
def resend_letter(album: str) -> Response:
    """Send the album number letter again."""
    return _carry_out(album, "letter", lambda whose, form: _tell(LETTERS[campus().resend_letter(whose, form.why)]))


@pages.post("/student/<album>/unlock")
@for_staff(Role.CLERK)
def unlock(album: str) -> Response:
    """End a lock by wrong passwords."""
    return _carry_out(album, "unlock", lambda whose, form: _tell(LOCKS[campus().unlock_account(whose, form.why)]))


@pages.post("/student/<album>/mailbox")
@for_staff(Role.CLERK)
def hurry_mailbox(album: str) -> Response:
    """Let the request for a mailbox have its turn now."""
    told = gettext("The mailbox is looked at within a minute."), gettext("The mailbox has its turn already.")
    return _let_go_on(album, "mailbox", campus().hurry_mailbox, *told)


@pages.post("/student/<album>/link")
@for_staff(Role.CLERK)
def retry_link(album: str) -> Response:
    """Let a stuck way into USOS go on."""
    told = gettext("USOS is looked at within a minute, and asked once more."), gettext("USOS is being asked already.")
    return _let_go_on(album, "link", campus().retry_link, *told)


@pages.post("/student/<album>/code")
@for_staff(Role.CLERK)
def hand_out_code(album: str) -> Response:
    """Show a new one-time code, this once: it stands in no session, so there is nothing to redirect to."""
    whose, form = number(album), FORMS["code"](prefix="code-")
    if not form.validate():
        return card_page(whose, {"code": form}, 400)
    member = staff()
    try:
        code = campus().hand_out_code(whose, member.user if member else "", form.why)
    except NotFound:
        abort(404)
    except Refused:
        return _not_for_them(whose)
    return show("portal/desk/code.html", code=code, album=whose)


def _carry_out(album: str, name: str, act: Callable[[AlbumNumber, ReasonedForm], None]) -> Response:
    whose, form = number(album), FORMS[name](prefix=f"{name}-")
    if not form.validate():
        return card_page(whose, {name: form}, 400)
    try:
        act(whose, form)
    except NotFound:
        abort(404)
    except Refused:
        return _not_for_them(whose)
    return _back_to(whose)


def _let_go_on(album: str, name: str, service: LetGoOn, goes_on: str, already: str) -> Response:
    def act(whose: AlbumNumber, form: ReasonedForm) -> None:
        _tell((goes_on, "good") if service(whose, form.why) else (already, "info"))

    return _carry_out(album, name, act)


def _tell(told: Told) -> None:
    flash(str(told[0]), told[1])


def _not_for_them(whose: AlbumNumber) -> Response:
    flash(gettext("This is of no use to this student now; nothing was changed. Look at where they are."), "warn")
    return _back_to(whose)


def _back_to(whose: AlbumNumber) -> Response:
    return redirect(url_for("desk.student", album=str(whose)), 303)
