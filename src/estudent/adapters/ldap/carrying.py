"""Taking many steps: those that touch nothing in common are sent together, and what is not accepted goes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.steps import Steps
from estudent.adapters.ldap.writing import Window
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.ports import Misconfigured, Refused, Unavailable

WINDOW = 200
"""How many steps are on their way at most; slapd bears 1000 requests that wait (olcConnMaxPendingAuth)."""

BATCH = 16
"""So many are sent at once: as soon as there is room for them, so that the directory never waits for work."""

Numbered = dict[int, Step[Entry]]


class Carrier:
    """Takes the steps of one call; once the directory is out of reach, the rest have failed."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        # In which words the directory was found to be out of reach.
        self._lost = ""

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Yield an outcome for each step, in their order; should none be able to work, tell first what was done."""
        known: dict[int, Outcome] = {}
        told = 0
        try:
            for at, outcome in self._taken(Queue(steps)):
                known[at] = outcome
                while told in known:
                    yield known.pop(told)
                    told += 1
        except Misconfigured:
            yield from (known[at] for at in sorted(known))
            raise

    def _taken(self, queue: Queue) -> Iterator[tuple[int, Outcome]]:
        """Yield what became of the steps, by their places, as it becomes known."""
        while some := queue.some():
            if len(some) > 1 and not self._lost:
                with suppress(Unavailable):
                    yield from self._accepted(some, queue)
            # Whether these were taken is open, and shows when they are taken alone.
            for at, step in some.items():
                yield at, self._take_alone(step)
                queue.settle(at)

    def _accepted(self, some: Numbered, queue: Queue) -> Iterator[tuple[int, Outcome]]:
        """Send these steps and those behind them, and yield those that are accepted; the others stay in `some`.

        After the first that is not, no more are sent: what comes behind it is not told before it is settled.
        """
        with self._steps.pool.lend() as connection:
            window = Window(connection)
            sending = self._send(window, some)
            while sending or len(window):
                if sending and len(window) <= WINDOW - BATCH:
                    more = queue.some()
                    some |= more
                    sending = bool(more) and self._send(window, more)
                    continue
                at, accepted = window.answer()
                if accepted:
                    queue.settle(at)
                    yield at, Outcome(some.pop(at), Result.DONE)
                else:
                    sending = False

    def _send(self, window: Window, some: Numbered) -> bool:
        """Send steps; tell whether all of them could be sent."""
        requests = {at: request for at, step in some.items() if (request := self._steps.request(step))}
        return window.send(requests) == len(some)

    def _take_alone(self, step: Step[Entry]) -> Outcome:
        if self._lost:
            return Outcome(step, Result.FAILED, self._lost)
        try:
            self._steps.take(step)
        except Refused as error:
            return Outcome(step, Result.REFUSED, str(error))
        except Unavailable as error:
            self._lost = str(error) if isinstance(error, OutOfReach) else ""
            return Outcome(step, Result.FAILED, str(error))
        return Outcome(step, Result.DONE)


class Queue:
    """Steps that wait for their turn: among those that were let go and are not settled, nothing is touched twice."""

    def __init__(self, steps: Iterable[Step[Entry]]) -> None:
        self._coming = enumerate(steps)
        self._next: tuple[int, Step[Entry]] | None = None
        self._touched: dict[int, set[str]] = {}
        self._names: set[str] = set()

    def some(self) -> Numbered:
        """Let the next steps go, by their places; none at the end, or where the next touches what is not settled."""
        return dict(islice(self._free(), BATCH))

    def settle(self, at: int) -> None:
        """Note that what became of a step is known."""
        self._names -= self._touched.pop(at)

    def _free(self) -> Iterator[tuple[int, Step[Entry]]]:
        while (held := self._next or next(self._coming, None)) is not None:
            self._next = held
            at, step = held
            touched = _names(step.wanted) | (_names(step.found) if step.found else set())
            if not self._names.isdisjoint(touched):
                return
            self._next, self._touched[at] = None, touched
            self._names |= touched
            yield held


def _names(entry: Entry) -> set[str]:
    """Return the entry's own name and all that no two entries may share (olcUniqueURI)."""
    names = (entry.uid, entry.album.login, *entry.mail, *entry.local_addresses, entry.principal_name)
    return {name.casefold() for name in names if name}
