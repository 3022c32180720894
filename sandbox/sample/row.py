"""A row of a recruitment export: its fields in the order of the columns, and the headers above them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

HEADERS = {
    "candidate": "Numer kandydata",
    "intake": "Cykl",
    "status": "Status",
    "pesel": "PESEL",
    "document_kind": "Rodzaj dokumentu",
    "document_number": "Numer dokumentu",
    "document_country": "Kraj wydania dokumentu",
    "birth_date": "Data urodzenia",
    "family_name": "Nazwisko",
    "given_name": "Imię",
    "middle_name": "Drugie imię",
    "email": "E-mail",
    "language": "Język",
    "programme": "Kod programu",
    "programme_name": "Nazwa programu",
    "start": "Data rozpoczęcia",
    "album_number": "Numer albumu",
    "usos_id": "Identyfikator USOS",
    "account_number": "Numer rachunku",
}
ADMITTED, RESIGNED = "przyjęty", "rezygnacja"


class Row(NamedTuple):
    """One application of one candidate, text but for its dates; an empty text stands for what is not known."""

    candidate: str
    intake: str
    status: str
    pesel: str
    document_kind: str
    document_number: str
    document_country: str
    birth_date: date
    family_name: str
    given_name: str
    middle_name: str
    email: str
    language: str
    programme: str
    programme_name: str
    start: date
    album_number: str
    usos_id: str
    account_number: str

    def texts(self, date_format: str) -> list[str]:
        """Return the fields as an export spells them."""
        born, start = self.birth_date.strftime(date_format), self.start.strftime(date_format)
        return [*self[:7], born, *self[8:15], start, *self[16:]]
