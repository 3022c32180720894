"""What every implementation of the port `Allowance` promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from estudent.adapters.registry.allowance import SqlAllowance
from estudent.adapters.registry.database import Database
from estudent.domain.allowance import Budget
from estudent.ports import Allowance
from tests.contract.registry_world import Registry

SLOW = Budget("writes", 100, 1_000_000.0, kept=10)
"""So slow that nothing comes back while a test runs."""


class Office(ABC):
    """Several processes that share what there is."""

    @abstractmethod
    def process(self) -> Allowance:
        """Return what one more process uses."""


class Registries(Office):
    """Processes with connections of their own to one registry."""

    def __init__(self, registry: Registry) -> None:
        self._url = registry.url
        self._opened = ExitStack()

    def process(self) -> Allowance:
        return SqlAllowance(self._opened.enter_context(closing(Database(self._url))))

    def close(self) -> None:
        """End all processes."""
        self._opened.close()


class AllowanceContract:
    @pytest.fixture
    def office(self) -> Office:
        raise NotImplementedError

    def test_together_they_never_take_more_than_there_is(self, office: Office) -> None:
        processes = [office.process() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            taken = pool.map(lambda at: processes[at % 4].take(SLOW, 5, urgent=False).tokens, range(40))
            assert sum(taken) == 89

    def test_what_is_kept_is_for_whoever_waits(self, office: Office) -> None:
        office.process().take(SLOW, 100, urgent=False)
        assert office.process().take(SLOW, 5, urgent=False).tokens == 0
        assert office.process().take(SLOW, 5, urgent=True).tokens == 5

    def test_a_pause_of_one_stops_all(self, office: Office) -> None:
        office.process().pause(SLOW, 40.0)
        portion = office.process().take(SLOW, 5, urgent=True)
        assert (portion.tokens, 30 < portion.wait <= 40) == (0, True)

    def test_there_are_no_more_places_than_were_said(self, office: Office) -> None:
        entered = [office.process().enter("exchange", 3, 60.0) for _ in range(5)]
        assert sorted(entered, key=str) == [0, 1, 2, None, None]
        office.process().leave("exchange", 1)
        assert office.process().enter("exchange", 3, 60.0) == 1

    def test_rooms_do_not_share_places(self, office: Office) -> None:
        assert [office.process().enter(room, 1, 60.0) for room in ("exchange", "another")] == [0, 0]


class SharedAllowanceContract(AllowanceContract):
    """What only those keep whose processes may be killed."""

    def test_a_place_of_a_process_that_was_killed_is_free_again(self, registry: Registry) -> None:
        now = 1000.0
        with closing(Database(registry.url)) as database:
            allowance = SqlAllowance(database, lambda: now)
            assert [allowance.enter("exchange", 1, 60.0) for _ in range(2)] == [0, None]
            now += 61
            assert allowance.enter("exchange", 1, 60.0) == 0
