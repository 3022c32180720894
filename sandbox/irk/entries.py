"""A sample of a recruitment as IRK holds it, and as an export of the same would say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandbox.sample import Row, Sample
from sandbox.sample.files import NOT_IN_JSON
from sandbox.sample.row import ADMITTED, RESIGNED

REGISTRATION = "PO_2026Z"
FIRST_DAY = "2026-10-01"
SECRET = "pbkdf2_sha256$390000$never-to-be-seen"
LOCAL_FIELDS = {
    "language": "applicant.local_data.language",
    "usos_id": "applicant.local_data.usos_id",
    "account_number": "applicant.local_data.account_number",
    "programme_name": "application.local_data.programme_name",
    "start": "application.local_data.start",
}
"""Where this IRK keeps what the usual one does not have: an extension of the university's own."""
LETTERS = {"dowód": "D", "paszport": "P"}
ADMISSION: dict[str, bool] = {ADMITTED: True, RESIGNED: False}


def exported(sample: Sample) -> Iterator[dict[str, str]]:
    """Yield the rows that IRK can hold, with its numbers; it has each applicant once, so none contradicts another."""
    for line in sample.lines:
        if isinstance(line, Row):
            cells = line.texts("%Y-%m-%d")
        elif line.breakage.kind in NOT_IN_JSON | {"contradiction"}:
            continue
        else:
            cells = line.cells("%Y-%m-%d")
        row = dict(zip(Row._fields, cells, strict=True))
        yield row | {"candidate": re.sub(r"\D", "", row["candidate"]).lstrip("0"), "intake": REGISTRATION}


def entries(sample: Sample) -> list[dict[str, Any]]:
    """Return the same as `POST /sandbox/applications` takes it."""
    return [entry(number, row) for number, row in enumerate(exported(sample), 70_001)]


def entry(number: int, row: dict[str, str]) -> dict[str, Any]:
    """Return one application and its applicant, with all that a real one drags along and nobody here may keep."""
    return {"application": _application(number, row), "applicant": _applicant(row)}


def _application(number: int, row: dict[str, str]) -> dict[str, Any]:
    return {
        "id": number,
        "user": int(row["candidate"]),
        "admitted": ADMISSION.get(row["status"], row["status"]),
        "qualified": "true",
        "payment": "paid",
        "score": "87.5",
        "position": "12",
        "comment": None,
        "turn": {
            "programme": row["programme"],
            "registration": row["intake"],
            "date_from": "2026-06-01T00:00:00+02:00",
            "date_to": "2026-07-10T00:00:00+02:00",
        },
        "foreigner_data": None,
        "certificate": None,
        "local_data": {"programme_name": row["programme_name"], "start": row["start"]},
    }


def _applicant(row: dict[str, str]) -> dict[str, Any]:
    given = {name: text or None for name, text in row.items()}
    kind = row["document_kind"]
    return {
        "id": int(row["candidate"]),
        "email": given["email"],
        "index_number": given["album_number"],
        "password": SECRET,
        "cas_password_override": SECRET,
        "name": {
            "given": given["given_name"], "middle": given["middle_name"], "family": given["family_name"],
            "maiden": None,
        },
        "phone": "+48 600 000 000",
        "citizenship": "PL" if row["language"] == "pl" else "UA",
        "photo": f"/media/photo/{row['candidate']}.jpg",
        "photo_permission": "1",
        "basic_data": {
            "sex": "K", "pesel": given["pesel"], "date_of_birth": given["birth_date"], "city_of_birth": "Opole",
            "country_of_birth": "PL", "data_source": "user",
        },
        "contact_data": {"official_city": "Opole", "official_street": "Prószkowska", "official_post_code": "45-758"},
        "additional_data": {
            "document_type": LETTERS.get(kind, kind) or None, "document_number": given["document_number"],
            "document_country": given["document_country"], "document_exp_date": "2031-01-01",
            "mothers_name": "Matka", "fathers_name": "Ojciec", "military_status": "N", "wku": None,
        },
        "foreigner_data": None,
        "education_data": {"high_school_name": "I LO", "documents": []},
        "local_data": {
            "language": row["language"], "usos_id": given["usos_id"], "account_number": given["account_number"],
        },
    }  # fmt: skip
