"""Taking many steps: those that touch nothing in common are sent together, and what is not accepted goes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice

from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.steps import Steps
from estudent.adapters.ldap.writing import write_together
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.ports import Misconfigured, Refused, Unavailable

AT_ONCE = 200
"""How many steps are looked at together; slapd bears 1000 requests that wait (olcConnMaxPendingAuth)."""

Numbered = Mapping[int, Step[Entry]]


class Carrier:
    """Takes the steps of one call; once the directory is out of reach, the rest have failed."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        # In which words the directory was found to be out of reach.
        self._lost = ""

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Yield an outcome for each step, in their order."""
        remaining = iter(steps)
        while some := list(islice(remaining, AT_ONCE)):
            yield from self._carry(some)

    def _carry(self, some: list[Step[Entry]]) -> Iterator[Outcome]:
        """Take some steps; should one show that none can work, tell first what became of the others."""
        outcomes: dict[int, Outcome] = {}
        trouble: Misconfigured | None = None
        try:
            for wave in waves(some):
                self._take(wave, outcomes)
        except Misconfigured as error:
            trouble = error
        yield from (outcomes[at] for at in sorted(outcomes))
        if trouble:
            raise trouble

    def _take(self, wave: Numbered, outcomes: dict[int, Outcome]) -> None:
        accepted = self._send(wave)
        outcomes |= {at: Outcome(wave[at], Result.DONE) for at in accepted}
        for at, step in wave.items():
            if at not in accepted:
                outcomes[at] = self._take_alone(step)

    def _send(self, wave: Numbered) -> set[int]:
        """Return which steps were accepted; whether others were taken is open, and shows when they are taken alone."""
        requests = {at: request for at, step in wave.items() if (request := self._steps.request(step))}
        accepted: set[int] = set()
        if len(requests) > 1 and not self._lost:
            with suppress(Unavailable):
                self._steps.pool.ask_once(partial(write_together, wanted=requests, accepted=accepted))
        return accepted

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


def waves(steps: Iterable[Step[Entry]]) -> list[dict[int, Step[Entry]]]:
    """Part steps into waves: within one nothing is touched twice, and what touches the same keeps its order."""
    parted: list[dict[int, Step[Entry]]] = []
    last: dict[str, int] = {}
    for at, step in enumerate(steps):
        touched = _names(step.wanted) | (_names(step.found) if step.found else set())
        wave = 1 + max((last.get(name, -1) for name in touched), default=-1)
        last |= dict.fromkeys(touched, wave)
        if wave == len(parted):
            parted.append({})
        parted[wave][at] = step
    return parted


def _names(entry: Entry) -> set[str]:
    """Return the entry's own name and all that no two entries may share (olcUniqueURI)."""
    names = (entry.uid, entry.album.login, *entry.mail, *entry.local_addresses, entry.principal_name)
    return {name.casefold() for name in names}
