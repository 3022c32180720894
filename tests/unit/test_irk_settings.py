"""The settings by which IRK is read, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from estudent.adapters.recruitment.files import RecruitmentFiles
from estudent.adapters.recruitment.irk import IrkApi
from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus
from estudent.ports import Misconfigured
from estudent.settings import Settings

GOOD: dict[str, Any] = {
    "url": "https://irk.example",
    "token": "secret-canary",
    "registrations": {"PO_2026Z": "2026-10-01"},
}


@contextmanager
def campus(source: str = "irk", **irk: Any) -> Iterator[Campus]:
    settings = Settings(
        registry={"fingerprint_key": "a key of the tests, long enough for it", "url": "sqlite://"},
        recruitment={"source": source},
        irk=irk,
    )
    with closing(Campus(settings, Author("test", "run", lambda: datetime.now(UTC)))) as here:
        yield here


def complaint(**irk: Any) -> str:
    """Return what is said of these settings, as the doctor shows it."""
    with campus(**irk) as here, pytest.raises(Misconfigured) as raised:
        here.checks["recruitment"]()
    return str(raised.value)


def test_files_are_read_unless_irk_is_named() -> None:
    with campus("files") as here:
        assert isinstance(here.recruitment, RecruitmentFiles)
    with campus(**GOOD) as here:
        assert isinstance(here.recruitment, IrkApi)


@pytest.mark.parametrize("missing", ["url", "token"])
def test_an_address_and_a_token_are_needed(missing: str) -> None:
    assert "ESTUDENT_IRK__URL and ESTUDENT_IRK__TOKEN" in complaint(**GOOD | {missing: ""})


@pytest.mark.parametrize("setting", ["fields", "words"])
def test_a_column_that_is_none_of_ours_is_named(setting: str) -> None:
    wrong: dict[str, Any] = {"fields": {"shoe_size": "applicant.shoe"}, "words": {"shoe_size": {"41": "42"}}}
    said = complaint(**GOOD | {setting: wrong[setting]})
    assert f"ESTUDENT_IRK__{setting.upper()}" in said and "shoe_size" in said


def test_a_place_that_holds_a_password_is_refused() -> None:
    assert "ESTUDENT_IRK__FIELDS" in complaint(**GOOD | {"fields": {"email": "applicant.password"}})


def test_without_registrations_the_doctor_asks_for_them() -> None:
    assert "ESTUDENT_IRK__REGISTRATIONS" in complaint(**GOOD | {"registrations": {}})


def test_no_complaint_shows_the_token() -> None:
    assert "canary" not in complaint(**GOOD | {"registrations": {}})
    with campus(**GOOD) as here:
        assert "canary" not in repr(here.settings)
