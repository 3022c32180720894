"""The desk's first page, and whom a search finds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import redirect, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import Field
from wtforms.validators import StopValidation

from estudent.domain.desk import Found
from estudent.domain.funnel import Circle, Stage
from estudent.portal.desk.blueprint import pages
from estudent.portal.desk.words import STANDINGS, WAITS_FOR
from estudent.portal.forms import Form, TextField
from estudent.portal.here import campus, for_staff
from estudent.portal.journal_words import cause_in_words
from estudent.portal.page import show
from estudent.ports import Rejection, Role

LOOKS_LIKE_A_PESEL = re.compile(r"\D*(?:\d[ \-]?){11}\D*")


def _is_something(_form: Form, field: Field) -> None:
    if not field.data:
        raise StopValidation(gettext("Please fill this in."))


class SearchForm(Form):
    """What a clerk was told."""

    text = TextField(
        lazy_gettext("Album number, name, e-mail or candidate number"), longest=254, validators=[_is_something]
    )


@pages.get("/")
@for_staff(Role.READER)
def front() -> Response:
    """Offer the search, and tell of today in numbers."""
    here = campus()
    zone = ZoneInfo(here.settings.university.time_zone)
    today = here.desk.today(datetime.combine(here.today(), time(), zone))
    counts = here.board.counts(Circle())
    tries = [(cause_in_words(cause), number) for cause, number in today.refused_tries]
    form = SearchForm(formdata=None)
    return show("portal/desk/front.html", form=form, today=today, tries=tries, done=counts[Stage.DONE], counts=counts)


@pages.post("/students")
@for_staff(Role.READER)
def students() -> Response:
    """Show whom the text fits. Names are personal data: they come by POST and stand in no address and no log."""
    form = SearchForm()
    text = form.text.data or ""
    if not form.validate():
        return _results(form, status=400)
    if LOOKS_LIKE_A_PESEL.fullmatch(text):
        form.text.data = ""
        return _results(form, pesel=True)
    found = campus().desk.search(text)
    if len(found.hits) == 1 and found.hits[0].album:
        return redirect(url_for("desk.student", album=str(found.hits[0].album)), 303)
    return _results(form, found, campus().desk.refused_rows([text, text.upper()]))


@pages.get("/students")
@for_staff(Role.READER)
def no_students() -> Response:
    """Lead somebody who reloads the results back to the search."""
    return redirect(url_for("desk.front"))


def _results(
    form: SearchForm,
    found: Found | None = None,
    refused: Sequence[Rejection] = (),
    *,
    pesel: bool = False,
    status: int = 200,
) -> Response:
    return show(
        "portal/desk/students.html",
        status,
        form=form,
        found=found,
        refused=refused,
        pesel=pesel,
        waits_for=WAITS_FOR,
        standings=STANDINGS,
    )
