"""Tasks that overlap: in order, so many at a time, and none left alone."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from flows.overlapping import overlapping


def test_so_many_are_under_way_and_what_comes_of_them_is_in_order() -> None:
    now, most = 0, list[int]()

    async def work(at: int) -> int:
        nonlocal now
        now += 1
        most.append(now)
        await asyncio.sleep(0.02 if at % 2 else 0.001)
        now -= 1
        return at

    async def run() -> list[int]:
        return [each async for each in overlapping(2, (partial(work, at) for at in range(7)))]

    assert asyncio.run(run()) == list(range(7))
    assert max(most) == 2


def test_one_at_a_time_is_one_after_another() -> None:
    happened: list[str] = []

    async def work(name: str) -> None:
        happened.append(name)
        await asyncio.sleep(0)
        happened.append(name)

    async def run() -> None:
        async for _ in overlapping(1, (partial(work, name) for name in "abc")):
            pass

    asyncio.run(run())
    assert happened == [*"aabbcc"]


def test_after_a_failure_none_is_begun_and_those_under_way_end() -> None:
    begun, ended = list[int](), list[int]()

    async def work(at: int) -> None:
        begun.append(at)
        if at == 1:
            raise ValueError
        await asyncio.sleep(0.02)
        ended.append(at)

    async def run() -> None:
        async for _ in overlapping(2, (partial(work, at) for at in range(5))):
            pass

    with pytest.raises(ValueError):
        asyncio.run(run())
    assert (begun, ended) == ([0, 1, 2], [0, 2])
