"""The mailbox: choosing a name, asking for it, and following it until it works."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_way import way_of
from estudent.domain.progress import Step
from estudent.domain.student import MailboxState, Student
from estudent.portal.forms import tidied
from estudent.portal.here import campus, for_students, this_student
from estudent.portal.mailbox_password import asked_of
from estudent.portal.name_form import LONGEST_TYPED, told, without_domain
from estudent.portal.name_pages import NamePages, alias_of
from estudent.portal.page import show
from estudent.portal.security import limiter
from estudent.portal.steps import whose

pages = Blueprint("mailbox", __name__, url_prefix="/mailbox")


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
    return _way.choose()


@pages.post("/new")
@limiter.limit("60 per minute", key_func=whose)
@for_students
def confirm() -> Response:
    """Show what would be made."""
    return _way.confirm()


@pages.post("/request")
@limiter.limit("30 per minute", key_func=whose)
@for_students
def ask() -> Response:
    """Reserve the address and ask for the mailbox."""
    return _way.ask()


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


def _state(student: Student) -> dict[str, Any]:
    progress = campus().follow_steps(student)
    return {
        "progress": progress,
        "mailbox": progress[Step.MAILBOX],
        "way": way_of(student.mailbox_state, campus().trail.of(student.key)),
        "alias": alias_of(student),
        "confirm_password": asked_of(student),
    }


_way = NamePages(
    endpoints="mailbox",
    choosing="portal/mailbox_choose.html",
    confirming="portal/mailbox_confirm.html",
    is_offered=may_choose,
    reserve=lambda student, name: campus().ask_for_mailbox.ask(student.album, name),
)
