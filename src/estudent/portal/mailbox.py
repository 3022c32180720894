"""The mailbox: choosing a name, asking for it, and following it until it works."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_name import NameFault, fault_of
from estudent.domain.mailbox_way import way_of
from estudent.domain.progress import Step
from estudent.domain.student import MailboxState, Student
from estudent.portal.forms import tidied
from estudent.portal.here import campus, for_students, this_student
from estudent.portal.mailbox_password import asked_of
from estudent.portal.name_form import LONGEST_TYPED, OWN, NameForm, WishForm, told, without_domain
from estudent.portal.page import show
from estudent.portal.security import limiter
from estudent.portal.steps import whose
from estudent.ports import AlreadyExists, Refused, TooAlike

pages = Blueprint("mailbox", __name__, url_prefix="/mailbox")
SUGGESTED = 4


@pages.get("")
@for_students
def front() -> Response:
    """Show what the mailbox is for, how far it is, and that it works."""
    return show("portal/mailbox.html", **_state(this_student()))


@pages.get("/live")
@limiter.limit("60 per minute", key_func=whose)
@for_students
def live() -> Response:
    """Return the state alone, for the script that follows it."""
    return show("portal/mailbox_state.html", **_state(this_student()))


@pages.get("/new")
@for_students
def new() -> Response:
    """Let the student choose a name."""
    return _choose(NameForm()) if may_choose(this_student()) else redirect(url_for("mailbox.front"))


@pages.post("/new")
@limiter.limit("60 per minute", key_func=whose)
@for_students
def confirm() -> Response:
    """Show what would be made before it is asked for, since it stays for all the years of study."""
    student, form = this_student(), NameForm()
    if not may_choose(student):
        return redirect(url_for("mailbox.front"), 303)
    if not form.validate() or "again" in request.form:
        return _choose(form)
    fault = campus().ask_for_mailbox.fault_of(student, form.wanted)
    if fault:
        return _refuse(form, fault)
    name = form.wanted.lower()
    return show("portal/mailbox_confirm.html", form=WishForm(name=name), name=name, alias=alias_of(student))


@pages.post("/request")
@limiter.limit("30 per minute", key_func=whose)
@for_students
def ask() -> Response:
    """Reserve the address and ask for the mailbox; whoever was slower than somebody else chooses again."""
    student, form = this_student(), WishForm()
    wanted = without_domain(form.name.data or "")
    again = NameForm(formdata=None, name=wanted[:LONGEST_TYPED])
    try:
        campus().ask_for_mailbox.ask(student.album, wanted)
    except ValueError:
        return _refuse(again, fault_of(wanted.lower()) or NameFault.CHARACTERS)
    except TooAlike:
        return _refuse(again, NameFault.LIKE_TAKEN)
    except AlreadyExists:
        return _refuse(again, NameFault.TAKEN)
    except Refused:
        pass  # a mailbox is not owed any more; the next page says so
    return redirect(url_for("mailbox.front"), 303)


@pages.post("/check")
@limiter.limit("90 per minute", key_func=whose)
@for_students
def check() -> Response:
    """Tell whether the student could have this name, while it is being typed."""
    wanted = without_domain(tidied(request.form.get("name", "")[: LONGEST_TYPED + 1]))
    fault = campus().ask_for_mailbox.fault_of(this_student(), wanted)
    address = f"{wanted.lower()}@{campus().domain}"
    return jsonify(free=fault is None, text=told(fault) if fault else gettext("%(address)s is free.", address=address))


def may_choose(student: Student) -> bool:
    """Tell whether it is the student's turn to choose a name."""
    unsettled = student.mailbox is None or student.mailbox_state is MailboxState.CONFLICT
    return unsettled and student.is_owed(Owed.MAILBOX)


def alias_of(student: Student) -> str:
    """Return the second address of a student's mailbox."""
    return f"{student.album.login}@{campus().domain}"


def _state(student: Student) -> dict[str, Any]:
    progress = campus().follow_steps(student)
    return {
        "progress": progress,
        "mailbox": progress[Step.MAILBOX],
        "way": way_of(student.mailbox_state, campus().trail.of(student.key)),
        "alias": alias_of(student),
        "confirm_password": asked_of(student),
    }


def _choose(form: NameForm) -> Response:
    names = campus().ask_for_mailbox.free_names(this_student().album, SUGGESTED)
    form.choice.choices = [(name, Markup("{}<wbr>@{}").format(name, campus().domain)) for name in names]
    form.choice.choices.append((OWN, gettext("A name of my own")))
    if form.choice.data not in names:
        form.choice.data = OWN if form.name.data else names[0]
    return show("portal/mailbox_choose.html", 422 if form.errors else 200, form=form, alias=alias_of(this_student()))


def _refuse(form: NameForm, fault: NameFault) -> Response:
    form.name.data = form.wanted[:LONGEST_TYPED]
    form.name.errors = [told(fault)]
    return _choose(form)
