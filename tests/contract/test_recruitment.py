"""The port `Recruitment`: one contract for the folder of files and for IRK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from estudent.ports import Recruitment
from tests.contract.irk_office import IrkOffice, start_irk
from tests.contract.recruitment_contract import Cells, RecruitmentContract, World
from tests.contract.registry_world import Registry
from tests.integration.recruitment_folder import HOUR_AGO, Folder

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class FileOffice:
    """An office that exports JSON Lines."""

    intake = "2026/2027"

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.folder, self.exports = Folder(path), 0

    @property
    def recruitment(self) -> Recruitment:
        return self.folder.files

    def export(self, *rows: Cells) -> None:
        self.exports += 1
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        self.folder.put("rekrutacja.jsonl", text, HOUR_AGO + timedelta(minutes=self.exports))


class TestFiles(RecruitmentContract):
    @pytest.fixture
    def world(self, tmp_path: Path, registry: Registry) -> World:
        return World(FileOffice(tmp_path / "feeds"), registry)


@pytest.fixture(scope="module")
def irk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = start_irk(tmp_path_factory.mktemp("irk"))
    yield running.url
    running.stop()


class TestIrk(RecruitmentContract):
    @pytest.fixture
    def world(self, irk: str, registry: Registry) -> Iterator[World]:
        office = IrkOffice(irk, last_read=registry.admissions.last_read)
        yield World(office, registry)
        office.close()
