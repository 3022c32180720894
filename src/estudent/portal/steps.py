"""My steps: the manual's five steps as a checklist that follows by itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, session
from werkzeug.wrappers import Response

from estudent.domain.student import Student
from estudent.portal.here import campus, for_students, this_student
from estudent.portal.mailbox_password import asked_of
from estudent.portal.page import show
from estudent.portal.security import limiter

pages = Blueprint("steps", __name__, url_prefix="/steps")


def whose() -> str:
    """Return by whom requests are counted on pages that scripts ask often: a dormitory shares one address."""
    return f"student {session.get('student', '')}"


@pages.get("")
@for_students
def all_steps() -> Response:
    """Show where the student stands and what to do next."""
    return show("portal/steps.html", **_values(this_student()))


@pages.get("/live")
@limiter.limit("60 per minute", key_func=whose)
@for_students
def live() -> Response:
    """Return the checklist alone, for the script that follows it."""
    return show("portal/steps_list.html", **_values(this_student()))


def _values(student: Student) -> dict[str, Any]:
    return {
        "progress": campus().follow_steps(student),
        "alias": f"{student.album.login}@{campus().domain}",
        "confirm_password": asked_of(student),
    }
