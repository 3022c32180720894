"""Hand the rows that were judged to the registry, some at a time: find whose they are, and admit their people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import attrgetter

from estudent.domain.application import Application, Row
from estudent.domain.fault import Fault
from estudent.domain.outcome import Remark, Tally
from estudent.domain.place import place
from estudent.ports import Admission, Admissions, Identity, KnownStudent, Refused, Rejection
from estudent.services.recognise import SharedValues, recognise

SHOWN = 20
parts_of = attrgetter(*Identity.__slots__)


@dataclass(slots=True)
class Judged:
    """A row that was read without a fault, and what it is recognised by."""

    row: Row
    key: str
    application: Application
    identity: Identity
    row_hash: bytes


@dataclass(slots=True)
class Portion:
    """What was judged since the portion before: rows of people, refused rows, and other hashes for known rows."""

    judged: list[Judged] = field(default_factory=list)
    refusals: list[Rejection] = field(default_factory=list)
    renewed: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Stored:
    """What became of a portion: how many people are new and changed, and the rows that are refused after all."""

    tally: Tally
    refused: list[tuple[Row, Fault]] = field(default_factory=list)


class Storing:
    """Stores one feed's portions, one after another; `known` are the registry's applications.

    What the registry does by itself it does in a thread of its own, so that the next rows can be judged meanwhile.
    """

    def __init__(
        self, feed: str, number: int, admissions: Admissions, known: Collection[str], behind: ThreadPoolExecutor
    ) -> None:
        self.feed, self.number, self.admissions, self.known, self.behind = feed, number, admissions, known, behind
        self.failed, self.stored = 0, Stored(Tally("recruitment"))
        self.left: Iterator[None] = iter(())

    def begin(self, portion: Portion, shared: SharedValues) -> Stored:
        """Begin to store a portion and return what became of the one before; it is known what the feed's rows share."""
        groups = of_different_people(self._known_first(portion.judged))
        before = self.settle()
        self.shared, self.left = shared, self._steps(portion, groups)
        next(self.left, None)
        return before

    def settle(self) -> Stored:
        """Store what is left of the portion and return what became of it."""
        for _ in self.left:
            pass
        stored, self.stored = self.stored, Stored(Tally("recruitment"))
        return stored

    def _known_first(self, judged: list[Judged]) -> list[Judged]:
        # A row of a known application may give back a PESEL by which somebody new would be taken for its student.
        first = [each for each in judged if each.key in self.known] if self.known else []
        return [*first, *(each for each in judged if each.key not in self.known)] if first else judged

    def _steps(self, portion: Portion, groups: Iterable[list[Judged]]) -> Iterator[None]:
        """Store a portion, yielding whenever the registry is at work by itself."""
        if portion.renewed:
            self.admissions.renew_hashes(portion.renewed)
        self.admissions.refuse(self.number, portion.refusals)
        for group in groups:
            left = group
            # One that fits a student whom another one changes is matched again after that.
            while left:
                accepted, left = self._those_apart(left)
                if accepted:
                    yield from self._admit(accepted)

    def _those_apart(self, group: list[Judged]) -> tuple[list[tuple[Row, Admission]], list[Judged]]:
        """Return whom to admit, at most one row of each student that is known, and the other rows."""
        matches = self.admissions.matches([judged.identity for judged in group])
        accepted, later, changed = list[tuple[Row, Admission]](), list[Judged](), set[int]()
        for judged, known in zip(group, matches, strict=True):
            if known and not changed.isdisjoint(student.key for student in known):
                later.append(judged)
            elif admission := self._admission(judged, known):
                accepted.append((judged.row, admission))
                if known:
                    changed.update(student.key for student in known)
        return accepted, later

    def _admit(self, accepted: Sequence[tuple[Row, Admission]]) -> Iterator[None]:
        """Hand them to the registry; one whom it does not take in keeps nobody else out."""
        admissions = [admission for _, admission in accepted]
        try:
            under_way = self.behind.submit(self.admissions.begin_to_admit(self.number, admissions))
            yield
            under_way.result()
        except Refused as error:
            if len(accepted) > 1:
                middle = len(accepted) // 2
                yield from self._admit(accepted[:middle])
                yield from self._admit(accepted[middle:])
            else:
                self._leave_out(accepted[0][0], error)
            return
        new = sum(admission.student is None for admission in admissions)
        self.stored.tally.new += new
        self.stored.tally.changed += len(admissions) - new

    def _leave_out(self, row: Row, error: Refused) -> None:
        """Name a row that the registry does not take; of one that takes none of so many, no more is asked."""
        self.failed += 1
        if self.failed > SHOWN:
            raise error
        self.stored.tally.failed += 1
        why = f"row {place(row.line)}: {error}"
        self.stored.tally.remarks.append(Remark(self.feed, why, "the next sync reads it again"))

    def _admission(self, judged: Judged, known: list[KnownStudent]) -> Admission | None:
        whose = recognise(judged.identity, known, self.shared)
        if isinstance(whose, Fault):
            self.stored.refused.append((judged.row, whose))
            return None
        if whose is None and not judged.application.is_welcome:
            return None
        return Admission(judged.application, judged.identity, judged.row_hash, whose)


def of_different_people(judged: Iterable[Judged]) -> list[list[Judged]]:
    """Return lists in which no two rows share any part of an identity, so that each list can be matched at once.

    Of rows that share a part, the later one stands in a later list.
    """
    everybody = [(each, parts_of(each.identity)) for each in judged]
    shared = _held_by_several([parts for _, parts in everybody])
    groups, last = list[list[Judged]](), dict[tuple[int, object], int]()
    for each, parts in everybody:
        place = 0
        if not shared.isdisjoint(parts):
            theirs = [(at, part) for at, part in enumerate(parts) if part is not None]
            place = 1 + max((last[part] for part in theirs if part in last), default=-1)
            last.update(dict.fromkeys(theirs, place))
        if place == len(groups):
            groups.append([])
        groups[place].append(each)
    return groups


def _held_by_several(parts: Iterable[tuple[object, ...]]) -> set[object]:
    """Return the parts of identities that stand more than once in their column; nothing is no part."""
    columns = zip(*parts, strict=True)
    return {part for column in columns for part, times in Counter(column).items() if times > 1 and part is not None}
