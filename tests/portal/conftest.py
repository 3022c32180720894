"""The portal on a real registry (SQLite) and a real directory (slapd)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slapd import Slapd
from tests.portal.world import Portal, a_portal


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


@pytest.fixture
def portal(slapd: Slapd, migrated: Path, tmp_path: Path) -> Iterator[Portal]:
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)))
    yield portal
    portal.campus.close()
