"""How fast recruitment's feed is taken in, against reading the file with Python's csv module: python -m bench.feed.

A file of 100,000 rows, broken ones among them, goes through the folder, the rules and the registry, its journal and its
rejections, as the flow recruitment-sync sends it: all new, then exported again without a change, then with another
e-mail in every hundredth row. The references, `csv.DictReader` and `csv.reader`, read the same file right before. With
--postgresql the registry stands on a real server, durable as in production, instead of SQLite.
"""

from __future__ import annotations

import argparse
import csv
import resource
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import func, select

from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import journal, person, student, study
from estudent.bootstrap import Campus, now
from estudent.domain.outcome import Tally
from estudent.domain.person_name import tidy
from estudent.settings import RecruitmentSettings, RegistrySettings, Settings
from sandbox.postgresql import PostgreSQL
from sandbox.sample import Row, Sample, generate, write_csv
from sandbox.sample.generation import Spoilt

ROWS, ROUNDS, NEWLY = 100_000, 5, 3
ROWS_OF_A_STUDENT = 1.025
EVERY = 100
NEW, AGAIN, CHANGED = "all new", "unchanged", "1 % changed"
LIMITS = {NEW: 20, AGAIN: 3}
MEGABYTES = 400
T = TypeVar("T")


Known = tuple[object, ...]
"""What file and registry say alike of one application: names, birth date, e-mail, language, album number."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file, how many rows it has and how many of them must be refused, and some of its applications."""

    file: Path
    rows: int
    refused: int
    some: Mapping[tuple[str, str], Known]


@dataclass(frozen=True, slots=True)
class Round:
    """One reading and the two references beside it: how long each took, and how much of that this process worked."""

    took: tuple[float, float]
    reader: tuple[float, float]
    dict_reader: tuple[float, float]
    tally: Tally


def main() -> None:
    """Print the figures."""
    asked = options(__doc__)
    with TemporaryDirectory() as name, registries(Path(name), asked.postgresql) as new_registry:
        _measure(Path(name), asked.rows, asked.rounds, new_registry)


def options(description: str | None) -> argparse.Namespace:
    """Return how many rows and rounds are asked for, and which database."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--postgresql", action="store_true")
    return parser.parse_args()


def _measure(folder: Path, rows: int, rounds: int, new_registry: Callable[[], str]) -> None:
    (first, later, students, changed), _ = apart(write_exports, folder, rows)
    urls = [new_registry() for _ in range(min(rounds, NEWLY))]
    news = [apart(take_in, url, [first]) for url in urls]
    again, again_peak = apart(take_in, urls[-1], [first] * rounds)
    others, others_peak = apart(take_in, urls[-1], ([later, first] * rounds)[:rounds])
    print(f"{first.rows} rows, {first.refused} of them to be refused, {first.file.stat().st_size / 1e6:.0f} MB")  # noqa: T201
    _tell(NEW, [each for many, _ in news for each in many], max(peak for _, peak in news), (students, None))
    _tell(AGAIN, again, again_peak, (0, 0))
    _tell(CHANGED, others, others_peak, (0, changed))


def _tell(what: str, rounds: Sequence[Round], peak: float, wanted: tuple[int, int | None]) -> None:
    """Print what was measured of rounds that made so many rows new students and changed so many."""
    for tally in (each.tally for each in rounds):
        assert wanted == (tally.new, None if wanted[1] is None else tally.changed), (what, tally)  # noqa: S101
    took = sorted(each.took[0] for each in rounds)
    by_name = [[each.took[at] / each.dict_reader[at] for each in rounds] for at in (0, 1)]
    plain = [[each.took[at] / each.reader[at] for each in rounds] for at in (0, 1)]
    limit = f"at most {LIMITS[what]}" if what in LIMITS else "no limit"
    lines = (
        (f"{what}, median of {len(took)}", f"{statistics.median(took):.2f} s", f"{took[0]:.2f} to {took[-1]:.2f} s"),
        ("  of which this process worked", f"{statistics.median(each.took[1] for each in rounds):.2f} s", ""),
        ("  against csv.DictReader", _times(by_name[0]), f"{_times(by_name[1])} its processor time; {limit}"),
        ("  against csv.reader", _times(plain[0]), f"{_times(plain[1])} its processor time"),
        ("  memory at most", f"{peak:.0f} MB", f"at most {MEGABYTES} MB"),
    )
    for line in lines:
        print(f"{line[0]:36} {line[1]:>14}   {line[2]}")  # noqa: T201


def _times(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.1f} times"


def take_in(url: str, exports: Sequence[Export]) -> list[Round]:
    """Let recruitment export these files one after another, each in place of the one before, and take them in."""
    folder = exports[0].file.parent / "recruitment"
    folder.mkdir(exist_ok=True)
    with registry(url, folder) as here:
        rounds = [_round(here, export, folder / "feed.csv") for export in exports]
        _compare(here, exports[-1])
    return rounds


def _round(here: Campus, export: Export, place: Path) -> Round:
    shutil.copyfile(export.file, place)
    reader, dict_reader = (timed(partial(_read, place, way))[:2] for way in (csv.reader, csv.DictReader))
    seconds, worked, tally = timed(here.admit.run)
    assert (tally.read, tally.refused, tally.failed) == (export.rows, export.refused, 0), tally  # noqa: S101
    return Round((seconds, worked), reader, dict_reader, tally)


@contextmanager
def registry(url: str, folder: Path) -> Iterator[Campus]:
    """Wire what a run has, on this registry and this folder of recruitment."""
    settings = Settings(
        registry=RegistrySettings(url=SecretStr(url), fingerprint_key=SecretStr("a key for benches " * 2)),
        recruitment=RecruitmentSettings(folder=folder, settle_seconds=0),
    )
    here = Campus(settings, Author("bench", "feed", now))
    try:
        here.database.upgrade()
        yield here
    finally:
        here.close()


@contextmanager
def registries(folder: Path, postgresql: bool) -> Iterator[Callable[[], str]]:
    """Yield what makes an empty registry and returns its address."""
    numbers = count(1)
    if not postgresql:
        yield lambda: f"sqlite:///{folder / f'registry{next(numbers)}.sqlite'}"
        return
    server = PostgreSQL(folder / "postgresql")
    try:
        with server:
            yield lambda: server.create_database(f"registry{next(numbers)}")
    finally:
        server.discard()


def apart(work: Callable[..., T], *given: object) -> tuple[T, float]:
    """Do it in a process of its own; return what came out, and the megabytes that were resident there at most."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        done = processes.submit(work, *given).result()
        return done, processes.submit(_peak).result()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_exports(folder: Path, rows: int) -> tuple[Export, Export, int, int]:
    """Write a file and a later one with other e-mails; return both, the students, and how many of them change.

    Stray quotation marks are left out: behind one of them the csv module reads nothing more.
    """
    sample = generate(round(rows / ROWS_OF_A_STUDENT))
    lines = [line for line in sample.lines if not (isinstance(line, Spoilt) and line.breakage.kind == "stray_quote")]
    first = Sample(lines, sample.usos_ids)
    later = Sample([*_with_other_addresses(first)], sample.usos_ids)
    changed = sum(one != other for one, other in zip(first.lines, later.lines, strict=True))
    exports = [_export(each, folder / f"{name}.csv") for each, name in ((first, "first"), (later, "later"))]
    return exports[0], exports[1], len(first.students), changed


