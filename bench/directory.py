"""How fast the directory is filled and compared, against ldapadd and ldapsearch: python -m bench.directory.

All come as the provisioner, through TLS and under production's access rules, to the same slapd. Adds are durable, and
begin with an empty directory each time; they are measured with up to 10,000 entries. After each way of adding, and
after all reading, the directory is compared with what is wanted, entry by entry. Memory has the invented students in
it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ldap3 import LEVEL

from bench.adding import access, ldapadd, ldapsearch, plain_ldap3
from bench.apart import AT_ONCE, apart
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.entries import entries_of
from bench.ldif import differing
from bench.samples import Figure, Unit
from estudent.adapters.ldap.attributes import ALBUM, READ
from estudent.adapters.ldap.connection import connect_to, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.ldap.escaping import people_of
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Result
from estudent.domain.plan import Step, StepKind, plan
from sandbox.slapd import Slapd

ADDS_UP_TO = 10_000
ROUNDS = 3
"""So many rounds of reading even with the most entries."""

ADDED_PLAINLY, READ_PLAINLY = 2_000, 5_000
"""So many entries at most for plain ldap3, which is slow."""

Rates = dict[str, list[float]]
Case = Callable[[Slapd, Sequence[Entry]], float]
"""Does it, and returns how many entries a second."""


def main() -> None:
    """Print the table."""
    ours = asked(__doc__)
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    for size in ours.sizes:
        if size <= ADDS_UP_TO:
            progress(f"{size:,} entries added")
            yield from _told("directory: adds by ", size, *apart(add_all, size, ours.rounds_at(size)))
        with TemporaryDirectory(prefix="bench-") as name:
            progress(f"{size:,} entries compared")
            apart(fill, Path(name), size)
            yield from _told(
                "directory: read by ", size, *apart(read_all, Path(name), size, ours.rounds_at(size, ROUNDS))
            )


def _told(what: str, size: int, rates: Rates, peak: float) -> Iterator[Figure]:
    """Yield each case's rates against those of the first."""
    (reference, references), *others = rates.items()
    yield Figure(f"reference: {reference}, {what.partition(':')[0]}", size, Unit.RATE, references)
    for name, own in others:
        ours = name in (Work.ADDS, Work.COMPARE)
        yield Figure(name if ours else what + name, size, Unit.RATE, own, reference, references, peak if ours else None)


def add_all(size: int, rounds: int) -> Rates:
    """Return the rates of each way of adding, each time into an empty directory."""
    entries = entries_of(size)
    cases: dict[str, Case] = {"ldapadd": _ldapadd, Work.ADDS: _carry_out, "plain ldap3": _plain_adds}
    rates: Rates = {name: [] for name in cases}
    for at in range(rounds):
        for name in _turned([*cases], at):
            kept = entries[: ADDED_PLAINLY if name == "plain ldap3" else size]
            with TemporaryDirectory(prefix="bench-") as folder, Slapd(Path(folder)) as slapd:
                rates[name].append(cases[name](slapd, kept))
                _insist_alike(slapd, kept, name)
    return rates


def fill(folder: Path, size: int) -> None:
    """Make a directory in a folder, which is then only read: nothing is flushed while it is filled."""
    entries = entries_of(size)
    with Slapd(folder, durable=False) as slapd:
        _carry_out(slapd, entries)
        _insist_alike(slapd, entries, "filling")


def read_all(folder: Path, size: int, rounds: int) -> Rates:
    """Return the rates of each way of reading the directory in a folder."""
    entries = entries_of(size)
    cases: dict[str, Case] = {
        "ldapsearch": _ldapsearch,
        Work.COMPARE: _compare,
        f"comparing {AT_ONCE:,} at once": _compare_in_batches,
        "plain ldap3": _plain_reading,
    }
    rates: Rates = {name: [] for name in cases}
    with Slapd(folder) as slapd:
        for at in range(rounds):
            for name in _turned([*cases], at):
                rates[name].append(cases[name](slapd, entries))
        _insist_alike(slapd, entries, "reading")
    return rates


def _turned(names: list[str], at: int) -> list[str]:
    """Return the cases in another order in each round."""
    return names[at % len(names) :] + names[: at % len(names)]


# Adding


def _ldapadd(slapd: Slapd, entries: Sequence[Entry]) -> float:
    return len(entries) / ldapadd(slapd, entries)


def _carry_out(slapd: Slapd, entries: Sequence[Entry]) -> float:
    begun = time.monotonic()
    directory = _directory(slapd)
    done = [outcome.result for outcome in directory.carry_out(Step(StepKind.ADD, entry) for entry in entries)]
    directory.close()
    insist(done == [Result.DONE] * len(entries), "not every entry was added")
    return len(done) / (time.monotonic() - begun)


def _plain_adds(slapd: Slapd, entries: Sequence[Entry]) -> float:
    return len(entries) / plain_ldap3(slapd, entries)


# Reading


def _ldapsearch(slapd: Slapd, entries: Sequence[Entry]) -> float:
    begun = time.monotonic()
    ldapsearch(slapd, "-LLL", "-b", people_of(slapd.suffix), "-s", "one", f"({ALBUM}=*)", *READ)
    return len(entries) / (time.monotonic() - begun)


def _compare(slapd: Slapd, entries: Sequence[Entry]) -> float:
    return _compared(slapd, [entries])


def _compare_in_batches(slapd: Slapd, entries: Sequence[Entry]) -> float:
    return _compared(slapd, [entries[at : at + AT_ONCE] for at in range(0, len(entries), AT_ONCE)])


def _compared(slapd: Slapd, batches: Sequence[Sequence[Entry]]) -> float:
    begun = time.monotonic()
    directory = _directory(slapd)
    for batch in batches:
        insist(not list(plan(batch, directory.compare(batch))), "there was a difference where there is none")
    directory.close()
    return sum(map(len, batches)) / (time.monotonic() - begun)


def _plain_reading(slapd: Slapd, entries: Sequence[Entry]) -> float:
    begun = time.monotonic()
    connection: Any = connect_to(slapd.ldaps_uri, access(slapd))
    found: Iterator[Any] = connection.extend.standard.paged_search(
        people_of(slapd.suffix), f"({ALBUM}=*)", LEVEL, attributes=list(READ), paged_size=AT_ONCE, generator=True
    )
    read = sum(1 for _ in islice(found, min(len(entries), READ_PLAINLY)))
    hang_up(connection)
    return read / (time.monotonic() - begun)


def _directory(slapd: Slapd) -> LdapDirectory:
    account = slapd.accounts["provisioner"]
    return LdapDirectory([slapd.ldaps_uri], account.dn, account.password, slapd.suffix, slapd.ca_file)


def _insist_alike(slapd: Slapd, wanted: Sequence[Entry], after: str) -> None:
    wrong = differing(slapd, wanted)
    insist(not wrong, f"after {after} {len(wrong)} entries are not as wanted, among them {sorted(wrong)[:3]}")


if __name__ == "__main__":
    main()
