"""Payments that wait for a clerk: why, whose they might be, and what the clerk decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Optional

from estudent.domain.album_number import AlbumNumber
from estudent.domain.booking_rules import Note, Unmatched
from estudent.domain.nrb import SchemeUse, in_groups
from estudent.domain.unmatched_line import Clue, DeskLine, Suggestion
from estudent.portal.desk.blueprint import pages
from estudent.portal.desk.forms import ReasonedForm
from estudent.portal.fees import PURPOSES
from estudent.portal.here import campus, for_staff
from estudent.portal.page import show
from estudent.ports import Fate, Misconfigured, Role

SHOWN = 200
LINE = "/payments/<int(max=9223372036854775807):key>"
"""Where a line is; databases hold no larger key."""

WHY: Mapping[str, Any] = {
    Unmatched.NO_AMOUNT: lazy_gettext("The amount is zero."),
    Unmatched.NO_BOOKING_DATE: lazy_gettext("The bank does not say when it was booked; that date decides."),
    Unmatched.FUTURE_DATE: lazy_gettext("Its booking date lies in the future."),
    Unmatched.REFERENCE_USED_AGAIN: lazy_gettext("Its reference was used before, with another amount or account."),
    Unmatched.TOLD_BEFORE: lazy_gettext(
        "Another file of the bank has told of this amount, account and day. If it is the same payment, set it aside."
    ),
    Unmatched.NO_ACCOUNT: lazy_gettext("It names no individual account."),
    Unmatched.WRONG_ACCOUNT_NUMBER: lazy_gettext("The check digits of its account number are wrong."),
    Unmatched.UNKNOWN_ACCOUNT: lazy_gettext("No student has this account."),
    Unmatched.FOREIGN_CURRENCY: lazy_gettext("Its currency is not taken."),
    Unmatched.MORE_THAN_OWED: lazy_gettext("It is more than is owed."),
    Unmatched.OTHER_PURPOSE: lazy_gettext("Nothing is owed on this account, but on another of the student."),
    Unmatched.NOTHING_OWED: lazy_gettext("Nothing is owed yet."),
    Unmatched.REFUND: lazy_gettext("Money was given back; the rules ask a person."),
    Unmatched.REVERSAL_WITHOUT_PAYMENT: lazy_gettext("It takes back a payment that was not booked here."),
    Unmatched.UNDONE: lazy_gettext("A clerk took it back."),
}
NOTES: Mapping[str, Any] = {
    Note.EXACT: lazy_gettext("just what was owed"),
    Note.PART: lazy_gettext("a part of what was owed"),
    Note.EXCESS: lazy_gettext("more than was owed"),
    Note.OTHER_PURPOSE: lazy_gettext("something was owed on another account"),
    Note.EARLY: lazy_gettext("in advance"),
    Note.REFUND: lazy_gettext("given back"),
    Note.REVERSAL: lazy_gettext("taken back by the bank"),
}
CLUES: Mapping[Clue, Any] = {
    Clue.ALBUM_NUMBER: lazy_gettext("the album number stands in the title"),
    Clue.NEAR_ACCOUNT: lazy_gettext("the account number differs by a typing error"),
    Clue.NAME: lazy_gettext("the name"),
}
FATES: Mapping[Fate, Any] = {
    Fate.UNMATCHED: lazy_gettext("waiting"),
    Fate.BOOKED: lazy_gettext("booked"),
    Fate.ASIDE: lazy_gettext("set aside"),
}


class AssignForm(ReasonedForm):
    """Whose a payment is; the day is asked for where the bank does not tell it."""

    account = SelectField(lazy_gettext("Account"), [InputRequired(lazy_gettext("Please fill this in."))], coerce=int)
    day = DateField(lazy_gettext("Booking date"), validators=[Optional()])


@pages.get("/payments")
@for_staff(Role.READER)
def payments() -> Response:
    """Show payments that wait, or those that were booked or set aside."""
    wanted = request.args.get("state", "")
    fate = next((each for each in FATES if each.value == wanted), Fate.UNMATCHED)
    desk = campus().payment_desk
    return show(
        "portal/desk/payments.html",
        lines=[(line, reason_in_words(line)) for line in desk.lines(fate, SHOWN)],
        fate=fate,
        fates=FATES,
        counts=desk.counts(),
        gaps=[(gap, in_groups(gap.after.account, 2)) for gap in campus().watch_statements.gaps()],
        short=[(each, in_groups(each.scheme.start)) for each in _short_schemes()],
        purposes=PURPOSES,
    )


def _short_schemes() -> list[SchemeUse]:
    """Return the schemes that run out; wrong settings of theirs are the doctor's business and bar no clerk."""
    try:
        return campus().schemes.short()
    except Misconfigured:
        return []


