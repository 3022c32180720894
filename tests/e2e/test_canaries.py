"""No PESEL, document number, password or key stands where somebody could find it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from estudent.bootstrap import campus
from estudent.domain.fault import Column
from sandbox.demo.story import FEED, Story
from sandbox.sample import HEADERS
from tests.e2e.whole import Whole

pytestmark = pytest.mark.enable_socket
PESEL = re.compile(rb"(?<!\d)\d{11}(?!\d)")


@pytest.fixture(scope="module")
def identities(story: Story, interrupted: Whole) -> set[bytes]:
    """Every PESEL and document number that the feed names, in good rows and in broken ones."""
    text = (story.university.feeds / FEED).read_text(encoding="utf-8-sig")
    header, *lines = (line.split(";") for line in text.splitlines())
    columns = [header.index(HEADERS[name.value]) for name in (Column.PESEL, Column.DOCUMENT_NUMBER)]
    found = {line[at].strip() for line in lines for at in columns if len(line) == len(header)}
    return {value.encode() for value in found if len(value) >= 7}


@pytest.fixture(scope="module")
def secrets(story: Story) -> set[bytes]:
    """Every password and key that the programs were given."""
    folder = story.university.folder
    keys = json.loads((folder / "secrets.json").read_text(encoding="utf-8")).values()
    passwords = [account.password for account in story.university.slapd.accounts.values()]
    return {secret.encode() for secret in (*keys, *passwords)}


def written_by_us(story: Story) -> Iterator[Path]:
    """Yield what Prefect and our programs wrote: database, logs, stored results, the registry."""
    folder = story.university.folder
    yield from (path for path in (folder / "prefect").rglob("*") if path.is_file())
    yield from folder.glob("registry.sqlite*")


def test_the_sample_has_canaries_to_look_for(identities: set[bytes], secrets: set[bytes]) -> None:
    assert len(identities) > 350
    assert len(secrets) >= 8


def test_no_identity_stands_in_prefect_the_logs_or_the_registry(story: Story, identities: set[bytes]) -> None:
    for path in written_by_us(story):
        content = path.read_bytes()
        assert not identities & set(PESEL.findall(content)), path.name
        assert not [canary for canary in identities if not canary.isdigit() and canary in content], path.name


def test_no_secret_stands_in_prefect_the_logs_or_the_registry(story: Story, secrets: set[bytes]) -> None:
    for path in written_by_us(story):
        content = path.read_bytes()
        assert not [at for at, secret in enumerate(sorted(secrets)) if secret in content], path.name


def test_no_token_of_a_letter_is_stored(story: Story, interrupted: Whole) -> None:
    tokens = {token.encode() for _, _, text in interrupted.letters for token in re.findall(r"[0-9a-f]{64}", text)}
    assert len(tokens) > 300
    for path in written_by_us(story):
        content = path.read_bytes()
        assert not [token for token in tokens if token in content], path.name


def test_the_report_for_the_office_masks_every_value(story: Story, identities: set[bytes]) -> None:
    with campus("test", "report") as here:
        faults = [rejection.fault for rejection in here.admissions.rejections()]
    report = " ".join(f"{fault.masked} {fault.problem('pl')} {fault.remedy('en')}" for fault in faults).encode()
    assert len(faults) > 20
    assert not [canary for canary in identities if canary in report]
