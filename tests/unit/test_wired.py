"""What a run has wired is shared by all that it does, and closed when nobody works there any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from estudent.services.reconcile import Leash
from flows import wired
from flows.wired import Wired, here_as, kept_apart, kept_open


class Place:
    """Stands in for a campus."""

    def __init__(self, *who: object) -> None:
        self.who, self.closed = who, False


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """The campuses that are wired, in their order."""
    all_of_them: list[Place] = []

    @contextmanager
    def campus(*who: object) -> Iterator[Place]:
        all_of_them.append(place := Place(*who))
        yield place
        place.closed = True

    monkeypatch.setattr(wired, "campus", campus)
    return all_of_them


def visit(actor: str, leash: Leash | None = None) -> object:
    with here_as(actor, "run", leash) as here:
        return here


def test_outside_of_a_run_each_has_its_own(places: list[Place]) -> None:
    assert visit("a") is not visit("a")
    assert [place.closed for place in places] == [True, True]


def test_within_a_run_everything_done_by_one_shares_it_whatever_thread_or_task(places: list[Place]) -> None:
    async def task() -> object:
        return await asyncio.to_thread(visit, "a")

    @kept_open()
    async def run() -> list[object]:
        return [visit("a"), *await asyncio.gather(task(), task())]

    assert {id(here) for here in asyncio.run(run())} == {id(place) for place in places}
    assert [place.closed for place in places] == [True]


def test_whoever_acts_otherwise_has_another_one(places: list[Place]) -> None:
    leash = Leash(3)

    @kept_open()
    async def run() -> None:
        for who in (("a", None), ("b", None), ("a", leash), ("a", Leash(3)), ("a", leash), ("b", None)):
            visit(*who)
            assert not any(place.closed for place in places)

    asyncio.run(run())
    assert [place.who[0] for place in places] == ["a", "b", "a", "a"]
    assert all(place.closed for place in places)


def test_a_part_of_a_run_shares_what_the_run_has(places: list[Place]) -> None:
    @kept_open()
    async def part() -> None:
        visit("a")

    @kept_open()
    async def run() -> None:
        await part()
        assert not places[0].closed
        await part()

    asyncio.run(run())
    assert [place.closed for place in places] == [True]


def test_a_part_under_a_name_of_its_own_is_closed_with_it(places: list[Place]) -> None:
    @kept_apart()
    async def part(name: str) -> None:
        assert visit(name) is visit(name)

    @kept_open()
    async def run() -> None:
        visit("a")
        for name in "bc":
            await part(name)
        assert [place.closed for place in places] == [False, True, True]
        assert visit("a") is places[0]

    asyncio.run(run())
    assert [place.closed for place in places] == [True, True, True]


def test_what_a_run_has_open_its_parts_use_and_leave_open(places: list[Place]) -> None:
    @kept_apart()
    async def part() -> None:
        assert visit("a") is places[0]
        visit("b")

    @kept_open()
    async def run() -> None:
        visit("a")
        await part()
        assert [place.closed for place in places] == [False, True]

    asyncio.run(run())
    assert [(place.who[0], place.closed) for place in places] == [("a", True), ("b", True)]


def test_runs_share_nothing(places: list[Place]) -> None:
    @kept_open()
    async def run() -> None:
        await asyncio.to_thread(visit, "a")

    async def both() -> None:
        await asyncio.gather(run(), run())

    asyncio.run(both())
    assert [place.closed for place in places] == [True, True]


def test_a_thread_that_works_on_after_its_run_keeps_it_open(places: list[Place]) -> None:
    inside, go_on = Event(), Event()

    def slow() -> bool:
        with here_as("a", "run"):
            inside.set()
            go_on.wait(10)
            return places[0].closed

    @kept_open()
    async def run() -> asyncio.Task[bool]:
        task = asyncio.create_task(asyncio.to_thread(slow))
        await asyncio.to_thread(inside.wait, 10)
        return task

    async def all_of_it() -> bool:
        task = await run()
        assert not places[0].closed
        go_on.set()
        return await task

    assert asyncio.run(all_of_it()) is False
    assert places[0].closed


def test_a_thread_that_comes_too_late_has_its_own(places: list[Place]) -> None:
    """A cancelled run has left, and a thread that was to work for it begins all the same."""
    of_the_run = Wired()
    with of_the_run.entered(("a", "run", None)):
        pass
    of_the_run.leave()
    with of_the_run.entered(("a", "run", None)):
        assert [place.closed for place in places] == [True, False]
    assert [place.closed for place in places] == [True, True]


def test_what_cannot_be_wired_is_tried_anew(monkeypatch: pytest.MonkeyPatch, places: list[Place]) -> None:
    def broken(*_who: object) -> None:
        raise ValueError

    @kept_open()
    async def run() -> None:
        with monkeypatch.context() as for_now:
            for_now.setattr(wired, "campus", broken)
            with pytest.raises(ValueError):
                visit("a")
        visit("a")

    asyncio.run(run())
    assert [place.closed for place in places] == [True]
