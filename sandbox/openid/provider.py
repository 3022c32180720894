"""What the provider knows: accounts, one application, sessions, codes, and the faults that were ordered."""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from sandbox.openid.signing import Signing

CODE_GOOD_FOR = 60


class Refusal(Exception):
    """An error of RFC 6749 (5.2) or of OpenID Connect."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    user: str
    name: str
    password: str = field(repr=False)
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Application:
    """The one client, which must prove that it is the client, and may return browsers to these addresses alone."""

    client_id: str
    secret: str = field(repr=False)
    arrivals: tuple[str, ...]
    departures: tuple[str, ...]


@dataclass(frozen=True)
class Visit:
    """A browser's session here."""

    sid: str
    account: Account
    since: int


@dataclass(frozen=True)
class Grant:
    """What a code is good for, once and for a minute."""

    visit: Visit
    redirect_uri: str
    challenge: str
    nonce: str
    at: float


@dataclass
class Provider:
    """One issuer; `faults` are words such as wrong_nonce, each of which spoils what it names."""

    issuer: str
    application: Application
    accounts: Mapping[str, Account]
    faults: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    signing: Signing = field(default_factory=Signing)
    visits: dict[str, Visit] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Account] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def document(self) -> dict[str, object]:
        """Return what is announced (OpenID Connect Discovery 1.0)."""
        issuer = "https://evil.example" if "other_document" in self.faults else self.issuer
        addresses = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "end_session_endpoint": "end-session",
        }
        return {
            "issuer": issuer,
            **{name: f"{self.issuer}/{path}" for name, path in addresses.items()},
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
        }

    def check_request(self, asked: Mapping[str, str]) -> None:
        """Raise Refusal unless this is a request of our application that may be answered at its address."""
        if asked.get("client_id") != self.application.client_id:
            raise Refusal("unauthorized_client")
        if asked.get("redirect_uri") not in self.application.arrivals:
            raise Refusal("invalid_redirect_uri")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            raise Refusal("invalid_request")
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            raise Refusal("invalid_request")
        if not asked.get("state") or not asked.get("nonce"):
            raise Refusal("invalid_request")

    def sign_in(self, user: str, password: str) -> str | None:
        """Return the cookie of a new session, or None for a wrong password."""
        account = self.accounts.get(user)
        if account is None or not secrets.compare_digest(account.password.encode(), password.encode()):
            return None
        cookie = secrets.token_urlsafe(32)
        self.visits[cookie] = Visit(secrets.token_urlsafe(16), account, int(self.clock()))
        return cookie

    def grant(self, visit: Visit, asked: Mapping[str, str]) -> str:
        """Return a new code."""
        code = secrets.token_urlsafe(32)
        self.grants[code] = Grant(visit, asked["redirect_uri"], asked["code_challenge"], asked["nonce"], self.clock())
        return code

    def redeem(self, user: tuple[str, str], form: Mapping[str, str]) -> dict[str, object]:
        """Return the tokens for a code; raise Refusal. A code is used up by its first try, right or wrong."""
        if user != (self.application.client_id, self.application.secret):
            raise Refusal("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            raise Refusal("unsupported_grant_type")
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or self.clock() > grant.at + CODE_GOOD_FOR or form.get("redirect_uri") != grant.redirect_uri:
            raise Refusal("invalid_grant")
        if challenge_of(form.get("code_verifier", "")) != grant.challenge:
            raise Refusal("invalid_grant")
        access_token = secrets.token_urlsafe(32)
        self.access[access_token] = grant.visit.account
        said = self._identity(grant, access_token)
        return {"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": said}

    def user_info(self, access_token: str) -> dict[str, object]:
        """Return what is known of whoever a token was given for; raise Refusal."""
        account = self.access.get(access_token)
        if account is None:
            raise Refusal("invalid_token", 401)
        user = "somebody.else" if "other_user_info" in self.faults else account.user
        return {"sub": user, "name": account.name, "groups": list(account.groups)}

    def farewell(self, visit: Visit, **changes: object) -> str:
        """Return a logout token (OpenID Connect Back-Channel Logout 1.0); `changes` of None leave a claim out."""
        event: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}
        now = int(self.clock())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": [self.application.client_id],
            "iat": now,
            "jti": secrets.token_urlsafe(8),
            "sub": visit.account.user,
            "sid": visit.sid,
            "events": event,
        }
        return self.signing.sign({name: value for name, value in (claims | changes).items() if value is not None})

    def _identity(self, grant: Grant, access_token: str) -> str:
        account, now, client = grant.visit.account, int(self.clock()), self.application.client_id
        claims: dict[str, object] = {
            "iss": "https://evil.example" if "other_issuer" in self.faults else self.issuer,
            "sub": account.user,
            "aud": ["somebody-else"] if "wrong_audience" in self.faults else [client],
            "azp": "somebody-else" if "wrong_party" in self.faults else client,
            "exp": now - 3600 if "expired" in self.faults else now + 300,
            "iat": now + 3600 if "from_the_future" in self.faults else now,
            "auth_time": now - 30 * 24 * 3600 if "old_sign_in" in self.faults else grant.visit.since,
            "nonce": secrets.token_urlsafe(16) if "wrong_nonce" in self.faults else grant.nonce,
            "at_hash": half_hash("another" if "wrong_at_hash" in self.faults else access_token),
            "sid": grant.visit.sid,
            "name": account.name,
        }
        if "groups_in_userinfo" not in self.faults:
            claims["groups"] = "; ".join(account.groups) if "groups_as_text" in self.faults else list(account.groups)
        for name in ("nonce", "auth_time", "exp", "aud"):
            if f"no_{name}" in self.faults:
                del claims[name]
        return self.signing.sign(claims, self.faults)


def challenge_of(verifier: str) -> str:
    """Return the challenge that belongs to a verifier (RFC 7636)."""
    return _without_padding(sha256(verifier.encode()).digest())


def half_hash(token: str) -> str:
    """Return the left half of a token's hash (OpenID Connect Core 1.0, 3.1.3.6)."""
    return _without_padding(sha256(token.encode()).digest()[:16])


def _without_padding(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
