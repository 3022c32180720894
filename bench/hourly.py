"""What an hourly run of `accounts` costs where nothing has changed, and where 1 % has: python -m bench.hourly.

A registry takes a feed in, and a first run brings everybody into a real slapd. Then, as in the flow, runs notice whom
to look at, plan for them for the brake to judge, and bring them in line, a thousand at once; beside them everybody is
compared, as once a day. Of what has changed, half was wanted otherwise by the registry, half edited in the directory.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, update

from bench.feed import apart, options, registries, registry, take_in, timed, write_exports
from bench.ldif import differing
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

AT_ONCE = 1000
AT_MOST_SECONDS = 3.0
AT_MOST_OF_EVERYBODY = 0.2
PART = 200
"""Of so many students one is changed in the registry, and one in the directory: of both, 1 %."""


def main() -> None:
    """Print the figures."""
    asked = options(__doc__)
    with TemporaryDirectory() as name, registries(Path(name), asked.postgresql) as new_registry:
        url = new_registry()
        (first, *_), _ = apart(write_exports, Path(name), asked.rows)
        apart(take_in, url, [first])
        (students, parts), peak = apart(measure, url, Path(name), asked.rounds)
    print(f"{students} students; medians of {asked.rounds} rounds, and of which this process worked")  # noqa: T201
    for what, (seconds, worked) in parts.items():
        print(f"{what:36} {seconds:>10.2f} s {worked:>8.2f} s")  # noqa: T201
    share = parts["1 % has changed"][0] / parts["everybody is compared"][0]
    print(f"{'nothing has changed, at most':36} {AT_MOST_SECONDS:>10.2f} s")  # noqa: T201
    print(f"{'1 % against everybody':36} {share:>10.2f}   at most {AT_MOST_OF_EVERYBODY}")  # noqa: T201
    print(f"{'memory at most':36} {peak:>10.0f} MB")  # noqa: T201


def measure(url: str, folder: Path, rounds: int) -> tuple[int, dict[str, tuple[float, float]]]:
    """Return how many students there are, and how long each kind of run takes."""
    with registry(url, folder) as here, Slapd(folder / "slapd", durable=False) as slapd:
        runs = _runs(here, slapd)
        first = timed(runs.of_everybody)[:2]
        runs.of_changed()
        rounded = [_round(runs, at) for at in range(rounds)]
        wrong = differing(slapd, [*runs.wanted(runs.keys)])
        assert not wrong, sorted(wrong)[:5]  # noqa: S101
        runs.directory.close()
    medians = {what: _median([each[what] for each in rounded]) for what in rounded[0]}
    return len(runs.keys), {"everybody is new": first} | medians


def _round(runs: _Runs, at: int) -> dict[str, tuple[float, float]]:
    *unchanged, nobody = timed(runs.of_changed)
    *compared, everybody = timed(runs.of_everybody)
    changed = runs.change(at)
    *after, some = timed(runs.of_changed)
    assert (nobody, everybody, some) == (0, len(runs.keys), changed)  # noqa: S101
    # What a run has written is looked at once more, here by one that is not measured.
    runs.of_changed()
    times = (unchanged, compared, after)
    names = ("nothing has changed", "everybody is compared", "1 % has changed")
    return {name: (seconds, worked) for name, (seconds, worked) in zip(names, times, strict=True)}


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
            for some in _portions(renamed):
                theirs = select(student.c.person_id).where(student.c.id.in_(some))
                connection.execute(update(person).where(person.c.id.in_(theirs)).values(family_name="Renamed"))
        steps = [
            Step(StepKind.CHANGE, replace(each, surname="Edited"), each, ("surname",)) for each in self.wanted(edited)
        ]
        assert len(list(self.directory.carry_out(steps))) == len(edited)  # noqa: S101
        return len(renamed) + len(edited)

    def wanted(self, keys: Sequence[int]) -> Iterator[Entry]:
        """Yield the entries that are wanted of these students."""
        domain = self.here.settings.university.mail_domain
        return (entry_of(each, domain) for some in _portions(keys) for each in self.here.students.load(some))

    def _bring_in_line(self, keys: Sequence[int]) -> None:
        for some in _portions(keys):
            self.accounts.forecast(some)
        for some in _portions(keys):
            tally = self.accounts.apply(some)
            assert not (tally.refused or tally.failed), tally  # noqa: S101


def _runs(here: Campus, slapd: Slapd) -> _Runs:
    account, domain = slapd.accounts["provisioner"], here.settings.university.mail_domain
    directory = LdapDirectory([slapd.ldaps_uri], account.dn, account.password, slapd.suffix, slapd.ca_file)
    seen, marks = SqlEntriesSeen(here.database, domain), SqlWatermarks(here.database, now)
    today = now().date()
    return _Runs(
        here,
        directory,
        keep_accounts(directory, here.students, seen, here.journal, domain),
        WatchEntries(directory, seen, marks, lambda: today),
        here.students.keys(Whom()),
    )


def _portions(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE))


def _median(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(each[0] for each in times), statistics.median(each[1] for each in times)


if __name__ == "__main__":
    main()
