"""A handful of threads that share some work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import islice
from typing import TypeVar

R = TypeVar("R")
S = TypeVar("S")
PORTION = 16
"""How many things each thread gets at a time; in between, the caller may stop."""


def in_parallel(do: Callable[[S], R], things: Iterable[S], threads: int) -> Iterator[R]:
    """Do something with every thing and yield results as they come; after a failure no more is begun."""
    line = iter(things)
    with ThreadPoolExecutor(threads, thread_name_prefix="usos") as pool:
        while portion := list(islice(line, threads * PORTION)):
            yield from _results([pool.submit(do, thing) for thing in portion])


def _results(futures: list[Future[R]]) -> Iterator[R]:
    """Yield all results that there are, then raise the first failure."""
    failure: BaseException | None = None
    for future in as_completed(futures):
        if future.cancelled():
            continue
        error = future.exception()
        if error is None:
            yield future.result()
            continue
        failure = failure or error
        for other in futures:
            other.cancel()
    if failure is not None:
        raise failure
