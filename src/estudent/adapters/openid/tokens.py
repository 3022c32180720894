"""The single sign-on's signed tokens, and what must hold of each before anybody believes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.claims import JWTClaims
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError

from estudent.adapters.openid.announced import Announced
from estudent.adapters.openid.errors import UNFIT, unfit
from estudent.ports import NotProven

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a private key alone: neither none nor one whose key we would share."""

LEEWAY = 60
"""Seconds by which clocks may differ."""

ENDED = "http://schemas.openid.net/event/backchannel-logout"
NOTICE_GOOD_FOR = 300


@dataclass(frozen=True)
class Tokens:
    """Judges tokens made out for one client."""

    announced: Announced
    client_id: str
    clock: Callable[[], datetime]

    def identity(self, raw: str, nonce: str, access_token: str, longest: int) -> Mapping[str, Any]:
        """Return what an ID token says (OpenID Connect Core 1.0, 3.1.3.7); the sign-in is no older than `longest`."""
        told = self._signed(raw)
        asked = {"nonce": nonce, "client_id": self.client_id, "access_token": access_token, "max_age": longest}
        claims: Any = CodeIDToken(told.claims, told.header, self._ours("sub", "exp", "iat"), asked)
        self._validate(claims)
        if claims["auth_time"] < self._now() - longest - LEEWAY:
            raise NotProven("the sign-in at the single sign-on is too old")
        return dict(claims)

    def ending(self, raw: str) -> Mapping[str, Any]:
        """Return what a logout token says (OpenID Connect Back-Channel Logout 1.0, 2.6)."""
        told = self._signed(raw)
        claims: Any = JWTClaims(told.claims, told.header, self._ours("iat", "jti"))
        self._validate(claims)
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(ENDED), dict) or "nonce" in claims:
            raise NotProven("this token of the single sign-on says nothing of an end")
        if claims["iat"] < self._now() - NOTICE_GOOD_FOR:
            raise NotProven("this token of the single sign-on is too old")
        return dict(claims)

    def _signed(self, raw: str) -> jwt.Token:
        """Return a token that one of the single sign-on's keys has signed; changed keys are asked for."""
        try:
            try:
                return jwt.decode(raw, self.announced.keys(), algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                if not self.announced.renew_keys():
                    raise
                return jwt.decode(raw, self.announced.keys(), algorithms=ALGORITHMS)
        except (*UNFIT, ValueError, TypeError) as error:
            raise unfit(error) from None

    def _ours(self, *needed: str) -> dict[str, Any]:
        required: dict[str, Any] = {name: {"essential": True} for name in needed}
        ours = {"iss": self.announced.issuer, "aud": self.client_id}
        return required | {name: {"essential": True, "value": value} for name, value in ours.items()}

    def _validate(self, claims: Any) -> None:
        try:
            claims.validate(now=self._now(), leeway=LEEWAY)
        except (*UNFIT, ValueError, TypeError) as error:
            raise unfit(error) from None

    def _now(self) -> int:
        return int(self.clock().timestamp())
