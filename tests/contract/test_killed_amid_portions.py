"""kill -9 while entries of one portion are written, the next is planned, and the one before is looked at again."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.registry import tables
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.whom import Whom
from estudent.services.bring_in_line import bring_in_line
from estudent.services.keep_accounts import keep_accounts
from estudent.services.reconcile import Reconcile
from sandbox.slapd import Slapd
from tests.contract.registry_world import DOMAIN, Registry, an_application

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

STUDENTS, PORTION = 1500, 100
Access = tuple[str, str, str, str, Path]


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "slapd") as slapd:
        yield slapd


@pytest.fixture
def university(registry: Registry) -> Registry:
    """A registry with many students, none of whom has an entry."""
    for at in range(0, STUDENTS, 500):
        registry.take_in(*(an_application(str(100_000 + each)) for each in range(at, at + 500)))
    return registry


def way_to(slapd: Slapd) -> Access:
    account = slapd.accounts["provisioner"]
    return slapd.ldaps_uri, account.dn, account.password, slapd.suffix, slapd.ca_file


def opened(access: Access) -> LdapDirectory:
    uri, name, password, suffix, ca_file = access
    return LdapDirectory([uri], name, password, suffix, ca_file)


def accounts(registry: Registry, directory: LdapDirectory) -> Reconcile[Entry]:
    return keep_accounts(directory, registry.students, registry.entries_seen, registry.journal, DOMAIN)


def work(url: str, access: Access) -> None:
    """Bring everybody in line, by portions; this is the process that is killed."""
    registry, directory = Registry(url, run="killed"), opened(access)
    for _ in bring_in_line(accounts(registry, directory), portions(registry)):
        pass


def portions(registry: Registry) -> list[list[int]]:
    keys = registry.students.keys(Whom())
    return [keys[at : at + PORTION] for at in range(0, len(keys), PORTION)]


def begun(university: Registry, slapd: Slapd) -> BaseProcess:
    process = get_context("spawn").Process(target=work, args=(university.url, way_to(slapd)), daemon=True)
    process.start()
    return process


def killed_once_told(university: Registry, process: BaseProcess, told: int) -> None:
    deadline = time.monotonic() + 120
    while university.count(tables.journal) < told:
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(0.005)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)


def added(registry: Registry) -> Counter[int]:
    """How often the journal tells of each student that the entry was added."""
    rows = registry.rows(tables.journal)
    return Counter(row["student_id"] for row in rows if (row["step"], row["result"]) == ("add", "done"))


def test_what_was_told_was_done_and_the_next_run_does_the_rest(university: Registry, slapd: Slapd) -> None:
    told_before = university.count(tables.journal)
    killed_once_told(university, begun(university, slapd), told_before + 4 * PORTION)
    students = university.students.load(university.students.keys(Whom()))
    with closing(opened(way_to(slapd))) as directory:
        there = directory.find([student.album for student in students])
        told = added(university)
        assert 4 * PORTION <= len(told) < STUDENTS
        assert {student.key for student in students if student.album not in there}.isdisjoint(told)
        # Of the portion that was written, and of the one before it, what was done may be untold.
        assert len(there) - len(told) <= 2 * PORTION
        assert university.entries_seen.unsettled()

        tallies = list(bring_in_line(accounts(university, directory), portions(university)))
        assert sum(tally.new for tally in tallies) == STUDENTS - len(there)
        assert not any(tally.refused or tally.failed or tally.remarks for tally in tallies)
        wanted = [entry_of(student, DOMAIN) for student in students]
        assert directory.compare(wanted) == {entry.album: entry for entry in wanted}
    assert set(added(university).values()) == {1}
    assert university.entries_seen.unsettled() == []
