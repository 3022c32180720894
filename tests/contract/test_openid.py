"""What the adapter for the university's single sign-on makes of what goes wrong there, and whom it never calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from authlib.common import errors as authlib_errors
from joserfc import errors as joserfc_errors

from estudent.adapters.openid import Client, OpenIdProvider, errors
from estudent.adapters.openid.wire import checked
from estudent.ports import FarSideError, Misconfigured, NotProven, Trip, Unavailable
from sandbox.openid import Application, Provider, running
from tests.foreign import exceptions_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ARRIVALS, DEPARTURES = "https://portal.example/desk/oidc/callback", "https://portal.example/desk/login"
TRIP = Trip("the state", "the nonce", "the verifier, which is as long as one has to be")


@pytest.fixture
def there() -> Iterator[Provider]:
    with running(Application("desk", "its secret", (ARRIVALS,), (DEPARTURES,)), []) as provider:
        yield provider


def adapter(issuer: str) -> closing[OpenIdProvider]:
    client = Client("desk", "its secret", ARRIVALS, DEPARTURES)
    return closing(OpenIdProvider(issuer, client, longest=timedelta(hours=1), clock=lambda: datetime.now(UTC)))


def test_one_sentence_tells_that_it_answers(there: Provider) -> None:
    with adapter(there.issuer) as sso:
        assert sso.check() == f"{there.issuer} answers and signs with 1 key"


@pytest.mark.parametrize(
    ("changes", "meaning"),
    [
        ({"end_session_endpoint": None}, Misconfigured),
        ({"token_endpoint": 5}, Misconfigured),
        ({"authorization_endpoint": "http://sso.example/authorize"}, Misconfigured),
        ({"jwks_uri": "https://[sso.example/jwks"}, Misconfigured),
        ({"issuer": "https://evil.example"}, Misconfigured),
        ({"issuer": None}, Misconfigured),
    ],
)
def test_a_description_that_cannot_be_used(
    there: Provider, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], meaning: type[FarSideError]
) -> None:
    said = there.document() | changes
    monkeypatch.setattr(there, "document", lambda: said)
    with adapter(there.issuer) as sso, pytest.raises(meaning):
        sso.check()


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": 5}, {"keys": ["x"]}, {"keys": [{"kty": "RSA"}]}])
def test_keys_that_cannot_be_read(there: Provider, monkeypatch: pytest.MonkeyPatch, keys: object) -> None:
    monkeypatch.setattr(there.signing, "announced", lambda: keys)
    with adapter(there.issuer) as sso, pytest.raises(Unavailable):
        sso.check()


@pytest.mark.parametrize(
    "said", [{}, {"id_token": 5}, {"id_token": "x", "access_token": []}, {"error": "invalid_grant"}]
)
def test_tokens_that_are_none(there: Provider, monkeypatch: pytest.MonkeyPatch, said: dict[str, object]) -> None:
    monkeypatch.setattr(there, "redeem", lambda *_: said)
    with adapter(there.issuer) as sso, pytest.raises(NotProven):
        sso.arrival(TRIP, {"code": "x", "iss": there.issuer})


def test_a_description_is_asked_for_once_a_minute(there: Provider) -> None:
    with adapter(there.issuer) as sso:
        for _ in range(3):
            sso.way_in(TRIP, "en")
            sso.way_out()
    assert len(there.asked) == 1


def test_its_secrets_show_in_no_repr() -> None:
    shown = repr((TRIP, Client("desk", "its secret", ARRIVALS, DEPARTURES)))
    assert "the state" not in shown and "verifier, which" not in shown and "its secret" not in shown


@pytest.mark.parametrize(
    "address",
    [
        "http://sso.example",
        "ftp://sso.example",
        "sso.example",
        "",
        "http://localhost.evil.example",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_said_in_the_clear(address: str) -> None:
    with pytest.raises(Misconfigured):
        checked(address)


FOREIGN = [each for each in exceptions_of(httpx, joserfc_errors, authlib_errors) if not issubclass(each, Warning)]


@pytest.mark.parametrize("exception", FOREIGN, ids=lambda each: each.__name__)
def test_every_foreign_exception_has_a_meaning(exception: type[Exception]) -> None:
    assert issubclass(exception, (*errors.FOREIGN, *errors.UNFIT))
    error: Any = BaseException.__new__(exception)
    error.claim = "nonce"
    assert isinstance(errors.translated(error, "keys"), FarSideError)
