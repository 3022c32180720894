"""OAuth 1.0a as USOS API checks it (RFC 5849): HMAC-SHA1, five minutes, every nonce once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from oauthlib.common import Request
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, RequestValidator, SignatureOnlyEndpoint

from sandbox.usos.ledger import Ledger
from sandbox.usos.refusal import unauthorized, unsigned

PATIENCE = 300  # seconds that a clock may be wrong by
FOREVER = 10**10  # oauthlib's own limit is switched off, for it does not say what it refused


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it was signed."""

    url: str
    verb: str
    body: str
    headers: Mapping[str, str]


class Consumer(RequestValidator):
    """The one consumer of this installation."""

    enforce_ssl = False
    allowed_signature_methods = (SIGNATURE_HMAC_SHA1,)
    timestamp_lifetime = FOREVER
    dummy_client = "dummy"

    def __init__(self, key: str, secret: str, ledger: Ledger) -> None:
        super().__init__()
        self._key = key
        self._secret = secret
        self._ledger = ledger
        self._endpoint = SignatureOnlyEndpoint(self)

    def verify(self, signed: Signed) -> None:
        """Return if the request is ours, fresh and new; only then is its nonce spent."""
        valid, request = self._validated(signed)
        if request is None or not request.signature:
            raise unsigned()
        if request.resource_owner_key:
            raise unauthorized(f"Invalid access token: {request.resource_owner_key}")
        if not valid:
            raise unauthorized(_complaint(request))
        self._refuse_old(int(request.timestamp))
        if not self._ledger.use(request.nonce, int(request.timestamp)):
            raise unauthorized(f"Nonce already used: {request.nonce}")

    def _validated(self, signed: Signed) -> tuple[bool, Any]:
        """Ask oauthlib; a request that it cannot take apart is as good as unsigned."""
        try:
            valid, request = self._endpoint.validate_request(signed.url, signed.verb, signed.body, dict(signed.headers))
        except ValueError:
            return False, None
        return bool(valid), request

    def _refuse_old(self, timestamp: int) -> None:
        now = int(time.time())
        if abs(now - timestamp) > PATIENCE:
            raise unauthorized(
                f"Expired timestamp: given {timestamp} and now {now} has a greater difference than threshold {PATIENCE}"
            )

    def check_client_key(self, _key: str) -> bool:
        """Accept any form of key; whether it is ours is told later."""
        return True

    def check_nonce(self, _nonce: str) -> bool:
        """Accept any form of nonce."""
        return True

    def validate_timestamp_and_nonce(self, *_: Any, **__: Any) -> bool:
        """Leave both to `verify`, after the signature."""
        return True

    def validate_client_key(self, client_key: str, _request: Request) -> bool:
        """Say whether the key is ours."""
        return compare_digest(client_key.encode(), self._key.encode())

    def get_client_secret(self, _key: str, _request: Request) -> str:
        """Return our secret, whoever asks: a foreign key is refused all the same."""
        return self._secret

    def get_access_token_secret(self, _key: str, _token: str, _request: Request) -> str:
        """Return nothing: no tokens are issued here."""
        return ""


def _complaint(request: Any) -> str:
    """Say what is wrong, in the words of the OAuth library that USOS API is built on."""
    if request.validator_log.get("client") is False:
        return "Invalid consumer."
    if request.signature_method != SIGNATURE_HMAC_SHA1:
        return f"Signature method {request.signature_method} not supported try one of the following: HMAC-SHA1"
    return "Invalid signature."
