"""What a visitor sees when something goes wrong: what happened, that nothing is lost, and what to do next."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, g, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from estudent.portal.page import show
from estudent.ports import FarSideError

log = logging.getLogger(__name__)
KNOWN = (400, 403, 404, 405, 413, 429)


def set_up(app: Flask) -> None:
    """Answer every failure with a page."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(FarSideError, _out_of_reach)
    app.register_error_handler(Exception, _unexpected)
    app.before_request(_without_registry)


def _without_registry() -> Response | None:
    lost = g.get("registry_lost")
    return None if lost is None or request.endpoint == "static" else _out_of_reach(lost)


def _stale_form(_error: CSRFError) -> Response:
    return show("portal/error.html", 400, kind="stale", number="")


def _refused(error: HTTPException) -> Response:
    if error.code is not None and 300 <= error.code < 400:
        return error.get_response()
    if error.code == 405 and request.method == "GET":
        # A form's answer stands at the form's address; a restored tab, or the choice of a language there, asks for it.
        return redirect(url_for("home.front"))
    if cause := getattr(error, "original_exception", None):
        return _broken_off(cause)
    code = error.code if error.code in KNOWN else 500
    answer = show("portal/error.html", code, kind=str(code), number="")
    if wait := getattr(error, "retry_after", None):
        answer.headers["Retry-After"] = str(wait)
    return answer


def _broken_off(cause: Exception) -> Response:
    """Answer a failure outside of all views: a session that could not be stored, or a page of this module itself."""
    if not isinstance(cause, FarSideError):
        return _unexpected(cause)
    g.registry_lost = cause
    return _out_of_reach(cause)


def _out_of_reach(error: FarSideError) -> Response:
    number = noted(error)
    answer = show("portal/error.html", 503, kind="503", number=number)
    answer.headers["Retry-After"] = "30"
    return answer


def _unexpected(error: Exception) -> Response:
    return show("portal/error.html", 500, kind="500", number=noted(error))


def noted(error: Exception) -> str:
    """Log where it happened, never what was typed: values in messages and local variables may be personal data."""
    number = secrets.token_hex(4)
    at = error.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else "unknown place"
    detail = str(error) if isinstance(error, FarSideError) else ""
    log.error("%s: %s at %s for %s %s", number, type(error).__name__, place, request.method, request.endpoint)
    if detail:
        log.error("%s: %s", number, detail)
    return number
