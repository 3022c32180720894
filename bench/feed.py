"""How fast recruitment's feed is taken in, against reading the file with Python's csv module: python -m bench.feed.

A file, broken rows in it, goes through the folder, the rules and the registry, its journal and its
rejections, as the flow recruitment-sync sends it: all new, then exported again without a change, then with another
e-mail in every hundredth row. The references, `csv.DictReader` and `csv.reader`, read the same file right before. With
--postgresql the registry stands on a real server, durable as in production, instead of SQLite. Each state is measured
in a process of its own, and after it what the registry holds of each student is compared with the file.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from sqlalchemy import func, select

from bench.apart import apart, timed
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.samples import Figure, Unit
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import journal, person, student, study
from estudent.bootstrap import Campus, now
from estudent.domain.outcome import Tally
from estudent.domain.person_name import tidy
from estudent.settings import RecruitmentSettings, RegistrySettings, Settings
from sandbox.postgresql import PostgreSQL
from sandbox.sample import Row, Sample, generate, write_csv
from sandbox.sample.generation import Spoilt

NEWLY = 3
"""At most so many rounds have everybody new."""

ROWS_OF_A_STUDENT = 1.025
EVERY = 100


@dataclass(frozen=True, slots=True)
class Export:
    """A file, how many rows it has and how many of them must be refused; beside it lies what it says of students."""

    file: Path
    rows: int
    refused: int

    @property
    def known(self) -> Path:
        """Where that lies: a list for each student, as `_known` makes it."""
        return self.file.with_suffix(".json")


@dataclass(frozen=True, slots=True)
class Round:
    """One reading and the two references beside it: how long each took, and how much of that this process worked."""

    took: tuple[float, float]
    reader: tuple[float, float]
    dict_reader: tuple[float, float]
    tally: Tally


def main() -> None:
    """Print the table."""
    ours = asked(__doc__)
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    for size in ours.sizes:
        with TemporaryDirectory(prefix="bench-") as name, registries(Path(name), ours.postgresql) as new_registry:
            yield from _measured(Path(name), size, ours, new_registry)


def _measured(folder: Path, size: int, ours: Asked, new_registry: Callable[[], str]) -> Iterator[Figure]:
    progress(f"a feed of {size:,} rows")
    (first, later, students, changed), _ = apart(write_exports, folder, size)
    urls = [new_registry() for _ in range(min(ours.rounds_at(size), NEWLY))]
    news = [_apart(url, [first]) for url in urls]
    rounds = ours.rounds_at(size, NEWLY)
    again, again_peak = _apart(urls[-1], [first] * rounds)
    others, others_peak = _apart(urls[-1], ([later, first] * rounds)[:rounds])
    yield from _references(size, again)
    new_peak = max(peak for _, peak in news)
    yield from _told(Work.FEED_NEW, size, [each for many, _ in news for each in many], new_peak, (students, None))
    yield from _told(Work.FEED_AGAIN, size, again, again_peak, (0, 0))
    yield from _told(Work.FEED_CHANGED, size, others, others_peak, (0, changed))


def _told(
    what: str, size: int, rounds: Sequence[Round], peak: float, wanted: tuple[int, int | None]
) -> Iterator[Figure]:
    """Yield what was measured of rounds that made so many rows new students and changed so many."""
    for tally in (each.tally for each in rounds):
        made = tally.new, None if wanted[1] is None else tally.changed
        insist(made == wanted, f"{what}: not {wanted} are new and changed: {tally}")
    for name, at in ((what, 0), (f"{what}, processor time", 1)):
        took, read = [each.took[at] for each in rounds], [each.dict_reader[at] for each in rounds]
        yield Figure(name, size, Unit.SECONDS, took, "csv.DictReader", read, peak)


def _references(size: int, rounds: Sequence[Round]) -> Iterator[Figure]:
    plain, by_name = [each.reader[0] for each in rounds], [each.dict_reader[0] for each in rounds]
    yield Figure("reference: csv.reader, the file alone", size, Unit.SECONDS, plain)
    yield Figure("reference: csv.DictReader, the file alone", size, Unit.SECONDS, by_name, "csv.reader", plain)


def _apart(url: str, exports: Sequence[Export]) -> tuple[list[Round], float]:
    """Take these files in; return that with the megabytes it took, once the registry holds what the last one says."""
    done = apart(take_in, url, exports)
    apart(compare, url, exports[-1])
    return done


def take_in(url: str, exports: Sequence[Export]) -> list[Round]:
    """Let recruitment export these files one after another, each in place of the one before, and take them in."""
    folder = exports[0].file.parent / "recruitment"
    folder.mkdir(exist_ok=True)
    with registry(url, folder) as here:
        return [_round(here, export, folder / "feed.csv") for export in exports]


def _round(here: Campus, export: Export, place: Path) -> Round:
    shutil.copyfile(export.file, place)
    reader, dict_reader = (timed(partial(_read, place, way))[:2] for way in (csv.reader, csv.DictReader))
    seconds, worked, tally = timed(here.admit.run)
    as_expected = (tally.read, tally.refused, tally.failed) == (export.rows, export.refused, 0)
    insist(as_expected, f"not {export.rows} rows were read and {export.refused} refused: {tally}")
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
    export = Export(file, len(sample.lines), len(sample.broken))
    export.known.write_text(json.dumps([*map(_known, sample.students)]), encoding="utf-8")
    return export


def _known(row: Row) -> list[str]:
    """Return what file and registry say alike of a student; the first two say by which application."""
    names = tidy(row.given_name), tidy(row.middle_name), tidy(row.family_name)
    return [row.candidate, row.programme, *names, str(row.birth_date), row.email, row.language, row.album_number]


def _read(file: Path, way: Callable[..., Iterable[object]]) -> int:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return sum(1 for _ in way(lines, delimiter=";"))


def compare(url: str, export: Export) -> None:
    """Raise RuntimeError unless the registry holds the file's students as it says, and tells of each in its journal."""
    known = {tuple(each) for each in json.loads(export.known.read_text(encoding="utf-8"))}
    names = (person.c.given_name, person.c.middle_name, person.c.family_name)
    values = (
        *names,
        person.c.birth_date,
        person.c.email,
        student.c.language,
        func.coalesce(student.c.album_number, ""),
    )
    query = select(study.c.candidate_number, study.c.programme, *values).select_from(study.join(student).join(person))
    with registry(url, export.file.parent) as here, here.database.reading() as connection:
        found = {tuple(map(str, row)) for row in connection.execute(query)}
        students = connection.scalar(select(func.count()).select_from(student))
        admitted = connection.scalar(select(func.count()).select_from(journal).where(journal.c.step == "admitted"))
    wrong = sorted(each[:2] for each in known - found)
    insist(not wrong, f"of {len(wrong)} students the registry does not hold what the file says, among them {wrong[:5]}")
    insist(students == len(known) == admitted, f"{students} students, and {admitted} admissions, not {len(known)}")


if __name__ == "__main__":
    main()
