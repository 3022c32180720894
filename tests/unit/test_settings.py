"""Wrong settings end in one sentence that names the setting and never its value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from estudent.ports import Misconfigured
from estudent.settings import settings

GOOD = '[registry]\nfingerprint_key = "a key of the tests, long enough for it"\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "settings.toml"
    path.write_text(GOOD)
    monkeypatch.setenv("ESTUDENT_SETTINGS", str(path))
    settings.cache_clear()
    yield path
    settings.cache_clear()


def complaint() -> str:
    with pytest.raises(Misconfigured) as caught:
        settings()
    return str(caught.value)


def test_a_good_file_is_read(file: Path) -> None:
    assert settings().registry.fingerprint_key.get_secret_value().startswith("a key")


def test_a_file_that_is_no_toml_is_named_with_its_line(file: Path) -> None:
    file.write_text(f'{GOOD}password = "canary\n')
    assert str(file) in complaint()
    assert "line 3" in complaint() and "canary" not in complaint()


def test_a_list_that_is_no_json_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTUDENT_DIRECTORY__URIS", "ldaps://one, ldaps://two")
    assert "directory" in complaint().lower() and "JSON" in complaint()


def test_an_unknown_name_is_named(file: Path) -> None:
    file.write_text(f"{GOOD}[letters]\nhots = 'x'\n")
    assert "ESTUDENT_LETTERS__HOTS" in complaint()


@pytest.mark.parametrize("colour", ["blue", "#fff", "#ffff00", "#0b4f9"])
def test_a_colour_on_which_white_text_cannot_be_read_is_refused(file: Path, colour: str) -> None:
    file.write_text(f'{GOOD}[brand]\ncolour = "{colour}"\n')
    assert "ESTUDENT_BRAND__COLOUR" in complaint()
