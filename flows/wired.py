"""What is wired for a run, kept open as long as it works: to wire and sign in anew costs a tenth of a second."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from threading import Lock

from estudent.bootstrap import Campus, campus
from estudent.services.reconcile import Leash

As = tuple[str, str, Leash | None]
"""Under whose name something is done, for which run, and on which leash."""


class Wired:
    """The campuses of a run; they are closed once the run, and every thread that works for it, has left.

    A part of a run has campuses of its own, and uses those that the `whole` has open.
    """

    def __init__(self, whole: Wired | None = None) -> None:
        self._whole = whole
        self._campuses: dict[As, Campus] = {}
        self._open, self._users, self._lock = ExitStack(), 1, Lock()

    @contextmanager
    def entered(self, who: As) -> Iterator[Campus]:
        """Give the campus of whoever acts; it is wired when it is first asked for."""
        if self._whole and self._whole.has(who):
            with self._whole.entered(who) as here:
                yield here
            return
        with self._lock:
            here = self._campuses.get(who) or self._wire(who)
            self._users += 1
        try:
            yield here
        finally:
            self.leave()

    def has(self, who: As) -> bool:
        """Tell whether somebody's campus is open."""
        return who in self._campuses

    def leave(self) -> None:
        """Close what is open, unless others are still there: a thread works on after its run was cancelled."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            left, self._open, self._campuses = self._open, ExitStack(), {}
        # A thread that comes only now finds nothing that is closed: it wires anew, and closes that when it leaves.
        left.close()

    def _wire(self, who: As) -> Campus:
        self._campuses[who] = here = self._open.enter_context(campus(*who))
        return here


_OF_THE_RUN: ContextVar[Wired | None] = ContextVar("of the run", default=None)


@asynccontextmanager
async def kept_open() -> AsyncIterator[None]:
    """Let everything that is done meanwhile, in whatever task, share what is wired; as a decorator, for a function."""
    if _OF_THE_RUN.get():
        yield
        return
    async with kept_apart():
        yield


@asynccontextmanager
async def kept_apart() -> AsyncIterator[None]:
    """Do the same for one of many parts of a run that each act under a name of their own, and close it with the part.

    Kept open until the run ends, the connections of all of them would be more than a registry admits.
    """
    wired = Wired(_OF_THE_RUN.get())
    before = _OF_THE_RUN.set(wired)
    try:
        yield
    finally:
        _OF_THE_RUN.reset(before)
        wired.leave()


@contextmanager
def here_as(actor: str, run: str, leash: Leash | None = None) -> Iterator[Campus]:
    """Give what is wired for whoever the journal is to name: kept open meanwhile, or else for this once."""
    wired = _OF_THE_RUN.get()
    with wired.entered((actor, run, leash)) if wired else campus(actor, run, leash) as here:
        yield here
