"""What a run of `accounts` costs the registry when nothing has changed, beside the directory: python -m bench.hourly.

As in the flow, everybody is planned for a first time, a thousand at once, for the brake to judge, and a second time to
be brought in line; the directory is a table in memory that holds what is wanted, so that what is left is our own work.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.feed import apart, options, registries, registry, take_in, timed, write_exports
from estudent.bootstrap import Campus
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.outcome import Outcome
from estudent.domain.plan import Step
from estudent.domain.whom import Whom
from estudent.services.keep_accounts import keep_accounts
from estudent.services.reconcile import Reconciler

AT_ONCE = 1000
AT_MOST_SECONDS = 3.0


class AsWanted:
    """A directory in which everything is as it should be."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = {entry.album: entry for entry in entries}

    def find(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, Entry]:
        """Return the entries that exist."""
        return {album: self.entries[album] for album in albums}

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        """Return the entries that exist."""
        return self.find([entry.album for entry in wanted])

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Take no steps, and fail if there are any: nothing is to be done here."""
        assert not list(steps)  # noqa: S101
        return iter(())

    def check(self) -> str:
        """Return in one sentence what was found."""
        return f"{len(self.entries)} entries"


def main() -> None:
    """Print the figures."""
    asked = options(__doc__)
    with TemporaryDirectory() as name, registries(Path(name), asked.postgresql) as new_registry:
        url = new_registry()
        (first, *_), _ = apart(write_exports, Path(name), asked.rows)
        apart(take_in, url, [first])
        (students, parts), peak = apart(measure, url, Path(name), asked.rounds)
    print(f"{students} students, nothing changed; median of {asked.rounds}, and of which the processor worked")  # noqa: T201
    for what, (seconds, worked) in parts.items():
        print(f"{what:36} {seconds:>10.2f} s {worked:>8.2f} s")  # noqa: T201
    print(f"{'at most':36} {AT_MOST_SECONDS:>10.2f} s; memory at most {peak:.0f} MB")  # noqa: T201


def measure(url: str, folder: Path, rounds: int) -> tuple[int, dict[str, tuple[float, float]]]:
    """Return how many students there are, and how long each part of a run takes."""
    with registry(url, folder) as here:
        keys = here.students.keys(Whom())
        domain = here.settings.university.mail_domain
        everything = AsWanted(entry for each in here.students.load(keys) if (entry := entry_of(each, domain)))
        accounts = keep_accounts(everything, here.students, here.journal, domain)
        _bring_in_line(accounts, keys)
        parts = {
            "whom to look at": lambda: here.students.keys(Whom()),
            "loading them once": lambda: _load(here, keys),
            "planning for the brake": lambda: [accounts.forecast(some) for some in _portions(keys)],
            "bringing in line": lambda: _bring_in_line(accounts, keys),
        }
        times = {what: [timed(work)[:2] for _ in range(rounds)] for what, work in parts.items()}
    medians = {what: _median(each) for what, each in times.items()}
    run = [medians[what] for what in ("whom to look at", "planning for the brake", "bringing in line")]
    return len(keys), medians | {"a whole run": (sum(each[0] for each in run), sum(each[1] for each in run))}


def _load(here: Campus, keys: Sequence[int]) -> None:
    for some in _portions(keys):
        here.students.load(some)


def _bring_in_line(accounts: Reconciler, keys: Sequence[int]) -> None:
    for some in _portions(keys):
        tally = accounts.apply(some)
        assert not (tally.new or tally.changed or tally.refused or tally.failed), tally  # noqa: S101


def _portions(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE))


def _median(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(each[0] for each in times), statistics.median(each[1] for each in times)


if __name__ == "__main__":
    main()
