"""Whose entries have changed since we last asked, whoever changed them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from ldap3 import MODIFY_REPLACE

from estudent.adapters.ldap.connection import Access, connect_to, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.ldap.escaping import dn_of
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock
from estudent.ports import EntryChanges
from sandbox.slapd import Slapd
from tests.contract.directory_contract import a_new_entry, settle

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


@pytest.fixture
def directory(slapd: Slapd) -> Iterator[LdapDirectory]:
    made = of(slapd)
    yield made
    made.close()


def of(slapd: Slapd) -> LdapDirectory:
    account = slapd.accounts["provisioner"]
    return LdapDirectory([slapd.ldaps_uri], account.dn, account.password, slapd.suffix, slapd.ca_file)


@pytest.fixture
def by_hand(slapd: Slapd) -> Iterator[Any]:
    account = slapd.accounts["provisioner"]
    there = (slapd.ldaps_uri,)
    connection = connect_to(there[0], Access(there, account.dn, account.password, slapd.ca_file, 5, 10))
    yield connection
    hang_up(connection)


@pytest.fixture(scope="module")
def unaware(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("unaware"), durable=False) as running:
        running.manage("dn: olcOverlay={2}syncprov,olcDatabase={1}mdb,cn=config\nchangetype: delete\n")
        yield running


def copy(folder: Path, to: Path) -> None:
    """Copy a directory's data without the holes, of which its four gigabytes are made."""
    subprocess.run(["cp", "--archive", folder, to], check=True)


def numbers(*entries: Entry) -> frozenset[str]:
    return frozenset(entry.album.digits for entry in entries)


def test_without_a_cookie_everybody_has_changed(directory: LdapDirectory) -> None:
    there = [a_new_entry() for _ in range(5)]
    settle(directory, *there)
    changes = directory.changes("")
    assert numbers(*there) <= changes.albums
    assert changes.complete
    assert changes.token


def test_where_nothing_happened_nothing_has_changed(directory: LdapDirectory) -> None:
    settle(directory, a_new_entry())
    token = directory.changes("").token
    changes = directory.changes(token)
    assert (changes.albums, changes.complete) == (frozenset(), True)
    assert directory.changes(changes.token).albums == frozenset()


def test_who_was_added_changed_and_locked_has_changed_and_nobody_else(
    slapd: Slapd, directory: LdapDirectory, by_hand: Any
) -> None:
    changed, locked, edited, other = there = [a_new_entry(lock=Lock.OPEN) for _ in range(4)]
    settle(directory, *there)
    token = directory.changes("").token
    new = a_new_entry()
    settle(directory, new, replace(changed, surname="Nowak"), replace(locked, lock=Lock.BARRED), other)
    assert by_hand.modify(dn_of(edited.album, slapd.suffix), {"sn": [(MODIFY_REPLACE, ["Edited"])]})[0]
    changes = directory.changes(token)
    assert changes.albums == numbers(new, changed, locked, edited)
    assert changes.complete
    assert directory.changes(changes.token).albums == frozenset()


def test_that_somebody_is_gone_only_a_comparison_tells(slapd: Slapd, directory: LdapDirectory, by_hand: Any) -> None:
    gone, changed = a_new_entry(), a_new_entry()
    settle(directory, gone, changed)
    token = directory.changes("").token
    settle(directory, replace(changed, surname="Nowak"))
    assert by_hand.delete(dn_of(gone.album, slapd.suffix))[0]
    changes = directory.changes(token)
    assert changes.albums == numbers(changed)
    assert not changes.complete
    assert directory.changes(changes.token).complete


def test_after_a_restart_changes_are_found_but_not_who_is_gone(tmp_path: Path) -> None:
    with Slapd(tmp_path) as own:
        directory, changed, gone = of(own), a_new_entry(), a_new_entry()
        settle(directory, changed, gone, a_new_entry())
        token = directory.changes("").token
        settle(directory, replace(changed, surname="Nowak"))
        own.stop()
        own.start()
        changes = directory.changes(token)
        assert changes.albums == numbers(changed)
        assert not changes.complete
        assert directory.changes(changes.token).albums == frozenset()
        directory.close()


def test_a_cookie_from_before_a_restore_begins_anew(tmp_path: Path, directory: LdapDirectory) -> None:
    there = a_new_entry()
    settle(directory, there)
    with Slapd(tmp_path, durable=False) as newer:
        lost = of(newer)
        settle(lost, a_new_entry())
        token = lost.changes("").token
        lost.close()
    changes = directory.changes(token)
    assert not changes.complete
    assert there.album.digits in directory.changes(changes.token).albums


def test_once_a_restored_directory_was_written_to_a_comparison_tells_what_it_has_lost(tmp_path: Path) -> None:
    data, backup = tmp_path / "slapd" / "data", tmp_path / "backup"
    with Slapd(tmp_path / "slapd", durable=False) as own:
        directory, active = of(own), a_new_entry()
        settle(directory, active)
        own.stop()
        copy(data, backup)
        own.start()
        settle(directory, a_new_entry())
        token = directory.changes("").token
        own.stop()
        rmtree(data)
        copy(backup, data)
        own.start()
        settle(directory, replace(active, surname="Nowak"))
        changes = directory.changes(token)
        assert changes.albums == numbers(active)
        assert not changes.complete
        assert directory.changes(changes.token).complete
        directory.close()


@pytest.mark.parametrize("token", ["", b"rid=000".hex()])
def test_a_directory_that_keeps_no_account_of_changes_says_so(unaware: Slapd, token: str) -> None:
    """A university's own may lack the overlay; the hourly run then looks at everybody."""
    directory = of(unaware)
    assert directory.changes(token) == EntryChanges(frozenset(), "", complete=False)
    directory.close()
