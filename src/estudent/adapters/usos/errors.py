"""The one place where httpx's exceptions and USOS API's error codes get our meaning (facts 1.1)."""

from __future__ import annotations

import re
from typing import Any

import httpx

from estudent.ports import FarSideError, Misconfigured, NotFound, Refused, Unavailable

FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
UNUSABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
TELLING = (401, 403, 404)
"""Statuses that mean the same without a body."""

PERMISSION = frozenset({"method_forbidden", "param_forbidden"})


def translated(error: BaseException, method: str) -> FarSideError:
    """Return the meaning of an exception of httpx."""
    if isinstance(error, UNUSABLE):
        return Misconfigured("the address of USOS API in the settings is not usable; correct it")
    return Unavailable(f"USOS did not answer {method} ({type(error).__name__}); try later")


def refusal(status: int, body: Any, method: str) -> FarSideError:
    """Return the meaning of an answer that is no success: by USOS's error code, then by status."""
    ours = isinstance(body, dict) and ("error" in body or "message" in body)
    said = body if ours else {}
    code = _word(said.get("error"))
    about = " ".join(filter(None, (code, *(_word(said.get(name)) for name in ("param_name", "field_name", "reason")))))
    # Every refusal of USOS API has a message; a page or a redirection is some gateway's, and says nothing of anybody.
    gateway = not ours and status not in TELLING
    if status in (408, 429) or status >= 500 or gateway:
        return Unavailable(f"USOS is disturbed or asks to wait ({method}: {status}); try later")
    if status == 401:
        return Misconfigured(f"USOS does not accept our consumer key ({method}: 401); correct the key and its secret")
    if code in PERMISSION or status == 403:
        return Misconfigured(f"USOS does not let us call {method} ({about}); ask its administrators to permit it")
    if code == "object_not_found":
        return NotFound(f"USOS does not know this person ({method}); check the USOS id")
    if code.startswith("field_") or (status == 404 and not code):
        return Misconfigured(
            f"USOS at this address lacks what we ask for ({method}: {status} {about}); check its version"
        )
    return Refused(f"USOS refused {method} ({status} {about}); tell the administrators of this system")


def _word(given: object) -> str:
    """Return a code that is safe to show: nothing but letters and underscores."""
    return re.sub(r"[^a-z_]", "", given)[:40] if isinstance(given, str) else ""
