"""What benchmarks compare after a run finds whatever is wrong, or their figures would be of work that was not done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ldap3 import MODIFY_ADD, MODIFY_REPLACE
from sqlalchemy import select, update

from bench import feed
from bench.adding import access
from bench.entries import entries_of
from bench.ldif import differing
from estudent.adapters.ldap.attributes import attributes_of
from estudent.adapters.ldap.connection import connect_to, hang_up
from estudent.adapters.ldap.escaping import dn_of
from estudent.adapters.registry.tables import person
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock
from sandbox.slapd import Slapd

WANTED = [*entries_of(3), replace(entries_of(4)[3], lock=Lock.BARRED)]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


@pytest.fixture(scope="module")
def by_hand(slapd: Slapd) -> Iterator[Any]:
    connection: Any = connect_to(slapd.ldaps_uri, access(slapd))
    assert all(connection.add(name_of(slapd, each), attributes=attributes_of(each))[0] for each in WANTED)
    yield connection
    hang_up(connection)


def name_of(slapd: Slapd, entry: Entry) -> str:
    return dn_of(entry.album, slapd.suffix)


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.usefixtures("by_hand")
class TestDirectories:
    def test_one_that_holds_what_is_wanted_does_not_differ(self, slapd: Slapd) -> None:
        assert differing(slapd, WANTED) == set()

    def test_what_is_missing_and_what_is_too_much_are_found(self, slapd: Slapd) -> None:
        missing = entries_of(5)[4]
        wrong = {name_of(slapd, missing), name_of(slapd, WANTED[0])}
        assert differing(slapd, [*WANTED[1:], missing]) == wrong

    @pytest.mark.parametrize(
        ("attribute", "how", "value"),
        [
            ("sn", MODIFY_REPLACE, "Inny"),
            ("mailLocalAddress", MODIFY_ADD, "inny@student.example.pl"),
            ("description", MODIFY_ADD, "nobody asked for it"),
            ("pwdAccountLockedTime", MODIFY_REPLACE, "20261124010000Z"),
            ("pwdEndTime", MODIFY_REPLACE, "20301001000000Z"),
        ],
    )
    def test_whatever_an_entry_holds_otherwise_is_found(
        self, slapd: Slapd, by_hand: Any, attribute: str, how: str, value: str
    ) -> None:
        name = name_of(slapd, WANTED[1])
        before = attributes_of(WANTED[1]).get(attribute, [])
        assert by_hand.modify(name, {attribute: [(how, [value])]})[0]
        try:
            assert differing(slapd, WANTED) == {name}
        finally:
            assert by_hand.modify(name, {attribute: [(MODIFY_REPLACE, before)]})[0]


def test_any_student_of_whom_the_registry_says_other_things_than_the_file_is_found(tmp_path: Path) -> None:
    export, *_ = feed.write_exports(tmp_path, 40)
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    feed.take_in(url, [export])
    feed.compare(url, export)
    with feed.registry(url, tmp_path) as here, here.database.writing() as connection:
        last = select(person.c.id).order_by(person.c.id.desc()).limit(1).scalar_subquery()
        connection.execute(update(person).where(person.c.id == last).values(email="somebody.else@example.org"))
    with pytest.raises(RuntimeError, match="of 1 students the registry does not hold what the file says"):
        feed.compare(url, export)
