"""Tenants of the stand-in for Microsoft's cloud: one for a whole module, and others for a test alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.microsoft365_campus import Campus, Start


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    campus = Campus(tmp_path_factory.mktemp("campus"), "--mailbox-delay", "0.05", "--quota-scale", "100")
    try:
        campus.sign_in()
        yield campus
    finally:
        campus.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts further tenants, all on one folder."""
    started: list[Campus] = []

    def begin(*arguments: str) -> Campus:
        started.append(Campus(tmp_path, *arguments))
        started[-1].sign_in()
        return started[-1]

    try:
        yield begin
    finally:
        for campus in started:
            campus.close()
