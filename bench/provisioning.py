"""How fast students come from recruitment's file into the directory, through flows: python -m bench.provisioning.

Each round takes a feed in and brings everybody into a new directory: through the deployments `recruitment-sync` and
`accounts` of a real Prefect server, run by a real worker, and through the same services alone. slapd is the one of
production: TLS, access rules, a disk's flush for each write. References, in the same round and into the same kind of
slapd: ldapadd and plain ldap3; once, with fewer of the entries: a flow with one task for each student, Ansible's loop.
After each of them the directory is compared with what is wanted, entry by entry, and after ours the journal, too. Times
of flows are Prefect's, from the run's start to its end, without the start of its process; the one from the first
trigger to the last end has it, too. Against one task for each student, either run is over when Prefect has recorded
all of its tasks. The feed is of so many students; who has no album number yet has no entry, and rates count entries.
Services alone and plain ldap3 are measured with up to 10,000.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, select

from bench import ansible_loop, task_per_student
from bench.adding import ldapadd, plain_ldap3
from bench.apart import apart, portions, timed
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.feed import ROWS_OF_A_STUDENT, registries, write_exports
from bench.ldif import differing
from bench.memory import descendants, watched
from bench.samples import Figure, Unit
from estudent.adapters.registry.tables import journal
from estudent.bootstrap import Campus, campus
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.outcome import Result
from estudent.domain.whom import Whom
from estudent.services.bring_in_line import bring_in_line
from estudent.services.reconcile import Forecast
from estudent.settings import settings
from sandbox.debian import NotInstallable
from sandbox.orchestration import Orchestration
from sandbox.slapd import Slapd
from sandbox.university import SUFFIX, University

SYSTEM = "directory"
SERVICES_UP_TO = 10_000
"""With more students the services run in the flow alone, which costs minutes enough."""

ONE_BY_ONE = 2_000
TASKS, LOOPED = 1_000, 50
"""So many entries for Prefect's tasks, of whom few would cost more each than many do, and for Ansible."""

HOURS = 3
"""So many hourly runs where there is one round; else one in each."""

PATIENCE = 3600.0
SETTLED = 3.0
"""After so many seconds in which Prefect has told of no other task of an ended run, there are no more."""

PAGE = 200
"""So many tasks does Prefect tell of at once."""


@dataclass(frozen=True, slots=True)
class Way:
    """Seconds in which a feed was taken in, and in which everybody came into the directory; megabytes.

    Of flows also seconds until Prefect had recorded all tasks of the latter, and those of both with their processes.
    """

    feed: float
    accounts: float
    peak: float
    recorded: float = 0.0
    wall: float = 0.0


@dataclass(slots=True)
class Found:
    """What was measured with so many students, round by round."""

    size: int
    entries: Sequence[Entry] = ()
    flows: list[Way] = field(default_factory=list)
    services: list[Way] = field(default_factory=list)
    hours: list[tuple[float, float]] = field(default_factory=list)
    ldapadd: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """How many entries came a second, by flow."""
        return [len(self.entries) / way.accounts for way in self.flows]

    @property
    def recorded(self) -> list[float]:
        """The same until Prefect had recorded all tasks."""
        return [len(self.entries) / way.recorded for way in self.flows]


def main() -> None:
    """Print the table."""
    ours = asked(__doc__)
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    with a_place(ours) as place:
        done = []
        for size in ours.sizes:
            done.append(_measured(place, size, ours.rounds_at(size)))
            yield from _told(done[-1])
        most = max((found.entries for found in done), key=len)
        yield from _looped(place, done, most[:LOOPED])
        yield from _tasks(place, done, most[:TASKS])


