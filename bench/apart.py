"""Work in a process of its own, so that its memory is its own; by portions; and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from bench.memory import peak_of

T = TypeVar("T")
AT_ONCE = 1000
"""How many students a task of a flow looks at."""


def apart(work: Callable[..., T], *given: object) -> tuple[T, float]:
    """Do it in a process of its own; return what came out, and the megabytes that were resident there at most."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        done = processes.submit(work, *given).result()
        return done, processes.submit(peak_of).result()


def timed(work: Callable[[], T]) -> tuple[float, float, T]:
    """Return how long it took, how much of it the processor worked, and what came out."""
    begun, worked = time.monotonic(), time.process_time()
    done = work()
    return time.monotonic() - begun, time.process_time() - worked, done


def portions(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the keys by the thousand, as flows do."""
    yield from (keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE))
