"""What the staff did, for those who answer for the desk."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from estudent.portal.desk.blueprint import pages
from estudent.portal.here import campus, for_staff
from estudent.portal.journal_words import in_words
from estudent.portal.page import show
from estudent.ports import Role

AT_ONCE = 50
LAST_PAGE = 2000


@pages.get("/log")
@for_staff(Role.ADMINISTRATOR)
def log() -> Response:
    """Show who of the staff did what for whom, and why."""
    page = min(request.args.get("page", 1, type=int), LAST_PAGE)
    page = max(page, 1)
    lines = campus().desk.staff_log(AT_ONCE + 1, (page - 1) * AT_ONCE)
    told = [(line, in_words(line.system, line.step, line.result, line.detail, f"staff {line.user}")) for line in lines]
    return show("portal/desk/log.html", lines=told[:AT_ONCE], page=page, more=len(lines) > AT_ONCE)
