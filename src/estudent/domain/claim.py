"""What somebody says who claims to be a student, and how it is compared with the registry's record."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from estudent.domain.album_number import AlbumNumber
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.identity_document import IdentityDocument
from estudent.domain.person_name import Transliterate, latin
from estudent.domain.pesel import Pesel
from estudent.domain.student import Student


@dataclass(frozen=True, slots=True)
class Document:
    """The evidence of somebody who has no PESEL."""

    document: IdentityDocument = field(repr=False)
    birth_date: date = field(repr=False)


Evidence: TypeAlias = "Pesel | Document"


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody typed who wants to create an account; nothing of it is stored."""

    album: AlbumNumber
    family_name: str = field(repr=False)
    evidence: Evidence = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What the registry knows of a student and a claim can be held against; hashes are those of `Fingerprints`."""

    student: Student = field(repr=False)
    birth_date: date = field(repr=False)
    pesel: str | None = field(repr=False)
    document: str | None = field(repr=False)
    has_entry: bool


class Mismatch(StrEnum):
    """Why a claim was refused; only the student office reads it."""

    UNKNOWN = "unknown"
    PESEL = "pesel_differs"
    DOCUMENT = "document_differs"
    BIRTH_DATE = "birth_date_differs"
    SURNAME = "surname_differs"


def mismatch(
    claim: Claim, record: Record | None, fingerprints: Fingerprints, transliterate: Transliterate
) -> Mismatch | None:
    """Return what is wrong with a claim, None for nothing; the work is the same with and without a record."""
    wrong = [*_evidence(claim.evidence, record, fingerprints), _surname(claim.family_name, record, transliterate)]
    return Mismatch.UNKNOWN if record is None else next((each for each in wrong if each), None)


def _evidence(evidence: Evidence, record: Record | None, fingerprints: Fingerprints) -> list[Mismatch | None]:
    if isinstance(evidence, Pesel):
        same = _same(record.pesel if record else None, fingerprints.of_pesel(evidence))
        return [None if same else Mismatch.PESEL]
    same = _same(record.document if record else None, fingerprints.of_document(evidence.document))
    born = record is not None and record.birth_date == evidence.birth_date
    return [None if same else Mismatch.DOCUMENT, None if born else Mismatch.BIRTH_DATE]


def _surname(typed: str, record: Record | None, transliterate: Transliterate) -> Mismatch | None:
    wanted = latin(record.student.name.family, transliterate) if record else ""
    given = latin(typed, transliterate)
    return None if given and hmac.compare_digest(given, wanted) else Mismatch.SURNAME


def _same(stored: str | None, shown: str) -> bool:
    return hmac.compare_digest(stored or "", shown)
