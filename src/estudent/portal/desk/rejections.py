"""The rows that recruitment's feeds had wrong: file, line, field, what is wrong and what would be right."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.domain.place import place
from estudent.portal.desk.blueprint import pages
from estudent.portal.desk.card import problem_in_words, remedy_in_words
from estudent.portal.desk.columns import column_in_words
from estudent.portal.desk.sheet import sheet
from estudent.portal.here import campus, for_staff
from estudent.portal.page import show
from estudent.ports import Rejection, Role

SHOWN = 200


@pages.get("/rejections")
@for_staff(Role.READER)
def rejections() -> Response:
    """Show what recruitment must correct."""
    found = campus().admissions.rejections()
    return show(
        "portal/desk/rejections.html",
        rejections=found[:SHOWN],
        total=len(found),
        column=column_in_words,
        problem=problem_in_words,
        remedy=remedy_in_words,
        place=place,
    )


@pages.get("/rejections.csv")
@for_staff(Role.READER)
def rejections_sheet() -> Response:
    """Return the same as a file, for the recruitment office."""
    head = [gettext("File"), gettext("Line"), gettext("Candidate number"), gettext("Field"), gettext("Value")]
    right = [gettext("What is wrong"), gettext("What would be right")]
    return sheet("estudent-refused-rows", [*head, *right], map(_cells, campus().admissions.rejections()))


def _cells(each: Rejection) -> list[object]:
    fault = each.fault
    shown = [each.feed, place(each.line), each.candidate, column_in_words(fault.field), fault.masked]
    return [*shown, problem_in_words(fault), remedy_in_words(fault)]
