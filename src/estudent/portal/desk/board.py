"""The board: how many students are at each step, who is stuck there, since when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response as Download
from flask import request
from flask_babel import format_datetime, gettext
from werkzeug.wrappers import Response

from estudent.domain.funnel import WAY, Circle, Stage, reached
from estudent.portal.desk.blueprint import pages
from estudent.portal.desk.sheet import sheet
from estudent.portal.desk.words import REACHED, WAITS_FOR, why
from estudent.portal.here import campus, for_staff
from estudent.portal.page import show
from estudent.ports import Role

SHOWN, EXPORTED = 100, 1_000_000


@dataclass(frozen=True, slots=True)
class View:
    """What the board is asked for: a programme of an intake, and at which stage people wait who are listed."""

    circle: Circle
    stage: Stage | None

    @property
    def asked(self) -> dict[str, str]:
        """The same as parts of an address; programmes and stages are nobody's secret."""
        circle = f"{self.circle.intake}|{self.circle.programme}" if self.circle != Circle() else ""
        parts = {"circle": circle, "stage": self.stage.value if self.stage else ""}
        return {name: value for name, value in parts.items() if value}


@pages.get("/board")
@for_staff(Role.READER)
def board() -> Response:
    """Show the funnel as a chart and as a table, and who waits at the chosen stage."""
    view, circles = _view()
    here = campus().board
    counts = here.counts(view.circle)
    waiting = here.waiting(view.circle, view.stage, SHOWN) if view.stage else []
    beyond = reached(counts)
    return show(
        "portal/desk/board.html",
        view=view,
        circles=circles,
        total=sum(counts.values()),
        rows=[(stage, REACHED[stage], beyond[stage], counts[stage], WAITS_FOR[stage]) for stage in beyond],
        waiting=[(each, why(each)) for each in waiting],
        waits_for=WAITS_FOR,
        more=bool(view.stage) and counts.get(view.stage or Stage.DONE, 0) > SHOWN,
        done=counts[Stage.DONE],
    )


@pages.get("/board.svg")
@for_staff(Role.READER)
def chart() -> Response:
    """Return the funnel as an image; the page has the same numbers in a table."""
    view, _ = _view()
    beyond = reached(campus().board.counts(view.circle))
    image = campus().draw_bars([(str(REACHED[stage]), beyond[stage]) for stage in beyond])
    return Download(image, mimetype="image/svg+xml")


@pages.get("/board.csv")
@for_staff(Role.CLERK)
def export() -> Response:
    """Return who waits, at the chosen stage or at all of them, as a file for a spreadsheet program."""
    view, _ = _view()
    stages = [view.stage] if view.stage else [stage for stage in WAY if stage is not Stage.DONE]
    head = [gettext("Album number"), gettext("Candidate number"), gettext("Name"), gettext("Waits"), gettext("Since")]
    waiting = (each for stage in stages for each in campus().board.waiting(view.circle, stage, EXPORTED))
    return sheet("estudent-waiting", [*head, gettext("Why")], ([*_cells(each), why(each)] for each in waiting))


def _cells(each: Any) -> list[object]:
    since = format_datetime(each.since, "yyyy-MM-dd HH:mm") if each.since else ""
    return [each.album, each.candidate, each.name, WAITS_FOR[each.stage], since]


def _view() -> tuple[View, list[Circle]]:
    """Read what is asked for; whatever the board does not know means everybody."""
    circles = campus().board.circles()
    known = {f"{circle.intake}|{circle.programme}": circle for circle in circles}
    chosen = known.get(request.args.get("circle", ""), Circle())
    stages = {stage.value: stage for stage in WAY if stage is not Stage.DONE}
    return View(Circle(chosen.intake, chosen.programme), stages.get(request.args.get("stage", ""))), circles
