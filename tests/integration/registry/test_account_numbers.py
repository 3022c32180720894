"""Processes that give account numbers at once, of a scheme so small that most draw what others have."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import payment_account
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.whom import Whom
from estudent.services.assign_account_numbers import AssignAccountNumbers
from tests.builders import SORT_CODE
from tests.contract.registry_world import PURPOSE, Registry, an_application
from tests.fakes import FakeUsos

KEY = b"a secret of the university: 32 bytes"
STUDENTS, PROCESSES = 60, 2
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    if request.param == "postgresql":
        with closing(request.getfixturevalue("empty").database) as database:
            database.upgrade()
            yield Registry(database.engine.url.render_as_string(hide_password=False))
        return
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    with closing(Database(url)) as database:
        database.upgrade()
        yield Registry(url)


def test_two_processes_that_assign_at_once_give_nobody_another_s_number(registry: Registry) -> None:
    registry.take_in(*(an_application(str(100_000 + at)) for at in range(STUDENTS)))
    url = registry.database.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as processes:
        refused = list(processes.map(assign, [url] * PROCESSES))
    with closing(registry.database):
        rows = registry.rows(payment_account)
    assert refused == [0] * PROCESSES
    assert len(rows) == len({row["student_id"] for row in rows}) == len({row["nrb"] for row in rows}) == STUDENTS


def assign(url: str) -> int:
    """Give everybody a number; return how many got none."""
    registry = Registry(url)
    with closing(registry.database):
        scheme = Small(PURPOSE, SORT_CODE, "12345678901", KEY)
        service = AssignAccountNumbers(registry.students, FakeUsos(), registry.numbers, PURPOSE, scheme)
        return service.apply(sorted(registry.students.keys(Whom()))).refused


class Small(PaymentScheme):
    """A scheme of which only a hundred numbers are drawn."""

    def draw(self, student: int) -> Iterator[Nrb]:
        """Yield candidates of which others have many."""
        for number in super().draw(student):
            yield Nrb.build(self.sort_code, f"{self.client_prefix}{int(str(number)[-2:]):05d}")