@dataclass(frozen=True, slots=True)
class Place:
    """Where all of it happens; each university has a folder of its own there."""

    folder: Path
    prefect: Orchestration
    new_registry: Callable[[], str]
    numbers: Iterator[int] = field(default_factory=partial(count, 1))

    @property
    def settings(self) -> Path:
        """Where Prefect's runs find the settings of the university that was started last."""
        return self.folder / "settings.toml"

    def new_folder(self, kind: str) -> Path:
        """Return a folder that is not there yet."""
        return self.folder / f"{kind}{next(self.numbers)}"

    @contextmanager
    def university(self, feed: Path, *, durable: bool = True) -> Iterator[University]:
        """Start a university whose registry and directory are empty and to which recruitment has exported this feed."""
        folder = self.new_folder("university")
        with University(folder, registry=self.new_registry(), durable=durable) as there:
            shutil.copy(there.settings, self.settings)
            os.environ |= there.environment
            settings.cache_clear()
            shutil.copyfile(feed, there.feeds / "feed.csv")
            with campus("bench", "set-up") as here:
                here.database.upgrade()
            yield there
        shutil.rmtree(folder)

    @contextmanager
    def slapd(self) -> Iterator[Slapd]:
        """Start an empty directory like a university's."""
        folder = self.new_folder("slapd")
        with Slapd(folder, SUFFIX) as slapd:
            yield slapd
        shutil.rmtree(folder)


@contextmanager
def a_place(ours: Asked) -> Iterator[Place]:
    """Start what all rounds share: Prefect, and what makes registries."""
    with (
        TemporaryDirectory(prefix="bench-") as name,
        registries(Path(name), ours.postgresql) as new_registry,
        _prefect(Path(name)) as prefect,
    ):
        yield Place(Path(name), prefect, new_registry)


@contextmanager
def _prefect(folder: Path) -> Iterator[Orchestration]:
    """Start Prefect; its runs find the settings of whatever university was started last."""
    with Orchestration(folder / "prefect", {"ESTUDENT_SETTINGS": str(folder / "settings.toml")}) as prefect:
        progress("starting Prefect, registering the deployments")
        prefect.serve()
        yield prefect


def _measured(place: Place, size: int, rounds: int) -> Found:
    (export, *_), _ = apart(write_exports, place.folder, round(size * ROWS_OF_A_STUDENT))
    found = Found(size)
    ways = [_by_flow, _by_ldapadd, *([_by_services, _by_plain_ldap3] if size <= SERVICES_UP_TO else [])]
    for at in range(rounds):
        for way in ways if at % 2 == 0 else reversed(ways):
            progress(f"{size:,} students, round {at + 1} of {rounds}: {way.__name__.removeprefix('_by_')}")
            way(place, export.file, found, HOURS if rounds == 1 else 1)
    return found


# Our ways


def _by_flow(place: Place, feed: Path, found: Found, hours: int) -> None:
    with place.university(feed) as there:
        begun = time.monotonic()
        feeds = run_of(place.prefect, "recruitment-sync", mode="apply")
        accounts = run_of(place.prefect, "accounts", mode="apply")
        wall = time.monotonic() - begun
        recorded = recorded_after(place.prefect, accounts)
        found.flows.append(Way(feeds.seconds, accounts.seconds, max(feeds.peak, accounts.peak), recorded, wall))
        found.entries = compared(there)
        # What a run has written is looked at once more, here by one that is not measured.
        run_of(place.prefect, "accounts", mode="apply")
        hourly = [run_of(place.prefect, "accounts", mode="apply") for _ in range(hours)]
        found.hours += [(run.seconds, run.peak) for run in hourly]
        compared(there)


