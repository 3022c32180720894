"""The one place where httpx's exceptions and IRK's answers get our meaning (Django REST framework's statuses)."""

from __future__ import annotations

from typing import Any

import httpx

from estudent.ports import FarSideError, Misconfigured, NotFound, Refused, Unavailable

FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
UNUSABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)
URL, TOKEN = "ESTUDENT_IRK__URL", "ESTUDENT_IRK__TOKEN"


def translated(error: BaseException, what: str) -> FarSideError:
    """Return the meaning of an exception of httpx, whose own text may hold somebody's number."""
    if isinstance(error, UNUSABLE):
        return Misconfigured(f"the address of IRK is not usable ({type(error).__name__}): correct {URL}")
    return Unavailable(f"IRK did not answer {what} ({type(error).__name__}): a later run reads it, else check {URL}")


def refusal(status: int, said: Any, what: str) -> FarSideError:
    """Return the meaning of an answer that is no success; of its words only the error's number is shown."""
    number = _number(said)
    if status in (408, 425, 429) or status >= 500:
        return Unavailable(f"IRK is disturbed or asks to wait ({what}: {status}): a later run reads it")
    if status == 401:
        return Misconfigured(f"IRK does not accept our token ({what}: 401): correct {TOKEN}")
    if status == 403:
        return Misconfigured(f"our token may not read {what} (403): ask IRK's administrators for the right to it")
    if status == 404:
        return NotFound(f"IRK has no such thing ({what}: 404)")
    return Refused(f"IRK refuses {what} ({status}{number}): tell the administrators of this system")


def lost(what: str) -> Unavailable:
    """Return the meaning of a success that is no JSON: a gateway's page, or an answer that was cut off."""
    return Unavailable(f"IRK answered {what} with something that is not JSON: a later run reads it, else check {URL}")


def unknown_form(what: str) -> Misconfigured:
    """Return the meaning of JSON in another form than IRK's."""
    return Misconfigured(
        f"IRK answers {what} in a form that we do not know: check {URL}, and the version with its administrators"
    )


def error_inside(said: Any) -> bool:
    """Tell whether a success holds an error all the same: `{"error": 3, "detail": "…"}`."""
    return isinstance(said, dict) and "error" in said and "detail" in said


def _number(said: Any) -> str:
    number = said.get("error") if isinstance(said, dict) else None
    return f", error {number}" if isinstance(number, int) else ""
