"""How fast the directory is filled and compared, against ldapadd and ldapsearch: python -m bench.directory.

All come as the provisioner, through TLS and under production's access rules, to the same slapd. Adds are durable, and
begin with an empty directory each time; `--adds`, `--entries` and `--rounds` say how many.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from ldap3 import LEVEL
from rich.console import Console
from rich.table import Table

from bench.ldif import call, differing, write_ldif
from estudent.adapters.ldap.attributes import ALBUM, READ, attributes_of
from estudent.adapters.ldap.connection import Access, connect_to, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.ldap.escaping import dn_of, people_of
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Result
from estudent.domain.person_name import PersonName
from estudent.domain.plan import Step, StepKind, plan
from estudent.domain.student import Language, MailboxState, Student
from sandbox.sample.people import People
from sandbox.slapd import Slapd

DOMAIN = "student.example.pl"
BATCH = 1000
"""How many students a task of a flow looks at."""

PART = 5
"""Plain ldap3 adds every fifth entry and reads a fifth of all: it is slow."""

LDIF = "entries.ldif"

Case = Callable[[Slapd, Sequence[Entry]], int]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adds", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    table = Table("what", "a second", "ratio", "spread", "limit", title=f"medians of {asked.rounds} rounds")
    _bench_adds(table, _students(asked.adds), asked.rounds)
    _bench_reading(table, _students(asked.entries), asked.rounds)
    Console().print(table)


def _students(count: int) -> list[Entry]:
    people = People(Random(2026))
    return [_entry(at, people) for at in range(count)]


def _entry(at: int, people: People) -> Entry:
    person = people.draw()
    student = Student(
        key=at,
        album=AlbumNumber(str(100_000 + at)),
        name=PersonName(person.family_name, person.given_name),
        email=person.email,
        language=Language(person.language),
        standing=Standing.STUDYING,
        mailbox=f"{person.email.partition('@')[0]}@{DOMAIN}",
        mailbox_state=MailboxState.VERIFIED,
    )
    return entry_of(student, DOMAIN)


def _bench_adds(table: Table, entries: Sequence[Entry], rounds: int) -> None:
    cases: dict[str, Case] = {"ldapadd": _ldapadd, "carry_out": _carry_out, "plain ldap3": _plain_adds}
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for at in range(rounds):
        for name in _turned([*cases], at):
            with tempfile.TemporaryDirectory() as folder, Slapd(Path(folder)) as slapd:
                write_ldif(slapd.folder / LDIF, entries, slapd.suffix)
                rates[name].append(_rate(cases[name], slapd, entries))
                kept = entries[:: PART if name == "plain ldap3" else 1]
                _insist(not differing(slapd, kept), f"{name} left something else in the directory than was wanted")
    _tell(table, f"{len(entries)} adds, durable", rates, "≥ 1.00")


def _bench_reading(table: Table, entries: Sequence[Entry], rounds: int) -> None:
    cases: dict[str, Case] = {
        "ldapsearch": _ldapsearch,
        "compare": _compare,
        f"compare by {BATCH}": _compare_in_batches,
        "plain ldap3": _plain_reading,
    }
    rates: dict[str, list[float]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder, Slapd(Path(folder), durable=False) as slapd:
        _carry_out(slapd, entries)
        _insist(not differing(slapd, entries), "what was put into the directory is not there")
        for at in range(rounds):
            for name in _turned([*cases], at):
                rates[name].append(_rate(cases[name], slapd, entries))
    _tell(table, f"{len(entries)} entries read", rates, "≥ 0.50")


def _turned(names: list[str], at: int) -> list[str]:
    """Return the cases in another order in each round."""
    return names[at % len(names) :] + names[: at % len(names)]


def _rate(case: Case, slapd: Slapd, entries: Sequence[Entry]) -> float:
    begun = time.monotonic()
    done = case(slapd, entries)
    return done / (time.monotonic() - begun)


def _tell(table: Table, title: str, rates: dict[str, list[float]], limit: str) -> None:
    """Show each case's rate and its ratio to the first in the same round; the limit is for the second."""
    reference, measured, *_ = rates.values()
    for name, own in rates.items():
        ratios = [rate / first for rate, first in zip(own, reference, strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        kept = limit if own is measured else ""
        table.add_row(
            f"{title}: {name}", f"{statistics.median(own):.0f}", f"{statistics.median(ratios):.2f}", spread, kept
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table.add_row("memory at most, samples included", f"{memory:.0f} MB", "", "", "400 MB")


# Adding


def _ldapadd(slapd: Slapd, entries: Sequence[Entry]) -> int:
    _call(slapd, "ldapadd", "-f", str(slapd.folder / LDIF))
    return len(entries)


def _carry_out(slapd: Slapd, entries: Sequence[Entry]) -> int:
    directory = _directory(slapd)
    done = [outcome.result for outcome in directory.carry_out(Step(StepKind.ADD, entry) for entry in entries)]
    directory.close()
    _insist(done == [Result.DONE] * len(entries), "not every entry was added")
    return len(done)


def _plain_adds(slapd: Slapd, entries: Sequence[Entry]) -> int:
    connection: Any = connect_to(slapd.ldaps_uri, _access(slapd))
    done = [
        connection.add(dn_of(each.album, slapd.suffix), attributes=attributes_of(each))[0] for each in entries[::PART]
    ]
    hang_up(connection)
    _insist(all(done), "not every entry was added")
    return len(done)


# Reading


def _ldapsearch(slapd: Slapd, entries: Sequence[Entry]) -> int:
    _call(slapd, "ldapsearch", "-LLL", "-b", people_of(slapd.suffix), "-s", "one", f"({ALBUM}=*)", *READ)
    return len(entries)


def _compare(slapd: Slapd, entries: Sequence[Entry]) -> int:
    directory = _directory(slapd)
    _insist(_left_to_do(directory, entries) == 0, "there was a difference where there is none")
    directory.close()
    return len(entries)


def _compare_in_batches(slapd: Slapd, entries: Sequence[Entry]) -> int:
    directory, remaining = _directory(slapd), iter(entries)
    while batch := list(islice(remaining, BATCH)):
        _insist(_left_to_do(directory, batch) == 0, "there was a difference where there is none")
    directory.close()
    return len(entries)


def _left_to_do(directory: LdapDirectory, entries: Sequence[Entry]) -> int:
    return len(list(plan(entries, directory.compare(entries))))


def _plain_reading(slapd: Slapd, entries: Sequence[Entry]) -> int:
    connection: Any = connect_to(slapd.ldaps_uri, _access(slapd))
    found: Iterator[Any] = connection.extend.standard.paged_search(
        people_of(slapd.suffix), f"({ALBUM}=*)", LEVEL, attributes=list(READ), paged_size=BATCH, generator=True
    )
    read = sum(1 for _ in islice(found, len(entries) // PART))
    hang_up(connection)
    return read


# How all of them come


def _directory(slapd: Slapd) -> LdapDirectory:
    account = slapd.accounts["provisioner"]
    return LdapDirectory([slapd.ldaps_uri], account.dn, account.password, slapd.suffix, slapd.ca_file)


def _access(slapd: Slapd) -> Access:
    account = slapd.accounts["provisioner"]
    return Access((slapd.ldaps_uri,), account.dn, account.password, slapd.ca_file, 5, 30)


def _call(slapd: Slapd, program: str, *arguments: str) -> None:
    with call(slapd, program, *arguments) as running:
        _insist(running.wait() == 0, f"{program} failed")


def _insist(true: bool, otherwise: str) -> None:
    if not true:
        raise RuntimeError(otherwise)


if __name__ == "__main__":
    main()
