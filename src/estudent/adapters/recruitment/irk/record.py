"""An application and its applicant as a row of a feed: only what we need is taken, passwords never (facts 2.2, 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from estudent.adapters.recruitment.irk.applications import Listed
from estudent.adapters.recruitment.number import text_of
from estudent.domain.application import Row
from estudent.domain.fault import Column, Fault, FaultKind

FIELDS: Mapping[Column, str] = MappingProxyType(
    {
        Column.CANDIDATE: "application.user",
        Column.INTAKE: "application.turn.registration",
        Column.STATUS: "application.admitted",
        Column.PESEL: "applicant.basic_data.pesel",
        Column.DOCUMENT_KIND: "applicant.additional_data.document_type",
        Column.DOCUMENT_NUMBER: "applicant.additional_data.document_number",
        Column.DOCUMENT_COUNTRY: "applicant.additional_data.document_country",
        Column.BIRTH_DATE: "applicant.basic_data.date_of_birth",
        Column.FAMILY_NAME: "applicant.name.family",
        Column.GIVEN_NAME: "applicant.name.given",
        Column.MIDDLE_NAME: "applicant.name.middle",
        Column.EMAIL: "applicant.email",
        Column.LANGUAGE: "applicant.citizenship",
        Column.PROGRAMME: "application.turn.programme",
        Column.ALBUM_NUMBER: "applicant.index_number",
    }
)
"""Where IRK keeps what our columns hold; it has no name of a programme, no first day, OS_ID or account for fees."""
WORDS: Mapping[Column, Mapping[str, str]] = MappingProxyType(
    {
        Column.STATUS: {"true": "przyjęty", "True": "przyjęty", "T": "przyjęty", "1": "przyjęty"},
        Column.DOCUMENT_KIND: {"D": "dowód", "P": "paszport", "*": "inny"},
        Column.LANGUAGE: {"PL": "pl", "UA": "uk", "": "pl", "*": "en"},
    }
)
"""What IRK's values mean in the words of a feed; `*` is any other one."""
DOCUMENT = (Column.DOCUMENT_KIND, Column.DOCUMENT_NUMBER, Column.DOCUMENT_COUNTRY)
WHOSE = (Column.CANDIDATE, Column.INTAKE, Column.PROGRAMME)
FORBIDDEN = ("password", "cas_password")
"""What no setting may lead to."""


@dataclass(frozen=True)
class Meaning:
    """How records become rows: where our columns are, what values mean, when a registration's studies begin."""

    fields: Mapping[Column, str]
    words: Mapping[Column, Mapping[str, str]]
    starts: Mapping[str, str]

    def __post_init__(self) -> None:
        for column, path in self.fields.items():
            if not path.startswith(("application.", "applicant.")) or any(word in path for word in FORBIDDEN):
                raise ValueError(
                    f"{column} is read from application.… or applicant.…, and from no password, not {path!r}"
                )

    def row(self, listed: Listed, applicant: Any) -> Row:
        """Return the row of an application whose applicant was read."""
        if not isinstance(applicant, dict):
            return self.broken(listed, Fault("row", FaultKind.UNREADABLE_RECORD, "JSON"))
        if applicant.get("id") != listed.applicant:
            return self.broken(listed, Fault("row", FaultKind.ANOTHER_PERSON))
        records = {"application": listed.said, "applicant": applicant}
        texts = {column: self._text(column, records) for column in Column}
        if Column.START not in self.fields:
            texts[Column.START] = self.starts.get(listed.said["turn"]["registration"], "")
        fault = next((text for text in texts.values() if isinstance(text, Fault)), None)
        values = {column: text for column, text in texts.items() if isinstance(text, str)}
        return Row(listed.place, _without_needless(values), fault)

    def broken(self, listed: Listed, fault: Fault) -> Row:
        """Return the row of an application that cannot be read, with what the list tells of it."""
        texts = {column: self._text(column, {"application": listed.said}) for column in WHOSE}
        values = {column: text for column, text in texts.items() if isinstance(text, str)}
        return Row(
            listed.place, values | {Column.CANDIDATE: values.get(Column.CANDIDATE) or str(listed.applicant)}, fault
        )

    def _text(self, column: Column, records: Mapping[str, Any]) -> str | Fault:
        text = _scalar(column, _found(records, self.fields.get(column, "")))
        if isinstance(text, Fault) or column not in self.fields:
            return text
        words, text = self.words.get(column, {}), text.strip()
        return words.get(text, words.get("*", text) if text else text)


def _found(records: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path like `applicant.name.family`, or None."""
    found: Any = records
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _scalar(column: Column, found: Any) -> str | Fault:
    if found is None:
        return ""
    if isinstance(found, str):
        return found
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int | float):
        return text_of(column, found)
    return Fault(column.value, FaultKind.UNREADABLE_RECORD, f"JSON {type(found).__name__}")


def _without_needless(values: dict[Column, str]) -> dict[Column, str]:
    """Leave out a document that is incomplete or none at all; with a PESEL nobody needs to correct it."""
    whole = all(values.get(column, "").strip() for column in DOCUMENT)
    if whole or not (values.get(Column.PESEL, "").strip() or not values.get(Column.DOCUMENT_NUMBER, "").strip()):
        return values
    return values | dict.fromkeys(DOCUMENT, "")
