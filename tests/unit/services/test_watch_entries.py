"""An hourly run looks at those whose entries may be otherwise than wanted, and at nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.ports import Unavailable
from estudent.services.keep_accounts import keep_accounts
from estudent.services.watch_entries import WatchEntries
from tests.builders import DOMAIN, a_row
from tests.fakes import FakeDirectory
from tests.unit.services.registrar import Registrar

ALBUMS = ("100001", "100002", "100003")


class Accounts:
    """The run of `accounts`, each hour."""

    def __init__(self, registrar: Registrar) -> None:
        self.registrar, self.directory = registrar, FakeDirectory()
        self.today = date(2026, 9, 15)
        ports = (registrar.students, registrar.entries_seen, registrar.journal)
        self.reconciler = keep_accounts(self.directory, *ports, DOMAIN)
        marks = SqlWatermarks(registrar.database, lambda: registrar.now)
        self.watch = WatchEntries(self.directory, registrar.entries_seen, marks, lambda: self.today)
        self.failed = 0
        self.admit()
        self.run()

    def admit(self, **family_names: str) -> None:
        """Let recruitment tell of all students, of some with other names, by their logins."""
        names = {album: family_names.get(f"s{album}", "Żak") for album in ALBUMS}
        rows = [a_row(f"K{album}", album_number=album, family_name=name) for album, name in names.items()]
        self.registrar.sync(*rows)

    def edit_by_hand(self, album: str) -> None:
        """Let an administrator change an entry."""
        number = AlbumNumber(album)
        self.directory.entries[number] = replace(self.directory.entries[number], surname="Edited")

    def noticed(self) -> list[str]:
        """Return whom a run would look at."""
        return self.albums(self.watch.notice(self.registrar.everybody()).keys)

    def run(self) -> list[str]:
        """Run, and return who was looked at."""
        noticed = self.watch.notice(self.registrar.everybody())
        self.failed = self.reconciler.apply(noticed.keys).failed
        self.watch.keep(noticed)
        return self.albums(noticed.keys)

    def albums(self, keys: list[int]) -> list[str]:
        """Return the numbers of these students."""
        return [str(student.album) for student in self.registrar.students.load(keys)]

    def surnames(self) -> list[str]:
        """Return the names in the directory, by album number."""
        return [self.directory.entries[AlbumNumber(album)].surname for album in ALBUMS]


@pytest.fixture
def accounts(registrar: Registrar) -> Accounts:
    made = Accounts(registrar)
    made.run()
    return made


def busy(steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
    """Fail at every step."""
    return (Outcome(step, Result.FAILED, "the directory is busy") for step in steps)


def test_what_a_run_itself_has_written_is_looked_at_once_more(registrar: Registrar) -> None:
    accounts = Accounts(registrar)
    assert accounts.run() == [*ALBUMS]
    assert accounts.run() == []


def test_nobody_is_looked_at_where_nothing_has_changed(accounts: Accounts) -> None:
    noticed = accounts.watch.notice(accounts.registrar.everybody())
    assert (noticed.keys, noticed.unchanged) == ([], 3)


def test_whom_the_registry_wants_otherwise_is_looked_at(accounts: Accounts) -> None:
    accounts.admit(s100002="Nowak")
    assert accounts.run() == ["100002"]
    assert accounts.surnames() == ["Żak", "Nowak", "Żak"]


def test_whoever_is_new_is_looked_at(accounts: Accounts) -> None:
    accounts.registrar.sync(a_row("K9", album_number="100009"), name="more.csv")
    assert accounts.run() == ["100009"]
    assert AlbumNumber("100009") in accounts.directory.entries


def test_an_entry_that_somebody_has_edited_is_put_right(accounts: Accounts) -> None:
    accounts.edit_by_hand("100003")
    assert accounts.run() == ["100003"]
    assert accounts.surnames() == ["Żak"] * 3


def test_entries_of_others_are_nobodys(accounts: Accounts) -> None:
    stranger = replace(accounts.directory.entries[AlbumNumber(ALBUMS[0])], album=AlbumNumber("777"), uid="s777")
    accounts.directory.entries[stranger.album] = replace(stranger, mail=(), local_addresses=())
    assert accounts.run() == []


def test_once_somebody_is_gone_everybody_is_looked_at(accounts: Accounts) -> None:
    del accounts.directory.entries[AlbumNumber("100001")]
    assert accounts.run() == [*ALBUMS]
    assert AlbumNumber("100001") in accounts.directory.entries


def test_where_the_directory_has_forgotten_everybody_is_looked_at(accounts: Accounts) -> None:
    accounts.directory.asked_before.clear()
    assert accounts.run() == [*ALBUMS]
    assert accounts.run() == []


def test_the_first_run_of_a_day_looks_at_everybody(accounts: Accounts) -> None:
    accounts.today += timedelta(days=1)
    assert accounts.run() == [*ALBUMS]
    assert accounts.run() == []


def test_what_was_not_looked_at_is_noticed_again(accounts: Accounts) -> None:
    accounts.edit_by_hand("100003")
    accounts.admit(s100002="Nowak")
    assert accounts.noticed() == ["100002", "100003"]
    assert accounts.noticed() == ["100002", "100003"]


def test_whoever_could_not_be_brought_in_line_comes_again(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.edit_by_hand("100001")
    accounts.admit(s100002="Nowak")
    with monkeypatch.context() as patched:
        patched.setattr(accounts.directory, "carry_out", busy)
        accounts.run()
        assert accounts.failed == 2
        assert accounts.run() == ["100001", "100002"]
    assert accounts.run() == ["100001", "100002"]
    assert accounts.surnames() == ["Żak", "Nowak", "Żak"]


def test_whoever_has_activated_the_account_is_looked_at(accounts: Accounts) -> None:
    accounts.registrar.students.observe_activations([accounts.registrar.student("100001").key])
    assert accounts.run() == ["100001"]


def test_while_the_directory_is_away_nothing_is_lost(accounts: Accounts) -> None:
    accounts.edit_by_hand("100001")
    accounts.directory.problem = Unavailable("the directory does not answer")
    with pytest.raises(Unavailable):
        accounts.noticed()
    accounts.directory.problem = None
    assert accounts.noticed() == ["100001"]


def test_after_a_run_for_some_the_others_are_still_noticed(accounts: Accounts) -> None:
    accounts.edit_by_hand("100001")
    accounts.edit_by_hand("100002")
    assert accounts.reconciler.apply([accounts.registrar.student("100001").key]).changed == 1
    assert "100002" in accounts.run()
    assert accounts.surnames() == ["Żak"] * 3
