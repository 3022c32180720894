"""What the single sign-on announces of itself: its addresses and its keys, asked for now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import KeySet

from estudent.adapters.openid.errors import UNFIT
from estudent.adapters.openid.wire import Wire, checked
from estudent.ports import Misconfigured, Unavailable

GOOD_FOR = timedelta(minutes=1)
"""Short, so that whoever wants to sign in while it is away reads that on our page and is not sent to nobody's."""

ASKED_ANEW_AFTER = timedelta(seconds=10)
"""How soon keys are asked for again because one is unknown, so that forged tokens cause no flood of questions."""


@dataclass
class Announced:
    """Discovery (OpenID Connect Discovery 1.0) and keys of one issuer."""

    issuer: str
    wire: Wire
    clock: Callable[[], datetime]
    _said: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _said_at: datetime | None = None
    _renewed_at: datetime | None = None

    def address(self, name: str) -> str:
        """Return one of the announced addresses; raise Misconfigured for one that is not there."""
        found = self.document().get(name)
        if not isinstance(found, str):
            raise Misconfigured(f"the single sign-on announces no {name}; switch it on there")
        return checked(found)

    def document(self) -> dict[str, Any]:
        """Return the whole document; it speaks for no other issuer than ours."""
        if self._said_at is None or self.clock() - self._said_at > GOOD_FOR:
            said = self.wire.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", "description")
            if said.get("issuer") != self.issuer:
                raise Misconfigured(
                    "ESTUDENT_DESK_SSO__ISSUER is not exactly the issuer that the single sign-on says it is"
                )
            self._said, self._keys, self._said_at = said, None, self.clock()
        return self._said

    def keys(self) -> KeySet:
        """Return the keys with which it signs."""
        self.document()
        if self._keys is None:
            self._keys = self._asked_for()
        return self._keys

    def renew_keys(self) -> bool:
        """Ask for the keys again, unless that was done moments ago; tell whether it was done."""
        now = self.clock()
        if self._renewed_at is not None and now - self._renewed_at < ASKED_ANEW_AFTER:
            return False
        self._renewed_at, self._keys = now, self._asked_for()
        return True

    def _asked_for(self) -> KeySet:
        said = self.wire.get(self.address("jwks_uri"), "keys")
        try:
            return KeySet.import_key_set({"keys": said["keys"]})
        except (*UNFIT, KeyError, TypeError, ValueError, AttributeError):
            raise Unavailable("the single sign-on's keys are not readable; try later") from None
