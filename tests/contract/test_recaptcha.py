"""What the adapter for Google reCAPTCHA makes of answers; their shapes are those of Google's documentation."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from urllib.parse import parse_qs

import pytest

from estudent.adapters.recaptcha import Recaptcha
from estudent.ports import FarSideError, Misconfigured, Unavailable
from tests.contract.scripted import Script, scripted

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
HOST = "estudent.uczelnia.example"
GOOD = {"success": True, "challenge_ts": "2026-11-24T10:00:00Z", "hostname": HOST}


def asked(script: Script, answer: str = "03AGdBq24") -> bool:
    with closing(Recaptcha("the secret", HOST, script.url)) as adapter:
        return adapter.passed(answer)


def test_a_person_passes_and_google_is_told_no_more_than_it_needs() -> None:
    with scripted((200, GOOD)) as script:
        assert asked(script)
    assert parse_qs(script.requests[0][1]) == {"secret": ["the secret"], "response": ["03AGdBq24"]}


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False, "error-codes": ["invalid-input-response"]},
        {"success": False, "error-codes": ["timeout-or-duplicate"]},
        {"success": False},
        {"success": "true", "hostname": HOST},
        {**GOOD, "hostname": "elsewhere.example"},
        {"success": True},
    ],
)
def test_anything_else_does_not_pass(answer: dict[str, Any]) -> None:
    with scripted((200, answer)) as script:
        assert not asked(script)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, {"success": False, "error-codes": ["invalid-input-secret"]}, Misconfigured),
        (200, {"success": False, "error-codes": ["missing-input-secret"]}, Misconfigured),
        (200, [1], Unavailable),
        (200, "<html>sorry</html>", Unavailable),
        (503, {}, Unavailable),
    ],
)
def test_every_failure_has_a_meaning(status: int, body: Any, meaning: type[FarSideError]) -> None:
    with scripted((status, body)) as script, pytest.raises(meaning) as raised:
        asked(script)
    assert "the secret" not in str(raised.value)


def test_google_out_of_reach_is_unavailable() -> None:
    with closing(Recaptcha("the secret", HOST, "http://127.0.0.1:9/")) as adapter, pytest.raises(Unavailable):
        adapter.passed("03AGdBq24")


def test_rubbish_as_long_as_a_page_is_not_passed_on() -> None:
    with scripted((200, GOOD)) as script:
        assert not asked(script, "x" * 100_000)
    assert script.requests == []