@pages.get(LINE)
@for_staff(Role.READER)
def payment(key: int) -> Response:
    """Show one payment, whose it might be, and what can be decided."""
    return _page(_line(key))


@pages.post(f"{LINE}/assign")
@for_staff(Role.CLERK)
def assign_payment(key: int) -> Response:
    """Book a payment that waits on the account that the clerk chose."""
    line = _line(key)
    offered = _offered(line)
    form = _assign_form(offered)
    if not form.validate():
        return _page(line, assign=form, status=400)
    day = form.day.data if line.line.booking_date is None else None
    if day and day > campus().today():
        form.day.errors = [gettext("This day is still to come.")]
        return _page(line, assign=form, status=400)
    return _done(key, campus().payment_desk.assign(key, form.account.data, day, str(form.why)))


@pages.post(f"{LINE}/aside")
@for_staff(Role.CLERK)
def set_payment_aside(key: int) -> Response:
    """Say of a payment that it is no student's."""
    return _decide(key, "aside", campus().payment_desk.set_aside)


@pages.post(f"{LINE}/undo")
@for_staff(Role.CLERK)
def undo_payment(key: int) -> Response:
    """Take back what was decided."""
    return _decide(key, "undo", campus().payment_desk.undo)


def reason_in_words(line: DeskLine) -> str:
    """Return why a line waits, or how it relates to what was owed."""
    words = WHY if line.state == Fate.UNMATCHED else NOTES
    return str(words.get(line.reason, ""))


def _decide(key: int, name: str, decide: Callable[[int, str], bool]) -> Response:
    form = ReasonedForm(prefix=f"{name}-")
    if not form.validate():
        return _page(_line(key), status=400, **{name: form})
    return _done(key, decide(key, str(form.why)))


def _done(key: int, done: bool) -> Response:
    if done:
        flash(gettext("This is decided; the journal has it."), "good")
    else:
        flash(gettext("Nothing was changed: somebody else has decided, or the booking date is missing."), "warn")
    return redirect(url_for("desk.payment", key=key), 303)


def _line(key: int) -> DeskLine:
    found = campus().payment_desk.line(key)
    if found is None:
        abort(404)
    return found


def _offered(line: DeskLine) -> list[Suggestion]:
    """Return the accounts that are suggested, or those of the student whose album number was typed."""
    desk, typed = campus().payment_desk, request.values.get("album", "").strip()
    if not typed:
        return desk.suggestions(line.line)
    try:
        return desk.accounts_of(AlbumNumber(typed), line.line)
    except ValueError:
        return []


def _assign_form(offered: list[Suggestion]) -> AssignForm:
    form = AssignForm(prefix="assign-")
    names = [f"{each.album} {each.name}, {PURPOSES.get(each.purpose, each.purpose)}" for each in offered]
    form.account.choices = [(each.account, name) for each, name in zip(offered, names, strict=True)]
    return form


def _page(line: DeskLine, *, status: int = 200, **filled: ReasonedForm) -> Response:
    offered = _offered(line) if line.state == Fate.UNMATCHED else []
    forms = {name: filled.get(name) or ReasonedForm(formdata=None, prefix=f"{name}-") for name in ("aside", "undo")}
    return show(
        "portal/desk/payment.html",
        status,
        line=line,
        reason=reason_in_words(line),
        offered=offered,
        assign=filled.get("assign") or _assign_form(offered),
        clues=CLUES,
        fates=FATES,
        purposes=PURPOSES,
        typed=request.values.get("album", ""),
        asks_for_day=line.line.booking_date is None,
        today=campus().today(),
        **forms,
    )
