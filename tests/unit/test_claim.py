"""A claim and the record: what is forgiven, what is not, and that everybody costs the same work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from anyascii import anyascii

from estudent.domain.album_number import AlbumNumber
from estudent.domain.claim import Claim, Document, Mismatch, Record, mismatch
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.person_name import PersonName
from estudent.domain.pesel import Pesel
from tests.builders import a_pesel, a_student
from tests.unit.services.registrar import FINGERPRINTS

BORN = date(2007, 3, 14)
PESEL = Pesel(a_pesel(BORN))
PASSPORT = IdentityDocument(DocumentKind.PASSPORT, "FX 123-456", "UA")


def a_record(name: str = "Nowak-Wójcik", **changes: Any) -> Record:
    student = a_student(name=PersonName(name, "Łucja"))
    record = Record(student, BORN, FINGERPRINTS.of_pesel(PESEL), FINGERPRINTS.of_document(PASSPORT), has_entry=True)
    return replace(record, **changes)


def a_claim(name: str = "Nowak-Wójcik", evidence: Pesel | Document = PESEL) -> Claim:
    return Claim(AlbumNumber("123456"), name, evidence)


def judged(claim: Claim, record: Record | None) -> Mismatch | None:
    return mismatch(claim, record, FINGERPRINTS, anyascii)


@pytest.mark.parametrize(
    "typed", ["Nowak-Wójcik", "NOWAK-WÓJCIK", "nowak wojcik", " Nowak  – Wojcik ", "NowakWójcik", "Nowak-Wójcik"]
)
def test_case_diacritics_and_hyphens_of_a_surname_are_forgiven(typed: str) -> None:
    assert judged(a_claim(typed), a_record()) is None


@pytest.mark.parametrize("typed", ["Nowak", "Wójcik-Nowak", "Kowalska", "-", "…"])
def test_another_surname_is_not(typed: str) -> None:
    assert judged(a_claim(typed), a_record()) is Mismatch.SURNAME


def test_a_foreigner_is_known_by_document_and_birth_date_whatever_the_document_s_kind() -> None:
    shown = IdentityDocument(DocumentKind.OTHER, "fx123456", "UA")
    assert judged(a_claim(evidence=Document(shown, BORN)), a_record(pesel=None)) is None


@pytest.mark.parametrize(
    ("evidence", "wrong"),
    [
        (Pesel(a_pesel(BORN, 2)), Mismatch.PESEL),
        (Document(replace(PASSPORT, number="FX123457"), BORN), Mismatch.DOCUMENT),
        (Document(replace(PASSPORT, country="VN"), BORN), Mismatch.DOCUMENT),
        (Document(PASSPORT, date(2007, 3, 15)), Mismatch.BIRTH_DATE),
    ],
)
def test_the_office_learns_what_differs(evidence: Pesel | Document, wrong: Mismatch) -> None:
    assert judged(a_claim(evidence=evidence), a_record()) is wrong


def test_a_student_without_the_evidence_does_not_match_it() -> None:
    assert judged(a_claim(), a_record(pesel=None)) is Mismatch.PESEL
    assert judged(a_claim(evidence=Document(PASSPORT, BORN)), a_record(document=None)) is Mismatch.DOCUMENT


def test_nobody_is_unknown_after_the_same_work() -> None:
    class Counting(Fingerprints):
        """Counts its hashes."""

        made = 0

        def of(self, purpose: str, *parts: str) -> str:
            Counting.made += 1
            return super().of(purpose, *parts)

    counts = []
    for record in (a_record(), None):
        Counting.made = 0
        mismatch(a_claim(), record, Counting(FINGERPRINTS.key), anyascii)
        counts.append(Counting.made)
    assert judged(a_claim(), None) is Mismatch.UNKNOWN
    assert counts == [1, 1]


def test_a_claim_does_not_show_what_was_typed() -> None:
    shown = repr([a_claim(), a_claim(evidence=Document(PASSPORT, BORN)), a_record()])
    assert PESEL.digits not in shown and "Nowak" not in shown and "123456" not in shown.replace("'123456'", "")
    assert "2007" not in shown
