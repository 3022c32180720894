"""Signed calls of USOS API: OAuth 1.0a (RFC 5849) with the consumer key alone, without a student's token."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1
from oauthlib.oauth1 import Client as Signature

from estudent.adapters.usos.errors import FOREIGN, refusal, translated
from estudent.adapters.usos.pace import Pace
from estudent.ports import Misconfigured, Unavailable

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
NO_JSON = object()


class Client:
    """Calls methods by POST; every retry is signed anew, for USOS refuses a nonce that it has seen."""

    def __init__(
        self,
        base_url: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        retries: int,
        retry_delay: float,
        timeout: float,
        pace: Pace,
        turn: Callable[[], None],
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._signature = Signature(consumer_key, client_secret=consumer_secret, signature_method=SIGNATURE_HMAC_SHA1)
        self._pace, self._turn = pace, turn
        self._retries = retries
        self._retry_delay = retry_delay
        self._http = httpx.Client(timeout=timeout)

    def call(self, method: str, fields: str = "", **arguments: str) -> Any:
        """Call `services/…` and return its JSON; all calls are safe to repeat after an unknown outcome."""
        _check_address(self._base_url)
        body = urlencode({**arguments, "fields": fields} if fields else arguments)
        for attempt in range(self._retries):
            try:
                return self._once(method, body)
            except Unavailable:
                time.sleep(self._retry_delay * 2**attempt * random.uniform(0.5, 1.5))
        return self._once(method, body)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _once(self, method: str, body: str) -> Any:
        self._pace.wait()
        self._turn()
        url, headers, signed = self._signature.sign(f"{self._base_url}/{method}", "POST", body, FORM)
        try:
            answer = self._http.post(url, content=signed, headers=headers)
        except FOREIGN as error:
            raise translated(error, method) from None
        said = _json(answer)
        # An error inside a success is one all the same; no result of ours has a field of this name.
        if not answer.is_success or (isinstance(said, dict) and "error" in said):
            raise refusal(answer.status_code, said, method)
        if said is NO_JSON:
            raise Unavailable(f"USOS answered {method} with something that is not JSON; try later or check the address")
        return said


def _json(answer: httpx.Response) -> Any:
    """Return what an answer says, which may be null; NO_JSON for a gateway's page."""
    try:
        return answer.json()
    except ValueError:
        return NO_JSON


def _check_address(url: str) -> None:
    """Refuse to send signed requests in the clear, except to a stand-in on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Misconfigured("the address of USOS API must begin with https://")
