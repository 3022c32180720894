"""The page of fees: the student's account number, what is to be paid and by when, and what was booked."""

from __future__ import annotations

from flask import Blueprint, abort
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from estudent.portal.here import campus, for_students, this_student
from estudent.portal.page import show

pages = Blueprint("fees", __name__)
PURPOSES = {
    "tuition": lazy_gettext("Tuition and other fees of study"),
    "card": lazy_gettext("Student card"),
    "dormitory": lazy_gettext("Dormitory"),
}
"""What people call the purposes of accounts; any other purpose is shown as the settings name it."""


@pages.get("/fees")
@for_students
def front() -> Response:
    """Show what the student has to pay, how, and the last day on which it is safe to order the transfer."""
    return show("portal/fees.html", fees=campus().explain_fees(this_student()), purposes=PURPOSES)


@pages.get("/fees/code/<int:receivable>.svg")
@for_students
def code(receivable: int) -> Response:
    """Return the QR code of the transfer that settles one of the student's own receivables."""
    transfer = campus().explain_fees.transfer(this_student(), receivable)
    if transfer is None:
        abort(404)
    return Response(campus().draw_code(transfer.code), mimetype="image/svg+xml")
