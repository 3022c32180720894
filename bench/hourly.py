"""What an hourly run of `accounts` costs where nothing has changed, and where 1 % has: python -m bench.hourly.

A registry takes a feed in, and a first run brings everybody into a real slapd. Then, as in the flow, runs notice whom
to look at, plan for them for the brake to judge, and bring them in line, a thousand at once; beside them everybody is
compared, as once a day. Of what has changed, half was wanted otherwise by the registry, half edited in the directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, update

from bench.apart import apart, portions, timed
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.feed import registries, registry, take_in, write_exports
from bench.ldif import differing
from bench.samples import Figure, Unit
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.registry.entries_seen import SqlEntriesSeen
from estudent.adapters.registry.tables import person, student
from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.bootstrap import Campus, now
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.plan import Step, StepKind
from estudent.domain.whom import Whom
from estudent.services.keep_accounts import keep_accounts
from estudent.services.reconcile import Reconciler
from estudent.services.watch_entries import WatchEntries
from sandbox.slapd import Slapd

PART = 200
"""Of so many students one is changed in the registry, and one in the directory: of both, 1 %."""

ROUNDS = 3
"""So many rounds even with the most students."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where registry and directory are, and the provisioner's way in."""

    url: str
    folder: Path
    uri: str
    bind_dn: str
    password: str
    suffix: str
    ca_file: Path


Times = dict[str, float]
UNCHANGED, COMPARED, CHANGED = "unchanged", "compared", "changed"


def main() -> None:
    """Print the table."""
    ours = asked(__doc__)
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    for size in ours.sizes:
        with TemporaryDirectory(prefix="bench-") as name, registries(Path(name), ours.postgresql) as new_registry:
            yield from _told(size, *_measured(size, ours.rounds_at(size, ROUNDS), Path(name), new_registry()))


def _told(size: int, times: Sequence[Times], peak: float) -> Iterator[Figure]:
    unchanged, compared, changed = ([each[what] for each in times] for what in (UNCHANGED, COMPARED, CHANGED))
    everybody = "hourly: services, everybody compared"
    yield Figure(everybody, size, Unit.SECONDS, compared, peak=peak)
    yield Figure(Work.HOURLY, size, Unit.SECONDS, unchanged, everybody, compared, peak)
    yield Figure(Work.HOURLY_CHANGED, size, Unit.SECONDS, changed, everybody, compared, peak)


def _measured(size: int, rounds: int, folder: Path, url: str) -> tuple[list[Times], float]:
    """Fill the directory, without a flush for each entry; then measure runs, for which it is durable again."""
    progress(f"hourly runs with {size:,} students")
    (first, *_), _ = apart(write_exports, folder, size)
    apart(take_in, url, [first])
    with Slapd(folder / "slapd", durable=False) as slapd:
        apart(fill, _place(url, folder, slapd))
    with Slapd(folder / "slapd") as slapd:
        times, peak = apart(measure, _place(url, folder, slapd), rounds)
        with registry(url, folder) as here:
            runs = _runs(here, _place(url, folder, slapd))
            wrong = differing(slapd, [*runs.wanted(runs.keys)])
            runs.directory.close()
    insist(not wrong, f"{len(wrong)} entries are not as wanted, among them {sorted(wrong)[:3]}")
    return times, peak


def _place(url: str, folder: Path, slapd: Slapd) -> Place:
    account = slapd.accounts["provisioner"]
    return Place(url, folder, slapd.ldaps_uri, account.dn, account.password, slapd.suffix, slapd.ca_file)


def fill(place: Place) -> None:
    """Bring everybody into the directory."""
    with registry(place.url, place.folder) as here:
        runs = _runs(here, place)
        runs.of_everybody()
        runs.directory.close()


def measure(place: Place, rounds: int) -> list[Times]:
    """Return how long each kind of run takes, round by round."""
    with registry(place.url, place.folder) as here:
        runs = _runs(here, place)
        # The first run after the directory has started again looks at everybody.
        runs.of_changed()
        times = [_round(runs, at) for at in range(rounds)]
        runs.directory.close()
    return times


def _round(runs: _Runs, at: int) -> Times:
    unchanged, _, nobody = timed(runs.of_changed)
    compared, _, everybody = timed(runs.of_everybody)
    wanted = runs.change(at)
    changed, _, some = timed(runs.of_changed)
    seen, expected = (nobody, everybody, some), (0, len(runs.keys), wanted)
    insist(seen == expected, f"runs looked at {seen}, not at {expected}")
    # What a run has written is looked at once more, here by one that is not measured.
    runs.of_changed()
    return {UNCHANGED: unchanged, COMPARED: compared, CHANGED: changed}


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs of `accounts` on one registry and one directory."""

    here: Campus
    directory: LdapDirectory
    accounts: Reconciler
    watch: WatchEntries
    keys: Sequence[int]

    def of_changed(self) -> int:
        """Look at those who have changed; return how many they were."""
        noticed = self.watch.notice(self.here.students.keys(Whom()))
        self._bring_in_line(noticed.keys)
        self.watch.keep(noticed)
        return len(noticed.keys)

    def of_everybody(self) -> int:
        """Look at everybody."""
        self._bring_in_line(self.keys)
        return len(self.keys)

    def change(self, at: int) -> int:
        """Let the registry want other names of some, and edit others' entries, everyone else each time; count them."""
        renamed, edited = self.keys[at::PART], self.keys[at + PART // 2 :: PART]
        with self.here.database.writing() as connection:
            for some in portions(renamed):
                theirs = select(student.c.person_id).where(student.c.id.in_(some))
                connection.execute(update(person).where(person.c.id.in_(theirs)).values(family_name="Renamed"))
        steps = [
            Step(StepKind.CHANGE, replace(each, surname="Edited"), each, ("surname",)) for each in self.wanted(edited)
        ]
        insist(len(list(self.directory.carry_out(steps))) == len(edited), "not every entry was edited")
        return len(renamed) + len(edited)

    def wanted(self, keys: Sequence[int]) -> Iterator[Entry]:
        """Yield the entries that are wanted of these students."""
        domain = self.here.settings.university.mail_domain
        return (entry_of(each, domain) for some in portions(keys) for each in self.here.students.load(some))

    def _bring_in_line(self, keys: Sequence[int]) -> None:
        for some in portions(keys):
            self.accounts.forecast(some)
        for some in portions(keys):
            tally = self.accounts.apply(some)
            insist(not (tally.refused or tally.failed), f"somebody could not be brought in line: {tally}")


def _runs(here: Campus, place: Place) -> _Runs:
    domain = here.settings.university.mail_domain
    directory = LdapDirectory([place.uri], place.bind_dn, place.password, place.suffix, place.ca_file)
    seen, marks = SqlEntriesSeen(here.database, domain), SqlWatermarks(here.database, now)
    today = now().date()
    return _Runs(
        here,
        directory,
        keep_accounts(directory, here.students, seen, here.journal, domain),
        WatchEntries(directory, seen, marks, lambda: today),
        here.students.keys(Whom()),
    )


if __name__ == "__main__":
    main()
