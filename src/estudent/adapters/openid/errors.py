"""The one place where exceptions of httpx, joserfc and Authlib get our meaning."""

from __future__ import annotations

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import ClaimError, JoseError

from estudent.ports import FarSideError, Misconfigured, NotProven, Unavailable

FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
UNFIT = (JoseError, AuthlibBaseError)
UNUSABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def translated(error: BaseException, what: str) -> FarSideError:
    """Return the meaning of a call that failed; no text of it repeats what was sent."""
    if isinstance(error, UNFIT):
        return unfit(error)
    if isinstance(error, UNUSABLE):
        return Misconfigured(f"the single sign-on's address of its {what} is not usable; correct the issuer")
    return Unavailable(f"the single sign-on did not give its {what} ({type(error).__name__}); try later")


def unfit(error: BaseException) -> NotProven:
    """Return the meaning of a token that does not hold: the kind of fault and the claim, never a value."""
    about = f": {error.claim}" if isinstance(error, ClaimError) else ""
    return NotProven(f"the single sign-on's token does not hold ({type(error).__name__}{about})")