def _with_other_addresses(sample: Sample) -> Iterator[Row | Spoilt]:
    """Yield the lines, every hundredth with another e-mail where it is its student's only one."""
    times = Counter(line.row.candidate if isinstance(line, Spoilt) else line.candidate for line in sample.lines)
    changing = {row.candidate for row in sample.students[::EVERY] if times[row.candidate] == 1}
    for line in sample.lines:
        if isinstance(line, Row) and line.candidate in changing:
            yield line._replace(email=f"other.{line.email}")
        else:
            yield line


def _export(sample: Sample, file: Path) -> Export:
    write_csv(sample, file)
    some = {(row.candidate, row.programme): _known(row) for row in sample.students[::EVERY]}
    return Export(file, len(sample.lines), len(sample.broken), some)


def _known(row: Row) -> Known:
    names = tidy(row.given_name), tidy(row.middle_name), tidy(row.family_name)
    return (*names, row.birth_date, row.email, row.language, row.album_number or None)


def _read(file: Path, way: Callable[..., Iterable[object]]) -> int:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return sum(1 for _ in way(lines, delimiter=";"))


def timed(work: Callable[[], T]) -> tuple[float, float, T]:
    """Return how long it took, how much of it the processor worked, and what came out."""
    begun, worked = time.monotonic(), time.process_time()
    done = work()
    return time.monotonic() - begun, time.process_time() - worked, done


def _compare(here: Campus, export: Export) -> None:
    """Raise AssertionError unless what the registry holds of some is what the file says, and all are in the journal."""
    names = (person.c.given_name, person.c.middle_name, person.c.family_name)
    values = (*names, person.c.birth_date, person.c.email, student.c.language, student.c.album_number)
    query = select(study.c.candidate_number, study.c.programme, *values).select_from(study.join(student).join(person))
    query = query.where(study.c.candidate_number.in_([candidate for candidate, _ in export.some]))
    with here.database.reading() as connection:
        found = {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(query)}
        students = connection.scalar(select(func.count()).select_from(student))
        admitted = connection.scalar(select(func.count()).select_from(journal).where(journal.c.step == "admitted"))
    wrong = {key for key, known in export.some.items() if found.get(key) != known}
    assert not wrong, sorted(wrong)[:5]  # noqa: S101
    assert students == admitted, (students, admitted)  # noqa: S101


if __name__ == "__main__":
    main()
