"""Who needs the key of account numbers: whoever gives them, and nobody who only tells how many are left."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus
from estudent.ports import Misconfigured
from estudent.settings import Settings

KEY = "a secret of the university: 32 bytes"
NUMBERS = {"sort_code": "10901014", "client_prefix": "71234"}


def campus(bind_dn: str, **payments: Any) -> Campus:
    registry = {"fingerprint_key": "a key of the tests, long enough for it", "url": "sqlite://"}
    settings = Settings(registry=registry, payments=NUMBERS | payments, portal={"bind_dn": bind_dn})
    return Campus(settings, Author("test", "run", lambda: datetime.now(UTC)))


@pytest.mark.parametrize(("bind_dn", "key"), [("", ""), ("", "short"), ("cn=portal", "short")])
def test_a_host_without_the_right_key_is_told_so(bind_dn: str, key: str) -> None:
    with closing(campus(bind_dn, key=key)) as here, pytest.raises(Misconfigured, match="PAYMENTS__KEY"):
        here.checks["payment_accounts"]()


@pytest.mark.parametrize(("bind_dn", "key"), [("", KEY), ("cn=portal", "")])
def test_a_host_with_the_key_and_a_portal_without_know_the_schemes(bind_dn: str, key: str) -> None:
    with closing(campus(bind_dn, key=key)) as here:
        assert [each.start for each in here.schemes.schemes] == ["1090101471234"]


def test_nobody_gives_a_number_without_the_key() -> None:
    with closing(campus("cn=portal")) as here, pytest.raises(Misconfigured, match="PAYMENTS__KEY"):
        here.reconciler("payment_accounts")
