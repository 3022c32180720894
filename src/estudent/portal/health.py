"""Whether this node can serve students: the balancer asks every second, and whoever deploys asks before going on."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint
from werkzeug.wrappers import Response

from estudent.portal import here
from estudent.ports import FarSideError

pages = Blueprint("health", __name__)
NOBODY = "healthz"


@pages.get("/healthz")
def healthz() -> Response:
    """Answer 200 while the registry and the directory answer, else 503 and which of them does not; nothing more."""
    lost = [name for name, ask in (("registry", _ask_registry), ("directory", _ask_directory)) if not _answers(ask)]
    return Response(
        f"no answer: {', '.join(lost)}\n" if lost else "well\n", 503 if lost else 200, mimetype="text/plain"
    )


def _answers(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except FarSideError:
        return False
    return True


def _ask_registry() -> None:
    # A connection is tried whenever it is taken from the pool.
    with here.campus().database.reading():
        pass


def _ask_directory() -> None:
    here.campus().passwords.look_up(NOBODY)
