"""How much of what USOS API permits a run of enablements uses: python -m bench.usos [students [calls in a second]].

The stand-in turns away calls beyond so many in a second, and we are told the same figure by a setting. Each student
costs one call that writes; looking costs one in 250 more, and counts as lost here.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from estudent.bootstrap import Campus, campus
from estudent.domain.lifecycle import Owed
from estudent.domain.student import LinkState, Student
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.crowd import let_have_mailboxes
from sandbox.sample import generate, write_csv
from sandbox.university import University
from sandbox.usos.rate import BURST

STUDENTS, RATE = 10_000, 50.0
AT_ONCE = 1000


def main(students: int, rate: float) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    more = {"usos": {"calls_per_second": rate}}
    with University(folder, durable=False, more=more, register=("--rate", str(rate))) as there:
        os.environ |= there.environment
        settings.cache_clear()
        with campus("bench", "usos") as here:
            keys = [student.key for student in _ready(there, here, students)]
            seconds = [_run(here, keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE)]
            states = [student.usos_state for student in here.students.load(keys)]
        requests = httpx.get(f"{there.usos.url}/sandbox/requests").json()
        changes = httpx.get(f"{there.usos.url}/sandbox/changes").json()
    permitted = rate * (sum(seconds) + BURST)
    table = Table("what", "figure", "limit", title=f"{len(keys)} enablements, {rate:g} calls in a second permitted")
    table.add_row("enablements / calls permitted", f"{len(changes) / permitted:.2f}", "≥ 0.95")
    table.add_row("calls beyond the limit", str(requests["by_status"].get("429", 0)), "0")
    table.add_row("not enabled", str(sum(state is not LinkState.VERIFIED for state in states)), "0")
    table.add_row("addresses handed over twice", str(len(changes) - len({each["os_id"] for each in changes})), "0")
    table.add_row("seconds in all, median of a thousand", f"{sum(seconds):.1f}, {statistics.median(seconds):.1f}", "")
    Console().print(table)


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
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else STUDENTS,
        float(sys.argv[2]) if len(sys.argv) > 2 else RATE,
    )
