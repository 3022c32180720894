"""Read one feed: judge its rows, find whose they are, and hand the good ones to the registry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from operator import attrgetter

from estudent.domain.application import Application, Row, Texts, Vocabulary, read_application, texts_of
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.outcome import Remark, Tally
from estudent.domain.place import place
from estudent.ports import Admission, Admissions, Feed, FeedCounts, Identity, KnownStudent, Refused, Rejection
from estudent.services.recognise import SharedValues, recognise
from estudent.services.same_file import Consistency, join, key_of, owner

AT_ONCE, MOST_WAITING = 2500, 10_000
"""So many rows are judged before progress is told, and so many wait at the least before new ones are admitted.

They are admitted in one transaction, or in several where the registry refuses one of them. It is what a killed process
has to do again, and what a database does not write twice: each transaction writes the pages of all indexes that it
touches, and new people are spread over all of them.
"""

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


class Reading:
    """One feed on its way into the registry."""

    def __init__(
        self,
        feed: Feed,
        admissions: Admissions,
        fingerprints: Fingerprints,
        words: Vocabulary,
        *,
        today: date,
        full_feed: bool,
    ) -> None:
        self.feed, self.admissions, self.fingerprints = feed, admissions, fingerprints
        self.words, self.today, self.full_feed = words, today, full_feed
        self.row_hash = fingerprints.of_rows()
        self.tally, self.cut_off = Tally("recruitment"), False
        self.refused, self.candidates = set[str](), set[str]()
        # Whoever shares a number with somebody else is known when all rows were looked at; so long the others wait.
        self.waiting, self.looked_ahead = list[Judged](), False
        self.refusals, self.renewed = list[Rejection](), dict[str, bytes]()

    def to_its_end(self, progress: Callable[[int], None]) -> Tally:
        """Take in all rows and return the counts; an interrupted reading starts anew and finds its work done."""
        self.shared, self.consistency = SharedValues(), Consistency()
        self.known = self.admissions.row_hashes()
        self.unchanged = {row_hash: key for key, row_hash in self.known.items()}
        self.number = self.admissions.open(self.feed)
        for many in self._portions():
            if (self.looked_ahead and len(self.waiting) >= MOST_WAITING) or many < AT_ONCE:
                self._admit_waiting()
            progress(many)
        self._admit_waiting()
        # A feed that is not closed is read again.
        if not self.tally.failed:
            self._close()
        return self.tally

    def _portions(self) -> Iterator[int]:
        """Judge the rows and yield how many were; all are looked through once many wait for what the rest says."""
        rows = self.feed.rows()
        while many := self._take(islice(rows, AT_ONCE)):
            # After fewer there is no rest.
            if not self.looked_ahead and len(self.waiting) >= MOST_WAITING and many == AT_ONCE:
                self.shared, self.looked_ahead = SharedValues.among(self.feed.rows()), True
                # A feed may be looked through only once at a time.
                rows = islice(self.feed.rows(), self.tally.read, None)
            yield many

    def _take(self, rows: Iterable[Row]) -> int:
        """Judge each row before the next one is read; return how many there were."""
        hash_of, unchanged, keep_first = self.row_hash, self.unchanged.get, self.consistency.keep_first
        many = 0
        for row in self._noted(rows) if self.feed.changes_only else rows:
            many += 1
            if row.fault:
                self._refuse(row, [row.fault])
                continue
            texts = texts_of(row)
            joined = join(texts)
            row_hash, whose = hash_of(joined), owner(texts)
            # Equal rows are of one application.
            key = unchanged(row_hash)
            if key and keep_first(row.line, texts, joined, key=key, whose=whose, row_hash=row_hash):
                continue
            key = key or key_of(texts)
            if judged := self._judge(row, texts, joined, key=key, whose=whose, row_hash=row_hash):
                self.waiting.append(judged)
        self.tally.read += many
        self._write_refusals()
        if self.renewed:
            self.admissions.renew_hashes(self.renewed)
            self.renewed = {}
        return many

    def _noted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.candidates.add(candidate_shown(row))
            yield row

    def _judge(self, row: Row, texts: Texts, joined: bytes, *, key: str, whose: int, row_hash: bytes) -> Judged | None:
        """Return what a row says if somebody may become a student by it, or another one."""
        if self.consistency.repeats(key, row_hash):
            self._look_at_numbers(row, texts, whose)
            return None
        contradiction = self.consistency.contradiction(texts, key, whose)
        if not contradiction and (row_hash in self.unchanged or self._is_known_from_before(row, key, row_hash)):
            self.consistency.keep(row.line, texts, joined, key=key, whose=whose, row_hash=row_hash)
            return None
        self._look_at_numbers(row, texts, whose)
        application = [contradiction] if contradiction else read_application(row, self.words, self.today)
        if isinstance(application, list):
            self._refuse(row, application)
            return None
        self.consistency.keep(row.line, texts, joined, key=key, whose=whose, row_hash=row_hash)
        is_admitted = self._is_admitted(application, key)
        return Judged(row, key, application, self._identity(application), row_hash) if is_admitted else None

    def _is_known_from_before(self, row: Row, key: str, row_hash: bytes) -> bool:
        """Tell whether the row has the hash of earlier releases; taken for a change it would undo the desk's work."""
        known = self.known.get(key)
        if known is None or known != bytes.fromhex(self.fingerprints.of("row", *row.values.values())):
            return False
        self.renewed[key] = row_hash
        return True

    def _look_at_numbers(self, row: Row, texts: Texts, whose: int) -> None:
        if not self.looked_ahead:
            self.shared.add(row.line, texts, whose)

    def _is_admitted(self, application: Application, key: str) -> bool:
        if application.standing is None and key in self.known:
            why = "recruitment admitted this candidate earlier and does not any more"
            self.tally.remarks.append(Remark(application.candidate, why, "ask recruitment; nothing was changed"))
        return application.standing is not None

    def _refuse(self, row: Row, faults: list[Fault]) -> None:
        self.tally.refused += 1
        self.refused.add(key_of(texts_of(row)))
        self.cut_off = self.cut_off or faults[0].kind is FaultKind.CUT_OFF
        candidate = candidate_shown(row)
        self.refusals += [Rejection(self.feed.name, row.line, fault, candidate) for fault in faults]

    def _write_refusals(self) -> None:
        if self.refusals:
            self.admissions.refuse(self.number, self.refusals)
            self.refusals = []

    def _identity(self, application: Application) -> Identity:
        pesel, document = application.pesel, application.document
        return Identity(
            candidate=application.candidate,
            pesel=self.fingerprints.of_pesel(pesel) if pesel else None,
            document=self.fingerprints.of_document(document) if document else None,
            usos_id=application.usos_id,
            album=str(application.album) if application.album else None,
            account_number=str(application.account_number) if application.account_number else None,
        )

    def _admit_waiting(self) -> None:
        # A row of a known application may give back a PESEL by which somebody new would be taken for its student.
        first = [judged for judged in self.waiting if judged.key in self.known] if self.known else []
        others = [judged for judged in self.waiting if judged.key not in self.known] if first else self.waiting
        for group in of_different_people([*first, *others]):
            self._admit(group)
        self.waiting = []
        self._write_refusals()

    def _admit(self, group: list[Judged]) -> None:
        """Admit these rows; one that fits a student whom another one changes is matched again after that."""
        while group:
            group = self._admit_those_apart(group)

    def _admit_those_apart(self, group: list[Judged]) -> list[Judged]:
        """Admit at most one row of each student that is known; return the others."""
        matches = self.admissions.matches([judged.identity for judged in group])
        accepted, later, changed = list[tuple[Row, Admission]](), list[Judged](), set[int]()
        for judged, known in zip(group, matches, strict=True):
            if known and not changed.isdisjoint(student.key for student in known):
                later.append(judged)
            elif admission := self._admission(judged, known):
                accepted.append((judged.row, admission))
                if known:
                    changed.update(student.key for student in known)
        if accepted:
            self._store(accepted)
        return later

    def _store(self, accepted: Sequence[tuple[Row, Admission]]) -> None:
        """Hand them to the registry; one whom it does not take in keeps nobody else out."""
        admissions = [admission for _, admission in accepted]
        try:
            self.admissions.admit(self.number, admissions)
        except Refused as error:
            if len(accepted) > 1:
                middle = len(accepted) // 2
                self._store(accepted[:middle])
                self._store(accepted[middle:])
            else:
                self._leave_out(accepted[0][0], error)
            return
        new = sum(admission.student is None for admission in admissions)
        self.tally.new += new
        self.tally.changed += len(admissions) - new

    def _leave_out(self, row: Row, error: Refused) -> None:
        """Name a row that the registry does not take; of one that takes none of so many, no more is asked."""
        self.tally.failed += 1
        if self.tally.failed > SHOWN:
            raise error
        why = f"row {place(row.line)}: {error}"
        self.tally.remarks.append(Remark(self.feed.name, why, "the next sync reads it again"))

    def _admission(self, judged: Judged, known: list[KnownStudent]) -> Admission | None:
        whose = recognise(judged.identity, known, self.shared)
        if isinstance(whose, Fault):
            self._refuse(judged.row, [whose])
            return None
        if whose is None and not judged.application.is_welcome:
            return None
        return Admission(judged.application, judged.identity, judged.row_hash, whose)

    def _close(self) -> None:
        missing = self._missing()
        tally = self.tally
        counts = FeedCounts(tally.read, tally.new, tally.changed, tally.refused, tuple(missing))
        self.admissions.close(self.number, counts, self.candidates - {""} if self.feed.changes_only else None)
        if tally.refused:
            why = f"{tally.refused} rows were refused"
            tally.remarks.append(Remark(self.feed.name, why, "send COS the report of `estudent rejections --csv`"))
        if missing:
            shown = ", ".join(map(masked_identity, missing[:SHOWN])) + (" …" if len(missing) > SHOWN else "")
            why = f"{len(missing)} candidates known from earlier are not in this full feed: {shown}"
            tally.remarks.append(Remark(self.feed.name, why, "ask recruitment; nobody was changed or removed"))
        if self.cut_off:
            why = "the file ends in the middle of a row; its complete rows were taken in"
            tally.remarks.append(Remark(self.feed.name, why, "export the file again"))

    def _missing(self) -> list[str]:
        if not self.full_feed or self.feed.changes_only or self.cut_off:
            return []
        return self.admissions.candidates_of(
            self.known.keys() - self.consistency.keys() - self.refused, self.consistency.intakes
        )


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


def candidate_shown(row: Row) -> str:
    """Return the candidate number of a refused row, unless columns are shifted and it may be a PESEL."""
    return masked_identity(row.values.get(Column.CANDIDATE, "").strip())


def masked_identity(candidate: str) -> str:
    """Return a candidate number, or nothing where it has the look of a PESEL."""
    return "" if re.search(r"\d{11}", candidate) or len(candidate) > 40 else candidate
