"""Keep the directory in line: an entry for every student, locked until they activate the account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.outcome import Outcome, Remark
from estudent.domain.plan import Lock, Step
from estudent.domain.student import AccountState, Student
from estudent.ports import Directory, EntriesSeen, Journal, Students
from estudent.services.reconcile import Leash, Reconcile

SYSTEM = "directory"


class _Entries:
    """The directory as planning sees it."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def find(self, wanted: Sequence[Entry]) -> Mapping[AlbumNumber, Entry]:
        """Return the entries that exist."""
        return self.directory.compare(wanted)

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Take the steps."""
        return self.directory.carry_out(steps)


def _was_activated(student: Student, found: Mapping[AlbumNumber, Entry]) -> bool:
    entry = found.get(student.album)
    return student.account is AccountState.PREPARED and entry is not None and entry.lock is Lock.OPEN


def keep_accounts(
    directory: Directory,
    students: Students,
    seen: EntriesSeen,
    journal: Journal,
    domain: str,
    *,
    leash: Leash | None = None,
) -> Reconcile[Entry]:
    """Return the reconciler of directory entries."""

    def observe(looked_at: Sequence[Student], found: Mapping[AlbumNumber, Entry], _: object) -> list[Remark]:
        students.observe_entries([student.key for student in looked_at if student.album in found])
        students.observe_activations([student.key for student in looked_at if _was_activated(student, found)])
        return []

    return Reconcile(
        system=SYSTEM,
        students=students,
        journal=journal,
        far=_Entries(directory),
        wanted=lambda student: entry_of(student, domain),
        observe=observe,
        settle=seen.settle,
        leash=leash or Leash(),
    )