def _by_services(place: Place, feed: Path, found: Found, _hours: int) -> None:
    with place.university(feed) as there:
        (feeds, accounts), peak = apart(through_services)
        found.services.append(Way(feeds, accounts, peak))
        compared(there)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a deployment that has ended: its id, when it began and how long it took as Prefect tells, megabytes."""

    run: str
    began: datetime
    seconds: float
    peak: float


def run_of(prefect: Orchestration, flow: str, **parameters: object) -> Run:
    """Run a deployment to its end."""
    before = set(descendants(prefect.worker.pid))
    with watched(prefect.worker.pid, itself=False) as peak:
        run = prefect.trigger(flow, parameters)
        state = prefect.wait_for(run, PATIENCE)
    insist(state["type"] == "COMPLETED", f"{flow} ended as {state['name']}: {state['message']}")
    _wait_until_gone(prefect.worker.pid, before)
    (told,) = prefect.post("/flow_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    began, ended = (datetime.fromisoformat(told[name]) for name in ("start_time", "end_time"))
    return Run(run, began, (ended - began).total_seconds(), peak.megabytes)


def recorded_after(prefect: Orchestration, run: Run) -> float:
    """Return the seconds from a run's begin until Prefect recorded the last of its tasks, or it ended if later.

    How many tasks there are nobody tells: these are all once for a while no more have come.
    """
    known, since, deadline = dict[str, str](), time.monotonic(), time.monotonic() + PATIENCE
    while set(known.values()) - {"COMPLETED"} or time.monotonic() - since < SETTLED:
        insist(time.monotonic() < deadline, f"Prefect has not recorded all tasks after {PATIENCE:.0f} s")
        tasks = _tasks_of(prefect, run)
        seen = {task["id"]: task["state_type"] for task in tasks}
        if seen != known:
            known, since = seen, time.monotonic()
        time.sleep(0.2)
    recorded = ((datetime.fromisoformat(task["updated"]) - run.began).total_seconds() for task in tasks)
    return max([run.seconds, *recorded])


def _tasks_of(prefect: Orchestration, run: Run) -> list[dict[str, Any]]:
    """Return what Prefect knows of a run's tasks."""
    wanted = {"task_runs": {"flow_run_id": {"any_": [run.run]}}, "sort": "ID_DESC", "limit": PAGE}
    tasks: list[dict[str, Any]] = []
    while page := prefect.post("/task_runs/filter", {**wanted, "offset": len(tasks)}):
        tasks += page
    return tasks


def _wait_until_gone(worker: int, before: set[int], patience: float = 15) -> None:
    """Wait until the run's process is gone, or its memory might be taken for the next one's."""
    deadline = time.monotonic() + patience
    while set(descendants(worker)) - before and time.monotonic() < deadline:
        time.sleep(0.1)


def through_services() -> tuple[float, float]:
    """Do what both flows do, without Prefect; return the seconds of either."""
    with campus("bench", "services") as here:
        here.reconciler(SYSTEM)
        feeds, _, tally = timed(here.admit.run)
        insist(not tally.failed, f"the feed failed: {tally}")
        accounts, _, _ = timed(partial(_bring_everybody_in_line, here))
    return feeds, accounts


def _bring_everybody_in_line(here: Campus) -> None:
    noticed = here.watch_entries.notice(here.students.keys(Whom()))
    accounts, forecast = here.reconciler(SYSTEM), Forecast(SYSTEM, looked_at=noticed.unchanged)
    for some in portions(noticed.keys):
        forecast = forecast.merge(accounts.forecast(some))
    insist(here.obstacle(forecast) is None, "the brake holds")
    for tally in bring_in_line(accounts, portions(noticed.keys)):
        insist(not (tally.refused or tally.failed), f"somebody could not be brought in line: {tally}")
    here.watch_entries.keep(noticed)


def compared(there: University) -> list[Entry]:
    """Return the entries that the registry wants.

    Raise RuntimeError unless the directory holds these and no others, and the journal tells that each was added.
    """
    with campus("bench", "looking") as here:
        keys = here.students.keys(Whom())
        wanted = [entry_of(each, here.domain) for some in portions(keys) for each in here.students.load(some)]
        noted = _noted(here)
    insist(bool(wanted), "nobody was taken in")
    insist(noted == len(wanted), f"of {len(wanted)} entries the journal tells of {noted} that they were added")
    _insist_alike(there.slapd, wanted, "a run")
    return wanted


def _noted(here: Campus) -> int:
    """Return how many students were added to the directory as the journal tells."""
    added = journal.c.system == SYSTEM, journal.c.step == "add", journal.c.result == Result.DONE.value
    with here.database.reading() as connection:
        many: int | None = connection.scalar(select(func.count(journal.c.student_id.distinct())).where(*added))
    return many or 0


# The references


def _by_ldapadd(place: Place, _feed: Path, found: Found, _hours: int) -> None:
    with place.slapd() as slapd:
        found.ldapadd.append(ldapadd(slapd, found.entries))
        _insist_alike(slapd, found.entries, "ldapadd")


def _by_plain_ldap3(place: Place, _feed: Path, found: Found, _hours: int) -> None:
    some = found.entries[:ONE_BY_ONE]
    with place.slapd() as slapd:
        found.plain.append(len(some) / plain_ldap3(slapd, some))
        _insist_alike(slapd, some, "plain ldap3")


