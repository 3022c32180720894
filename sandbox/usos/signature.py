"""OAuth 1.0a as USOS API checks it (RFC 5849): HMAC-SHA1, five minutes, every nonce once.

Worked out here from the RFC, and not by the library that our client signs with: a fault of its would not be seen.
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest, digest
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sandbox.usos.ledger import Ledger
from sandbox.usos.refusal import unauthorized, unsigned

PATIENCE = 300  # seconds that a clock may be wrong by
METHOD = "HMAC-SHA1"
SIGNATURE = "oauth_signature"
FORM = "application/x-www-form-urlencoded"
USUAL_PORTS = {"http": 80, "https": 443}
IN_HEADER = re.compile(r'(oauth_\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it was signed."""

    url: str
    verb: str
    body: str
    headers: Mapping[str, str]

    def parameters(self) -> Iterator[tuple[str, str]]:
        """Yield those of the query, of the header without the realm, and of a form (RFC 5849, 3.4.1.3.1)."""
        yield from parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        for name, value in IN_HEADER.findall(self.headers.get("authorization", "")):
            yield unquote(name), unquote(value)
        if self.headers.get("content-type", "").startswith(FORM):
            yield from parse_qsl(self.body, keep_blank_values=True)

    def base_string(self) -> str:
        """Return what is signed (RFC 5849, 3.4.1.1)."""
        pairs = sorted((_encoded(name), _encoded(value)) for name, value in self.parameters() if name != SIGNATURE)
        parameters = "&".join(f"{name}={value}" for name, value in pairs)
        return "&".join(map(_encoded, (self.verb.upper(), _address(self.url), parameters)))


class Consumer:
    """The one consumer of this installation."""

    def __init__(self, key: str, secret: str, ledger: Ledger) -> None:
        self._key = key
        self._secret = secret
        self._ledger = ledger

    def verify(self, signed: Signed) -> None:
        """Return if the request is ours, fresh and new; only then is its nonce spent."""
        told = _protocol_parameters(signed)
        if not compare_digest(told.get("oauth_consumer_key", "").encode(), self._key.encode()):
            raise unauthorized("Invalid consumer.")
        if told.get("oauth_signature_method") != METHOD:
            method = told.get("oauth_signature_method")
            raise unauthorized(f"Signature method {method} not supported try one of the following: {METHOD}")
        if not compare_digest(told[SIGNATURE].encode(), self._signature(signed)):
            raise unauthorized("Invalid signature.")
        self._spend(told.get("oauth_nonce", ""), told.get("oauth_timestamp", ""))

    def _signature(self, signed: Signed) -> bytes:
        """Return the signature without a token, whose secret is empty (RFC 5849, 3.4.2)."""
        key = f"{_encoded(self._secret)}&"
        return b64encode(digest(key.encode(), signed.base_string().encode(), "sha1"))

    def _spend(self, nonce: str, timestamp: str) -> None:
        if not (nonce and timestamp.isascii() and timestamp.isdecimal()):
            raise unauthorized("A nonce and a timestamp are required.")
        given, now = int(timestamp), int(time.time())
        if abs(now - given) > PATIENCE:
            raise unauthorized(
                f"Expired timestamp: given {given} and now {now} has a greater difference than threshold {PATIENCE}"
            )
        if not self._ledger.use(nonce, given):
            raise unauthorized(f"Nonce already used: {nonce}")


def _protocol_parameters(signed: Signed) -> dict[str, str]:
    """Return OAuth's own parameters of a request that is signed, without a token; none may come twice."""
    pairs = [(name, value) for name, value in signed.parameters() if name.startswith("oauth_")]
    told = dict(pairs)
    if not told.get(SIGNATURE) or len(told) < len(pairs):
        raise unsigned()
    if told.get("oauth_token"):
        raise unauthorized(f"Invalid access token: {told['oauth_token']}")
    return told


def _address(url: str) -> str:
    """Return scheme, host and path, without a port that is the usual one (RFC 5849, 3.4.1.2)."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path or '/'}"


def _encoded(text: str) -> str:
    """Return a text in the RFC's own encoding (RFC 5849, 3.6)."""
    return quote(text, safe="~")
