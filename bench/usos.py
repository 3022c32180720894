"""How much of what USOS API permits a run of enablements uses: python -m bench.usos.

The stand-in turns away calls beyond so many in a second, and we are told the same figure by a setting. Each student
costs one call that writes; looking costs one in 250 more, and counts as lost here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from bench.apart import apart, portions
from bench.asked import Asked, asked, progress, tell
from bench.budgets import Work
from bench.samples import Figure, Unit
from estudent.bootstrap import Campus, campus
from estudent.domain.lifecycle import Owed
from estudent.domain.student import LinkState, Student
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.crowd import let_have_mailboxes
from sandbox.sample import generate, write_csv
from sandbox.university import University
from sandbox.usos.rate import BURST

STUDENTS, RATE = 3_000, 50.0


def main() -> None:
    """Print the table."""
    ours = asked(__doc__, [STUDENTS])
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    for size in ours.sizes:
        progress(f"{size:,} enablements, {RATE:g} calls in a second permitted")
        (shares, lost), peak = apart(measure, size)
        yield Figure(Work.USOS, size, Unit.SHARE, shares, peak=peak)
        for work, number in lost.items():
            yield Figure(work, size, Unit.COUNT, [number])


def measure(students: int) -> tuple[list[float], dict[Work, int]]:
    """Return the share of the calls permitted, and what was lost, refused or done twice."""
    more = {"usos": {"calls_per_second": RATE}}
    with (
        TemporaryDirectory(prefix="bench-") as name,
        University(Path(name), more=more, register=("--rate", str(RATE))) as there,
    ):
        os.environ |= there.environment
        settings.cache_clear()
        with campus("bench", "usos") as here:
            keys = [student.key for student in _ready(there, here, students)]
            seconds = [_run(here, some) for some in portions(keys)]
            states = [student.usos_state for student in here.students.load(keys)]
        requests = httpx.get(f"{there.usos.url}/sandbox/requests").json()
        changes = httpx.get(f"{there.usos.url}/sandbox/changes").json()
    lost = {
        Work.USOS_REFUSED: requests["by_status"].get("429", 0),
        Work.USOS_LOST: sum(state is not LinkState.VERIFIED for state in states),
        Work.USOS_TWICE: len(changes) - len({each["os_id"] for each in changes}),
    }
    return [len(changes) / (RATE * (sum(seconds) + BURST))], lost


def _ready(there: University, here: Campus, most: int) -> list[Student]:
    """Return so many students whose mailbox works and whom USOS knows."""
    sample = generate(most * 11 // 10 + 20, broken=False)
    write_csv(sample, there.feeds / "feed.csv")
    people: list[dict[str, Any]] = [dict(person) for person in sample.people_for_usos()]
    httpx.post(f"{there.usos.url}/sandbox/people", json=people, timeout=60).raise_for_status()
    here.database.upgrade()
    here.admit.run()
    everybody = here.students.load(here.students.keys(Whom()))
    owed = [each for each in everybody if each.is_owed(Owed.USOS_LINK) and each.usos_id is not None][:most]
    let_have_mailboxes(here, owed)
    return owed


def _run(here: Campus, keys: Sequence[int]) -> float:
    """Enable one batch, as the flow does; return the seconds that it took."""
    begun = time.monotonic()
    here.link_usos.apply(keys)
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
