"""An event loop in a thread of its own, so that asynchronous libraries can serve synchronous callers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

R = TypeVar("R")
S = TypeVar("S")
Work = Coroutine[Any, Any, R]


@dataclass(frozen=True, slots=True)
class Line(Generic[S]):
    """Things of which so many are done at once, however long those in other lines take."""

    things: Iterable[S]
    at_once: int


class Background:
    """Runs coroutines; the thread starts with the first of them and ends with `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def call(self, work: Work[R]) -> R:
        """Run one coroutine to its end and return its result."""
        return self._submit(work).result()

    def each(self, do: Callable[[S], Work[R]], *lines: Line[S]) -> Iterator[R]:
        """Do something with every thing of some lines, and yield the results as they come.

        When one fails, no more are begun; those under way are finished and yielded before the failure is raised.
        """
        waiting = [(iter(line.things), line.at_once, set[Future[R]]()) for line in lines]
        failure: BaseException | None = None
        while True:
            if failure is None:
                for things, at_once, running in waiting:
                    running.update(self._submit(do(thing)) for thing in islice(things, at_once - len(running)))
            under_way = set[Future[R]]().union(*(running for *_, running in waiting))
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for *_, running in waiting:
                running.difference_update(done)
            failure = failure or next((error for future in done if (error := future.exception())), None)
            yield from (future.result() for future in done if future.exception() is None)
        if failure is not None:
            raise failure

    def close(self, last: Work[None]) -> None:
        """Run a last coroutine and end the thread; nothing happens when it never started."""
        with self._starting:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            last.close()
            return
        try:
            asyncio.run_coroutine_threadsafe(last, loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _submit(self, work: Work[R]) -> Future[R]:
        return asyncio.run_coroutine_threadsafe(work, self._started())

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
            return self._loop