def _looped(place: Place, done: Sequence[Found], entries: Sequence[Entry]) -> Iterator[Figure]:
    many, name = len(entries), "Ansible's ldap_entry in a loop"
    progress(f"Ansible's loop with {many} entries")
    with place.slapd() as slapd:
        try:
            looped = ansible_loop.measure(slapd, entries)
        except NotInstallable as error:
            missing = Figure(name, many, Unit.RATE, [], note=str(error))
            yield from _against(Work.AGAINST_ANSIBLE, [(found.size, found.rates) for found in done], missing)
            return
        _insist_alike(slapd, entries, name)
    reference = Figure(name, many, Unit.RATE, [1 / looped.seconds], peak=looped.peak)
    yield from _against(Work.AGAINST_ANSIBLE, [(found.size, found.rates) for found in done], reference)


def _tasks(place: Place, done: Sequence[Found], entries: Sequence[Entry]) -> Iterator[Figure]:
    """Take flows to be over when Prefect can tell of all of their tasks; show them by their own ends, too."""
    many, name = len(entries), "one task for each student"
    progress(f"one task for each of {many} students")
    with place.slapd() as slapd:
        added = task_per_student.measure(place.prefect, slapd, entries)
        _insist_alike(slapd, entries, name)
    recorded = Figure(f"{name}, recorded", many, Unit.RATE, [many / added.recorded], peak=added.peak)
    ended = Figure(f"{name}, ended", many, Unit.RATE, [many / added.ended], peak=added.peak)
    yield from _against(Work.AGAINST_TASKS, [(found.size, found.recorded) for found in done], recorded)
    own_ends = "accounts: the same by the flows' own ends"
    yield from _against(own_ends, [(found.size, found.rates) for found in done], ended)


def _against(what: str, rates: Iterable[tuple[int, Sequence[float]]], reference: Figure) -> Iterator[Figure]:
    """Yield a reference that was measured once with few entries, and our flow's rates at each size against it."""
    yield replace(reference, what=f"reference: {reference.what}")
    for size, ours in rates:
        yield Figure(what, size, Unit.RATE, ours, reference.what, reference.samples, note=reference.note)


def _insist_alike(slapd: Slapd, wanted: Sequence[Entry], after: str) -> None:
    wrong = sorted(differing(slapd, wanted))
    insist(not wrong, f"after {after} {len(wrong)} entries are not as wanted, among them {wrong[:3]}")


# What is told


def _told(found: Found) -> Iterator[Figure]:
    entries, size = len(found.entries), found.size
    peak = max(way.peak for way in found.flows)
    added = [entries / seconds for seconds in found.ldapadd]
    yield Figure("reference: ldapadd", size, Unit.RATE, added)
    if found.plain:
        yield Figure("reference: plain ldap3, one by one", size, Unit.RATE, found.plain, "ldapadd", added)
    yield Figure(Work.FLOW, size, Unit.RATE, found.rates, "ldapadd", added, peak)
    if found.services:
        yield from _against_services(found, added)
    sums = [way.feed + way.accounts for way in found.flows]
    yield Figure(Work.FEED_TO_DIRECTORY, size, Unit.SECONDS, sums, peak=peak)
    walls = [way.wall for way in found.flows]
    yield Figure("feed to directory: from the trigger, processes' starts included", size, Unit.SECONDS, walls)
    hours = [seconds for seconds, _ in found.hours]
    yield Figure(Work.HOURLY_FLOW, size, Unit.SECONDS, hours, peak=max(peak for _, peak in found.hours))


def _against_services(found: Found, added: Sequence[float]) -> Iterator[Figure]:
    peak = max(way.peak for way in found.services)
    rates = [len(found.entries) / way.accounts for way in found.services]
    yield Figure("accounts: all new, services alone", found.size, Unit.RATE, rates, "ldapadd", added, peak)
    alone = [way.feed + way.accounts for way in found.services]
    orchestrated = [way.feed + way.accounts for way in found.flows]
    yield Figure(Work.ORCHESTRATED, found.size, Unit.SECONDS, orchestrated, "services alone", alone)


if __name__ == "__main__":
    main()
