"""What can be wrong with a row of a recruitment feed, and what would be right, in Polish and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Column(StrEnum):
    """The columns of a recruitment feed, in our words; the headers of a university are its settings."""

    CANDIDATE = "candidate"
    INTAKE = "intake"
    STATUS = "status"
    PESEL = "pesel"
    DOCUMENT_KIND = "document_kind"
    DOCUMENT_NUMBER = "document_number"
    DOCUMENT_COUNTRY = "document_country"
    BIRTH_DATE = "birth_date"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    MIDDLE_NAME = "middle_name"
    EMAIL = "email"
    LANGUAGE = "language"
    PROGRAMME = "programme"
    PROGRAMME_NAME = "programme_name"
    START = "start"
    ALBUM_NUMBER = "album_number"
    USOS_ID = "usos_id"
    ACCOUNT_NUMBER = "account_number"


class FaultKind(StrEnum):
    """The kinds of fault; `TEXTS` says each of them in words."""

    UNREADABLE_ROW = "unreadable_row"
    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    CUT_OFF = "cut_off"
    CONTROL_CHARACTER = "control_character"
    TOO_LONG = "too_long"
    MISSING = "missing"
    UNKNOWN_WORD = "unknown_word"
    BAD_DATE = "bad_date"
    BAD_NAME = "bad_name"
    BAD_EMAIL = "bad_email"
    BAD_PESEL = "bad_pesel"
    IMPLAUSIBLE_BIRTH_DATE = "implausible_birth_date"
    BIRTH_DATES_DISAGREE = "birth_dates_disagree"
    NO_IDENTITY = "no_identity"
    BAD_DOCUMENT = "bad_document"
    BAD_ALBUM_NUMBER = "bad_album_number"
    BAD_USOS_ID = "bad_usos_id"
    BAD_ACCOUNT_NUMBER = "bad_account_number"
    SHARED_IN_FILE = "shared_in_file"
    TAKEN_BY_ANOTHER = "taken_by_another"
    WOULD_CHANGE = "would_change"
    TWO_STUDENTS_MATCH = "two_students_match"
    CONTRADICTS_LINE = "contradicts_line"
    UNREADABLE_RECORD = "unreadable_record"
    ANOTHER_PERSON = "another_person"


@dataclass(frozen=True, slots=True)
class Text:
    """One fault in one language: what is wrong, and what would be right."""

    problem: str
    remedy: str


TEXTS: Mapping[FaultKind, Mapping[str, Text]] = MappingProxyType(
    {
        FaultKind.UNREADABLE_ROW: {
            "pl": Text("wiersza nie da się odczytać: {detail}", "wyeksportować plik ponownie z eRekrutacji"),
            "en": Text("the row cannot be read: {detail}", "export the file again from recruitment"),
        },
        FaultKind.TOO_FEW_FIELDS: {
            "pl": Text("za mało pól: {detail}", "sprawdzić separatory i puste pola na końcu wiersza"),
            "en": Text("too few fields: {detail}", "check the separators and the empty fields at the row's end"),
        },
        FaultKind.TOO_MANY_FIELDS: {
            "pl": Text("za dużo pól: {detail}", "ująć w cudzysłów pola, które zawierają separator"),
            "en": Text("too many fields: {detail}", "quote the fields that contain the separator"),
        },
        FaultKind.CUT_OFF: {
            "pl": Text("plik kończy się w środku wiersza", "wyeksportować plik ponownie; ten jest niepełny"),
            "en": Text("the file ends in the middle of a row", "export the file again; this one is incomplete"),
        },
        FaultKind.CONTROL_CHARACTER: {
            "pl": Text("niewidoczny znak w polu: {detail}", "wpisać wartość ponownie z klawiatury"),
            "en": Text("an invisible character in the field: {detail}", "type the value again by hand"),
        },
        FaultKind.TOO_LONG: {
            "pl": Text("wartość jest za długa: {detail}", "skrócić; zwykle oznacza to zgubiony cudzysłów"),
            "en": Text("the value is too long: {detail}", "shorten it; usually a lost quotation mark is the cause"),
        },
        FaultKind.MISSING: {
            "pl": Text("brak wartości", "uzupełnić pole"),
            "en": Text("the value is missing", "fill the field in"),
        },
        FaultKind.UNKNOWN_WORD: {
            "pl": Text("nieznana wartość", "użyć jednej z: {detail}"),
            "en": Text("an unknown value", "use one of: {detail}"),
        },
        FaultKind.BAD_DATE: {
            "pl": Text("to nie jest data z kalendarza", "wpisać jak 2026-10-01 lub 01.10.2026"),
            "en": Text("this is no date of the calendar", "write it like 2026-10-01 or 01.10.2026"),
        },
        FaultKind.BAD_NAME: {
            "pl": Text("to nie jest imię ani nazwisko", "wpisać tak jak w dokumencie, tylko litery"),
            "en": Text("this is not a name: {detail}", "write it as in the document, with letters only"),
        },
        FaultKind.BAD_EMAIL: {
            "pl": Text("to nie jest adres e-mail", "wpisać jeden adres, np. jan@poczta.example"),
            "en": Text("this is not an e-mail address", "write one address, e.g. jan@poczta.example"),
        },
        FaultKind.BAD_PESEL: {
            "pl": Text("błędny PESEL (długość, cyfra kontrolna lub data)", "przepisać 11 cyfr z dokumentu"),
            "en": Text("a wrong PESEL: {detail}", "copy the 11 digits from the document"),
        },
        FaultKind.IMPLAUSIBLE_BIRTH_DATE: {
            "pl": Text("data urodzenia niemożliwa u studenta", "sprawdzić rok; wiek od 14 do 100 lat"),
            "en": Text("no student can be born on this date", "check the year; age is 14 to 100"),
        },
        FaultKind.BIRTH_DATES_DISAGREE: {
            "pl": Text("data urodzenia inna niż w numerze PESEL", "poprawić datę albo PESEL według dokumentu"),
            "en": Text("the birth date is not the PESEL's", "correct the date or the PESEL by the document"),
        },
        FaultKind.NO_IDENTITY: {
            "pl": Text("brak numeru PESEL i dokumentu", "podać PESEL albo rodzaj, numer i kraj dokumentu"),
            "en": Text("neither PESEL nor document", "give the PESEL, or the document's kind, number and country"),
        },
        FaultKind.BAD_DOCUMENT: {
            "pl": Text("błędny dokument", "podać numer (3 do 20 znaków) i kraj jak w ISO 3166, np. UA"),
            "en": Text("a wrong document: {detail}", "give the number (3 to 20 characters) and the country, e.g. UA"),
        },
        FaultKind.BAD_ALBUM_NUMBER: {
            "pl": Text("to nie jest numer albumu", "podać 3 do 7 cyfr jak w USOS; puste, gdy nie nadany"),
            "en": Text("this is not an album number", "give the 3 to 7 digits of USOS; empty if there is none yet"),
        },
        FaultKind.BAD_USOS_ID: {
            "pl": Text("to nie jest identyfikator osoby w USOS", "podać liczbę OS_ID albo zostawić puste"),
            "en": Text("this is not a person id of USOS", "give the number OS_ID, or leave it empty"),
        },
        FaultKind.BAD_ACCOUNT_NUMBER: {
            "pl": Text("błędny numer rachunku (długość lub cyfry kontrolne)", "przepisać 26 cyfr albo zostawić puste"),
            "en": Text("a wrong account number: {detail}", "copy the 26 digits, or leave it empty"),
        },
        FaultKind.SHARED_IN_FILE: {
            "pl": Text("ta sama wartość u różnych osób: wiersze {detail}", "zostawić ją tylko u właściwej osoby"),
            "en": Text("different people share this value: lines {detail}", "leave it with the right person only"),
        },
        FaultKind.TAKEN_BY_ANOTHER: {
            "pl": Text("wartość należy już do innego studenta", "sprawdzić w USOS, do kogo należy"),
            "en": Text("the value belongs to another student already", "check in USOS whose it is"),
        },
        FaultKind.WOULD_CHANGE: {
            "pl": Text("student ma już inną wartość, a ta się nie zmienia", "sprawdzić w USOS, która jest właściwa"),
            "en": Text("the student has another value, which never changes", "check in USOS which one is right"),
        },
        FaultKind.TWO_STUDENTS_MATCH: {
            "pl": Text("wiersz pasuje do dwóch różnych studentów: {detail}", "ustalić, czyj to wiersz; poprawić"),
            "en": Text("the row fits two different students: {detail}", "find out whose row it is, correct the data"),
        },
        FaultKind.CONTRADICTS_LINE: {
            "pl": Text("inne dane tej samej osoby niż w wierszu {detail}", "uzgodnić dane osoby w obu wierszach"),
            "en": Text("other data of the same person than in line {detail}", "make both rows of the person agree"),
        },
        FaultKind.UNREADABLE_RECORD: {
            "pl": Text("danych kandydata nie da się odczytać z IRK: {detail}", "otworzyć kandydata w IRK i zapisać go"),
            "en": Text("the candidate cannot be read from IRK: {detail}", "open the candidate in IRK and save it"),
        },
        FaultKind.ANOTHER_PERSON: {
            "pl": Text("IRK podał dane innej osoby; nie użyto ich", "natychmiast zgłosić administratorowi IRK"),
            "en": Text("IRK answered with another person; nothing was used", "tell IRK's administrators at once"),
        },
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one row: the field (or "row"), the kind, what the texts need, and the value masked."""

    field: str
    kind: FaultKind
    detail: str = ""
    masked: str = ""

    def problem(self, language: str) -> str:
        """Say what is wrong, in `pl` or `en`."""
        return TEXTS[self.kind][language].problem.format(detail=self.detail)

    def remedy(self, language: str) -> str:
        """Say what would be right, in `pl` or `en`."""
        return TEXTS[self.kind][language].remedy.format(detail=self.detail)


def masked(value: str) -> str:
    """Return a value's first character and length: enough to recognise it in the file, too little to leak it."""
    shown = value[:1] if value[:1].isalnum() else "•"
    return f"{shown}… ({len(value)})" if value else ""
