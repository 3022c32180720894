"""OpenID Connect: authorization code flow with PKCE, state and nonce (RFC 6749, 7636, 9207, 9700)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.client import OAuth2Client

from estudent.adapters.openid.announced import Announced
from estudent.adapters.openid.tokens import Tokens
from estudent.adapters.openid.wire import Wire
from estudent.ports import Arrival, Farewell, Misconfigured, NotProven, Trip

SCOPE = "openid profile groups"
OUR_FAULTS = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})


@dataclass(frozen=True, slots=True)
class Client:
    """The desk as the single sign-on knows it; browsers come back to `arrivals`, and to `departures` signed out."""

    identifier: str
    secret: str = field(repr=False)
    arrivals: str
    departures: str


class OpenIdProvider:
    """Port `SingleSignOn` on one issuer; a sign-in there is no older than `longest`."""

    def __init__(
        self,
        issuer: str,
        client: Client,
        *,
        longest: timedelta,
        clock: Callable[[], datetime],
        ca_file: Path | None = None,
    ) -> None:
        self._client = client
        self._longest = int(longest.total_seconds())
        self._wire = Wire(ca_file)
        self._announced = Announced(issuer, self._wire, clock)
        self._tokens = Tokens(self._announced, client.identifier, clock)

    def way_in(self, trip: Trip, language: str) -> str:
        """Return the address at which the browser signs in."""
        asking = OAuth2Client(
            None,
            client_id=self._client.identifier,
            scope=SCOPE,
            redirect_uri=self._client.arrivals,
            code_challenge_method="S256",
        )
        address, _ = asking.create_authorization_url(
            self._announced.address("authorization_endpoint"),
            state=trip.state,
            code_verifier=trip.verifier,
            nonce=trip.nonce,
            max_age=str(self._longest),
            ui_locales=language,
        )
        return str(address)

    def arrival(self, trip: Trip, answer: Mapping[str, str]) -> Arrival:
        """Return who is there by the `answer` that the browser brought; raise NotProven."""
        tokens = self._tokens_for(self._code_in(answer), trip.verifier)
        access_token = str(tokens.get("access_token", ""))
        claims = self._tokens.identity(str(tokens.get("id_token", "")), trip.nonce, access_token, self._longest)
        told = claims if "groups" in claims else self._asked_for(claims["sub"], access_token)
        name = claims.get("name") or told.get("name") or ""
        return Arrival(claims["sub"], str(name), _groups(told.get("groups")), _text(claims.get("sid")))

    def way_out(self) -> str:
        """Return the address at which the browser signs out there too.

        It bears no ID token, which would stand in logs; so the single sign-on may ask whether it is meant.
        """
        asked = {"client_id": self._client.identifier, "post_logout_redirect_uri": self._client.departures}
        address = self._announced.address("end_session_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def farewell(self, notice: str) -> Farewell:
        """Return what the single sign-on says has ended; raise NotProven for what it did not say."""
        claims = self._tokens.ending(notice)
        user, visit = _text(claims.get("sub")), _text(claims.get("sid"))
        if not (user or visit):
            raise NotProven("this token of the single sign-on names nobody")
        return Farewell(claims["jti"], user, visit)

    def check(self) -> str:
        """Return one sentence about it; raise when it cannot be used."""
        for name in ("authorization_endpoint", "token_endpoint", "end_session_endpoint"):
            self._announced.address(name)
        keys = len(list(self._announced.keys()))
        return f"{self._announced.issuer} answers and signs with {keys} {'key' if keys == 1 else 'keys'}"

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _code_in(self, answer: Mapping[str, str]) -> str:
        """Return the code of an answer that is from our issuer (RFC 9207) and no refusal."""
        announces = self._announced.document().get("authorization_response_iss_parameter_supported") is True
        if answer.get("iss", "" if announces else self._announced.issuer) != self._announced.issuer:
            raise NotProven("the answer is another single sign-on's")
        if "error" in answer or not answer.get("code"):
            raise NotProven("the single sign-on let nobody in")
        return answer["code"]

    def _tokens_for(self, code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.arrivals,
            "code_verifier": verifier,
        }
        address = self._announced.address("token_endpoint")
        status, said = self._wire.post(address, "token", form, (self._client.identifier, self._client.secret))
        if status == 401 or said.get("error") in OUR_FAULTS:
            raise Misconfigured("the single sign-on does not accept the desk; compare ESTUDENT_DESK_SSO__… with it")
        if status != 200:
            raise NotProven("the single sign-on does not take its code back")
        return said

    def _asked_for(self, user: str, access_token: str) -> dict[str, Any]:
        """Return what the single sign-on says of the same user beside the token."""
        told = self._wire.get(self._announced.address("userinfo_endpoint"), "word on a user", access_token)
        if told.get("sub") != user:
            raise NotProven("the single sign-on speaks of somebody else")
        return told


def _groups(given: object) -> frozenset[str]:
    """Return group names: a list, or one text in which semicolons part them, as LemonLDAP::NG keeps them."""
    if isinstance(given, str):
        return frozenset(name.strip() for name in given.split(";"))
    return frozenset(name for name in given if isinstance(name, str)) if isinstance(given, list) else frozenset()


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""
