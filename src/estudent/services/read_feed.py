"""Read one feed: judge its rows, find whose they are, and hand the good ones to the registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice

from estudent.domain.application import Application, Row, Texts, Vocabulary, read_application, texts_of
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.outcome import Remark, Tally
from estudent.ports import Admissions, Feed, FeedCounts, Identity, Rejection
from estudent.services.recognise import SharedValues
from estudent.services.same_file import Consistency, join, key_of, owner
from estudent.services.store_rows import SHOWN, Judged, Portion, Stored, Storing

AT_ONCE, MOST_WAITING = 2500, 10_000
"""So many rows are judged before progress is told, and so many wait at the least before new ones are admitted.

They are admitted in one transaction, or in several where the registry refuses one of them. It is what a killed process
has to do again, and what a database does not write twice: each transaction writes the pages of all indexes that it
touches, and new people are spread over all of them.
"""


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
        self.portion, self.looked_ahead = Portion(), False

    def to_its_end(self, progress: Callable[[int], None]) -> Tally:
        """Take in all rows and return the counts; an interrupted reading starts anew and finds its work done."""
        self.known = self.admissions.row_hashes()
        self.shared, self.consistency = SharedValues(), Consistency(self.known)
        self.number = self.admissions.open(self.feed)
        with ThreadPoolExecutor(1) as behind:
            self.storing = Storing(self.feed.name, self.number, self.admissions, self.known, behind)
            for many in self._portions():
                if self.looked_ahead and len(self.portion.judged) >= MOST_WAITING:
                    self._hand_over()
                if many < AT_ONCE:
                    self._store_all()
                progress(many)
            self._store_all()
        # A feed that is not closed is read again.
        if not self.tally.failed:
            self._close()
        return self.tally

    def _portions(self) -> Iterator[int]:
        """Judge the rows and yield how many were; all are looked through once many wait for what the rest says."""
        rows = self.feed.rows()
        while many := self._take(islice(rows, AT_ONCE)):
            # After fewer there is no rest.
            if not self.looked_ahead and len(self.portion.judged) >= MOST_WAITING and many == AT_ONCE:
                self.shared, self.looked_ahead = SharedValues.among(self.feed.rows()), True
                # A feed may be looked through only once at a time.
                rows = islice(self.feed.rows(), self.tally.read, None)
            yield many

    def _take(self, rows: Iterable[Row]) -> int:
        """Judge each row before the next one is read; return how many there were."""
        hash_of, keep_known = self.row_hash, self.consistency.keep_known
        many = 0
        for row in self._noted(rows) if self.feed.changes_only else rows:
            many += 1
            if row.fault:
                self._refuse(row, [row.fault])
                continue
            texts = texts_of(row)
            joined = join(texts)
            row_hash, whose = hash_of(joined), owner(texts)
            if keep_known(row.line, texts, joined, whose=whose, row_hash=row_hash):
                continue
            key = key_of(texts)
            if judged := self._judge(row, texts, joined, key=key, whose=whose, row_hash=row_hash):
                self.portion.judged.append(judged)
        self.tally.read += many
        if max(len(self.portion.refusals), len(self.portion.renewed)) >= AT_ONCE:
            self._write_what_needs_no_match()
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
        if not contradiction and (self.consistency.knows(row_hash) or self._is_known_from_before(row, key, row_hash)):
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
        self.portion.renewed[key] = row_hash
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
        self.portion.refusals += [Rejection(self.feed.name, row.line, fault, candidate) for fault in faults]

    def _write_what_needs_no_match(self) -> None:
        """Store refused rows and other hashes after the portion under way: a registry may have one writer at a time."""
        self._count(self.storing.settle())
        self.admissions.refuse(self.number, self.portion.refusals)
        self.admissions.renew_hashes(self.portion.renewed)
        self.portion.refusals, self.portion.renewed = [], {}

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

    def _hand_over(self) -> None:
        """Let what was judged go into the registry while the next rows are judged; what went before has got there."""
        portion, self.portion = self.portion, Portion()
        self._count(self.storing.begin(portion, self.shared))

    def _store_all(self) -> None:
        self._hand_over()
        self._write_what_needs_no_match()

    def _count(self, stored: Stored) -> None:
        self.tally = self.tally.merge(stored.tally)
        for row, fault in stored.refused:
            self._refuse(row, [fault])

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
        return self.admissions.candidates_of(self.consistency.absent() - self.refused, self.consistency.intakes)


def candidate_shown(row: Row) -> str:
    """Return the candidate number of a refused row, unless columns are shifted and it may be a PESEL."""
    return masked_identity(row.values.get(Column.CANDIDATE, "").strip())


def masked_identity(candidate: str) -> str:
    """Return a candidate number, or nothing where it has the look of a PESEL."""
    return "" if re.search(r"\d{11}", candidate) or len(candidate) > 40 else candidate
