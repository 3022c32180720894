"""What sharing a semester start out among two workers gains, and that it costs nothing: python -m bench.shards.

Where the directory is what is slow: each round brings everybody into a new one, in turns by a run of `semester-start`
that does all of it itself, and by one that may share it out in as many shards as large runs have by default; once also
by one that asks for help with all of them at once, as it did before it looked whether that gains. Where cores are free:
ten times as many students are in a directory in which all is right, so runs are bound by their own processor while the
directory idles; it was filled without a flush for each entry, and nothing is written there. Times are Prefect's, from
the run's start to its end; what each run tells of is looked at. The directory is compared with what is wanted, entry by
entry, after each run that fills it, and where nothing is to be changed before all runs and after them.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.apart import apart
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.feed import ROWS_OF_A_STUDENT, write_exports
from bench.provisioning import SYSTEM, Place, Run, a_place, compared, run_of, through_services
from bench.samples import Figure, Unit
from estudent.bootstrap import campus
from sandbox.orchestration import POOL
from sandbox.settings_file import as_toml
from sandbox.university import University

SHARDS = 4
TIMES = 10
"""So many times as many students are looked at where nothing is to be changed, or a run would be over too soon."""

ROUNDS = 2
"""So many rounds of them."""

ALONE, SHARED, AT_ONCE = "one process", "shards", "shards, everybody asked at once"


@dataclass(slots=True)
class Found:
    """Seconds of runs of each way, round by round, and how many runs were asked to help with them."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def main() -> None:
    """Print the table."""
    ours = asked(__doc__, sizes=(10_000,))
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    with a_place(ours) as place:
        place.prefect.spawn("another-worker", "worker", "start", "--pool", POOL, "--name", "there")
        for size in ours.sizes:
            yield from _told(Work.SHARDS, size, _all_new(place, size, ours.rounds_at(size)))
            many = TIMES * size
            yield from _told(Work.SHARDS_GAIN, many, _nothing_to_change(place, many, ours.rounds_at(many, ROUNDS)))


def _told(work: Work, size: int, found: Found) -> Iterator[Figure]:
    alone = found.seconds[ALONE]
    yield Figure(f"reference: {work}, {ALONE}", size, Unit.SECONDS, alone)
    yield Figure(work, size, Unit.SECONDS, found.seconds[SHARED], ALONE, alone)
    yield Figure(f"{work}: runs asked to help", size, Unit.COUNT, found.asked[SHARED])
    if at_once := found.seconds[AT_ONCE]:
        yield Figure(f"{work}, everybody asked at once", size, Unit.SECONDS, at_once, ALONE, alone)


def _all_new(place: Place, size: int, rounds: int) -> Found:
    feed, found = _feed(place, size), Found()
    for at in range(rounds):
        for way in _in_turn((ALONE, SHARED, *([AT_ONCE] if at == 0 else [])), at):
            progress(f"{size:,} students, all new, round {at + 1} of {rounds}: {way}")
            with place.university(feed) as there:
                run_of(place.prefect, "recruitment-sync", mode="apply")
                run = _semester_start(place, there, way, size, found)
                everybody = len(compared(there))
                _insist_told(place, run, (everybody, everybody, 0))
    return found


def _nothing_to_change(place: Place, size: int, rounds: int) -> Found:
    found = Found()
    with place.university(_feed(place, size), durable=False) as there:
        progress(f"{size:,} students, brought in line beforehand")
        apart(through_services)
        everybody = len(compared(there))
        for at in range(rounds):
            for way in _in_turn((ALONE, SHARED), at):
                progress(f"{size:,} students, nothing to change, round {at + 1} of {rounds}: {way}")
                run = _semester_start(place, there, way, size, found)
                _insist_told(place, run, (everybody, 0, 0))
        compared(there)
    return found


def _in_turn(ways: Sequence[str], at: int) -> Sequence[str]:
    return ways if at % 2 == 0 else ways[::-1]


def _feed(place: Place, size: int) -> Path:
    (export, *_), _ = apart(write_exports, place.folder, round(size * ROWS_OF_A_STUDENT))
    file: Path = export.file
    return file


def _semester_start(place: Place, there: University, way: str, size: int, found: Found) -> Run:
    with _sharing(place, there, way, size):
        before = _runs_of_shards(place)
        run = run_of(place.prefect, "semester-start", mode="apply", systems=[SYSTEM])
    others = _runs_of_shards(place) - before
    shards = _shards(run)
    insist(shards == (0 if way == ALONE else SHARDS), f"{way}: {shards} shards were carried out")
    insist(others <= SHARDS if way == SHARED else others == (SHARDS - 1) * (way == AT_ONCE), f"{way}: {others} asked")
    found.seconds[way].append(run.seconds)
    found.asked[way].append(others)
    return run


@contextmanager
def _sharing(place: Place, there: University, way: str, size: int) -> Iterator[None]:
    """Let runs that begin meanwhile share out in this way; by a setting alone do they differ from production's."""
    tree: dict[str, Mapping[str, object]] = tomllib.loads(there.settings.read_text(encoding="utf-8"))
    shards: dict[str, object] = {"students": 0 if way == ALONE else size // (2 * SHARDS), "most": SHARDS}
    if way == AT_ONCE:
        shards["busy"] = 0
    place.settings.write_text(as_toml(tree | {"shards": shards}), encoding="utf-8")
    try:
        yield
    finally:
        place.settings.write_text(as_toml(tree), encoding="utf-8")


def _shards(run: Run) -> int:
    """Return how many shards of a run are finished; those of an ended one all are."""
    with campus("bench", "looking") as here:
        sights = here.shards.of(run.run, SYSTEM)
    insist(all(sight.finished for sight in sights), "a shard was left")
    return len(sights)


def _insist_told(place: Place, run: Run, wanted: tuple[int, int, int]) -> None:
    """Raise RuntimeError unless a run tells of so many whom it looked at, who are new, and with whom it failed."""
    (table,) = (each for each in place.prefect.artifacts_of(run.run) if each["type"] == "table")
    (row,) = (each for each in json.loads(table["data"]) if each["System"] == SYSTEM)
    told = row["Read"], row["New"], row["Changed"] + row["Refused"] + row["Failed"]
    insist(told == wanted, f"the run tells of {told}, not of {wanted}")


def _runs_of_shards(place: Place) -> int:
    many: int = place.prefect.post("/flow_runs/count", {"deployments": {"name": {"any_": ["shard"]}}})
    return many


if __name__ == "__main__":
    main()
