"""The pages on which somebody ends who may not pass a door: each says what to do."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from estudent.portal import here
from estudent.portal.page import show
from estudent.services.turned_away import TurnedAway, Why


def turned_away(no: TurnedAway) -> Response:
    """Return the page that helps somebody who was turned away."""
    if no.why is Why.NO_ENTRY:
        return redirect(url_for("choosing.waiting"))
    return show("portal/doors/turned_away.html", status_of(no), why=no.why.value, until=no.until)


def status_of(no: TurnedAway | None) -> int:
    """Return the status of a page: 429 for whoever must wait, 200 for everybody else, known or not."""
    return 429 if no is not None and no.why is Why.WAIT else 200


def start_again() -> Response:
    """Return the page for whoever comes without a handle: after too long a time, from another browser, or by hand."""
    if here.student() is not None:
        return redirect(url_for("home.front"))
    return show("portal/doors/start_again.html")
