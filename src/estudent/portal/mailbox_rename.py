"""Another address after a change of name: offered on the mailbox's page, chosen, shown once more, and asked for."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from estudent.domain.student import Student
from estudent.portal.here import campus, for_students, this_student
from estudent.portal.name_pages import NamePages
from estudent.portal.security import limiter
from estudent.portal.steps import whose

pages = Blueprint("mailbox_rename", __name__, url_prefix="/mailbox/rename")


@pages.get("")
@for_students
def choose() -> Response:
    """Let the student choose another address."""
    return _way.choose()


@pages.post("")
@limiter.limit("60 per minute", key_func=whose)
@for_students
def confirm() -> Response:
    """Show what changes and what stays."""
    return _way.confirm()


@pages.post("/request")
@limiter.limit("30 per minute", key_func=whose)
@for_students
def ask() -> Response:
    """Reserve the address; the next run moves the mailbox."""
    return _way.ask()


@pages.post("/keep")
@limiter.limit("30 per minute", key_func=whose)
@for_students
def keep() -> Response:
    """Keep the address in spite of the new name."""
    campus().ask_for_new_address.decline(this_student().album)
    return redirect(url_for("mailbox.front"), 303)


def is_offered(student: Student) -> bool:
    """Tell whether the student may choose another address now."""
    return student.rename is not None and student.rename.is_offered and student.working_mailbox is not None


_way = NamePages(
    endpoints="mailbox_rename",
    choosing="portal/mailbox_rename.html",
    confirming="portal/mailbox_rename_confirm.html",
    is_offered=is_offered,
    reserve=lambda student, name: campus().ask_for_new_address.ask(student.album, name),
)
