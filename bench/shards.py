"""What sharing a semester start out among two workers gains on this machine: python -m bench.shards.

Each round brings everybody into a new directory twice, in turns: by a run of `semester-start` that does all of it
itself, and by one that shares it out in as many shards as large runs have by default. Times are Prefect's, from the
run's start to its end; after each of them the directory is compared with what is wanted, entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.apart import apart
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.feed import ROWS_OF_A_STUDENT, write_exports
from bench.provisioning import SYSTEM, Place, a_place, compared, run_of
from bench.samples import Figure, Unit
from sandbox.orchestration import POOL

SHARDS = 4
ALONE, SHARED = "one process", "shards"


def main() -> None:
    """Print the table."""
    ours = asked(__doc__, sizes=(10_000,))
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    with a_place(ours) as place:
        place.prefect.spawn("another-worker", "worker", "start", "--pool", POOL, "--name", "there")
        for size in ours.sizes:
            (export, *_), _ = apart(write_exports, place.folder, round(size * ROWS_OF_A_STUDENT))
            seconds: dict[str, list[float]] = {ALONE: [], SHARED: []}
            for at in range(ours.rounds_at(size)):
                for way in (ALONE, SHARED) if at % 2 == 0 else (SHARED, ALONE):
                    progress(f"{size:,} students, round {at + 1}: {way}")
                    seconds[way].append(_seconds(place, export.file, size, way))
            yield Figure(f"reference: semester-start: directory, {ALONE}", size, Unit.SECONDS, seconds[ALONE])
            yield Figure(Work.SHARDS, size, Unit.SECONDS, seconds[SHARED], ALONE, seconds[ALONE])


def _seconds(place: Place, feed: Path, size: int, way: str) -> float:
    least = size // (2 * SHARDS) if way == SHARED else 0
    with place.university(feed, {"shards": {"students": least, "most": SHARDS}}) as there:
        run_of(place.prefect, "recruitment-sync", mode="apply")
        before = _runs_of_shards(place)
        run = run_of(place.prefect, "semester-start", mode="apply", systems=[SYSTEM])
        compared(there)
        shared_out = _runs_of_shards(place) - before
        insist((shared_out > 0) == (way == SHARED), f"{shared_out} shards were handed in")
    return run.seconds


def _runs_of_shards(place: Place) -> int:
    many: int = place.prefect.post("/flow_runs/count", {"deployments": {"name": {"any_": ["shard"]}}})
    return many


if __name__ == "__main__":
    main()
