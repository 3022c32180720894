"""Calls of IRK's API: read only, with a token, at a pace, tried again with growing waits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from estudent.adapters.recruitment.irk.errors import FOREIGN, TOKEN, URL, error_inside, lost, refusal, translated
from estudent.adapters.recruitment.irk.pace import Pace
from estudent.ports import Misconfigured, Unavailable

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST_WAIT = 120.0
"""Seconds that we wait because IRK asks to; whoever is to wait longer comes back with a later run."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried again, after how many seconds at first (doubled each time), and how long one takes."""

    retries: int = 6
    delay: float = 0.5
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What IRK said, and when by its own clock, where it tells."""

    said: Any
    at: datetime | None


class Client:
    """One IRK; may be called by several threads."""

    def __init__(
        self, url: str, token: str, pace: Pace, patience: Patience, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.url, self._pace, self._patience, self._sleep = url.rstrip("/"), pace, patience, sleep
        _refuse_no_token(token)
        # A redirect within IRK is followed (Django adds slashes); httpx hands the token to no other host.
        headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self._http = httpx.Client(timeout=patience.timeout, headers=headers, follow_redirects=True)

    def get(self, path: str, what: str, **parameters: str) -> Answer:
        """Return what `/api/<path>` answers; `what` names it in errors, without anybody's number."""
        _refuse_to_shout(self.url)
        for attempt in range(self._patience.retries):
            try:
                return self._once(path, what, parameters)
            except Later:
                raise
            except Unavailable:
                self._sleep(self._patience.delay * 2**attempt * random.uniform(0.5, 1.5))
        return self._once(path, what, parameters)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _once(self, path: str, what: str, parameters: dict[str, str]) -> Answer:
        self._pace.wait()
        try:
            answer = self._http.get(f"{self.url}/api/{path}", params=parameters)
        except FOREIGN as error:
            raise translated(error, what) from None
        self._heed(answer, what)
        said = _json(answer)
        if not answer.is_success:
            raise refusal(answer.status_code, said, what)
        if said is None:
            raise lost(what)
        if error_inside(said):
            raise refusal(400, said, what)
        return Answer(said, moment_of(answer.headers.get("Date", "")))

    def _heed(self, answer: httpx.Response, what: str) -> None:
        """Let every thread wait as long as IRK asks to, up to what a run has the time for."""
        seconds = _asked_to_wait(answer)
        if seconds > LONGEST_WAIT:
            raise Later(f"IRK asks to wait for {seconds:.0f} s ({what}: {answer.status_code}): a later run reads it")
        if seconds:
            self._pace.hold(seconds)


class Later(Unavailable):
    """Not worth another try at once."""


def moment_of(text: str) -> datetime | None:
    """Return a moment of HTTP (RFC 9110, 5.6.7) in UTC, or None for anything else."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _asked_to_wait(answer: httpx.Response) -> float:
    """Return the seconds of Retry-After, which is a number or a moment (RFC 9110, 10.2.3)."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    moment = moment_of(text)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment else 0.0


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def _refuse_no_token(token: str) -> None:
    """Refuse what no header can carry, like a line end that came along from a file."""
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise Misconfigured(
            f"the token of IRK holds a space, a line end or a letter that no token has: correct {TOKEN}"
        )


def _refuse_to_shout(url: str) -> None:
    """Refuse to send the token in the clear, except to a stand-in on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Misconfigured(f"the address of IRK must begin with https://: correct {URL}")
