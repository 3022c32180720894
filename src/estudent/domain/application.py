"""An application from recruitment: a row of a feed, read and checked alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import TypeAlias, TypeVar

from estudent.domain.album_number import AlbumNumber
from estudent.domain.fault import Column, Fault, FaultKind, masked
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.lifecycle import Owed, Standing, owes
from estudent.domain.nrb import Nrb
from estudent.domain.person_name import PersonName
from estudent.domain.pesel import Pesel
from estudent.domain.student import Language, Study

LONGEST_VALUE = 254
YOUNGEST, OLDEST = 14, 100
EMAIL = re.compile(r"[^@\s,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
DATE_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ]00:00(?::00)?)?"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
)
BETWEEN = "\x1f"
"""A sign that no value holds which was read without a fault."""

NOTHING = dict.fromkeys(Column, "")
PLACE = {column: place for place, column in enumerate(Column)}
all_columns = itemgetter(*Column)
Texts: TypeAlias = tuple[str, ...]
"""What a row says in all columns, in their order; columns that its file does not have are empty."""

Value = TypeVar("Value")


class Laid(Mapping[Column, str]):
    """A row's values as a table lays them out, in the order of its columns; a dictionary of each row costs more."""

    __slots__ = ("columns", "texts")

    def __init__(self, columns: Collection[Column], texts: Texts) -> None:
        self.columns, self.texts = columns, texts

    def __getitem__(self, column: Column) -> str:
        if column in self.columns:
            return self.texts[PLACE[column]]
        raise KeyError(column)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


# Here and below, what is made for each row is not frozen: making it would take three times as long.
@dataclass(slots=True)
class Row:
    """One row of a feed as text; `fault` is set where the reader could not make columns of it.

    `line` is where it stands, as in `estudent.domain.place`.
    """

    line: int
    values: Mapping[Column, str] = field(repr=False)
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that a university's export uses, in lower case, and what they mean."""

    statuses: Mapping[str, Standing | None]
    documents: Mapping[str, DocumentKind]
    languages: Mapping[str, Language]
    countries: frozenset[str]


@dataclass(slots=True)
class Application:
    """One person's application to one programme; `standing` is None while recruitment has not admitted them."""

    candidate: str
    intake: str
    standing: Standing | None
    name: PersonName = field(repr=False)
    birth_date: date = field(repr=False)
    email: str = field(repr=False)
    language: Language
    study: Study
    pesel: Pesel | None = field(repr=False)
    document: IdentityDocument | None = field(repr=False)
    album: AlbumNumber | None
    usos_id: int | None
    account_number: Nrb | None = field(repr=False)

    @property
    def is_welcome(self) -> bool:
        """Tell whether the application makes somebody new a student; a resignation does not."""
        return self.standing is not None and owes(self.standing, Owed.SIGN_IN)


def application_key(candidate: str, programme: str) -> str:
    """Return the key of one person's application to one programme."""
    return f"{candidate}{BETWEEN}{programme}"


def texts_of(row: Row) -> Texts:
    """Return what a row says in all columns."""
    values = row.values
    if isinstance(values, Laid):
        return values.texts
    texts: Texts = all_columns({**NOTHING, **values})
    return texts


def read_application(row: Row, words: Vocabulary, today: date) -> Application | list[Fault]:
    """Return the application that a row holds, or every fault of the row at once."""
    if row.fault:
        return [row.fault]
    if application := _read_plainly(texts_of(row), words, today):
        return application
    reader = _Reader(row.values, words, today)
    found = reader.application()
    return found if found and not reader.faults else reader.faults


def _read_plainly(said: Texts, words: Vocabulary, today: date) -> Application | None:
    """Return the application of a row that is beyond doubt, in a fraction of the time; None of every other row."""
    texts = [*map(str.strip, said)]
    candidate, intake, status, pesel_, kind, number, country, birth, family, given, middle, email = texts[:12]
    language, programme, title, start, album, usos_id, nrb = texts[12:]
    needed = candidate and status and email and language and programme and start and (pesel_ or number)
    if not (needed and _are_printable(texts) and EMAIL.fullmatch(email)):
        return None
    try:
        pesel = _pesel(pesel_) if pesel_ else None
        of_pesel = pesel.birth_date if pesel else None
        born = _date(birth) if birth or of_pesel is None else of_pesel
        if not _is_plausible(born, today) or (of_pesel and born != of_pesel):
            return None
        return Application(
            candidate, intake, words.statuses[status.lower()], PersonName(family, given, middle), born, email,
            words.languages[language.lower()], _study(programme, title, start), pesel,
            _document(kind, number, country, words) if number else None, AlbumNumber(album) if album else None,
            _usos_id(usos_id) if usos_id else None, _nrb(nrb) if nrb else None,
        )  # fmt: skip
    except (KeyError, ValueError):
        return None


class _Reader:
    """Reads the fields of one row and gathers their faults."""

    def __init__(self, values: Mapping[Column, str], words: Vocabulary, today: date) -> None:
        self.values = {column: value.strip() for column, value in values.items()}
        self.words, self.today, self.faults = words, today, list[Fault]()

    def application(self) -> Application | None:
        if not self._is_printable():
            return None
        candidate, status = self.required(Column.CANDIDATE), self.word(Column.STATUS, self.words.statuses)
        name, email, language = self.name(), self.email(), self.word(Column.LANGUAGE, self.words.languages)
        pesel, document, study = self.pesel(), self.document(), self.study()
        born = self.birth_date(pesel)
        album = self.optional(Column.ALBUM_NUMBER, AlbumNumber, FaultKind.BAD_ALBUM_NUMBER)
        usos_id = self.optional(Column.USOS_ID, _usos_id, FaultKind.BAD_USOS_ID)
        nrb = self.optional(Column.ACCOUNT_NUMBER, _nrb, FaultKind.BAD_ACCOUNT_NUMBER)
        if self.faults or not (name and language and study and born):
            return None
        return Application(
            candidate, self.text(Column.INTAKE), status, name, born, email, language, study, pesel, document, album,
            usos_id, nrb,
        )  # fmt: skip

    def refuse(self, column: Column, kind: FaultKind, detail: str = "") -> None:
        self.faults.append(Fault(column.value, kind, detail, masked(self.text(column))))

    def text(self, column: Column) -> str:
        return self.values.get(column, "")

    def required(self, column: Column) -> str:
        if not self.text(column):
            self.refuse(column, FaultKind.MISSING)
        return self.text(column)

    def optional(self, column: Column, read: Callable[[str], Value], kind: FaultKind) -> Value | None:
        if not self.text(column):
            return None
        try:
            return read(self.text(column))
        except ValueError as error:
            self.refuse(column, kind, str(error))
            return None

    def word(self, column: Column, meanings: Mapping[str, Value]) -> Value | None:
        word = self.required(column).lower()
        if word and word not in meanings:
            self.refuse(column, FaultKind.UNKNOWN_WORD, ", ".join(meanings))
        return meanings.get(word)

    def _is_printable(self) -> bool:
        if _are_printable(self.values.values()):
            return True
        for column, value in self.values.items():
            if len(value) > LONGEST_VALUE:
                self.refuse(column, FaultKind.TOO_LONG, f"{len(value)} > {LONGEST_VALUE}")
            elif not value.isprintable() and (hidden := _hidden_character(value)):
                self.refuse(column, FaultKind.CONTROL_CHARACTER, hidden)
        return not self.faults

    def name(self) -> PersonName | None:
        family = self.required(Column.FAMILY_NAME)
        try:
            return PersonName(family, self.text(Column.GIVEN_NAME), self.text(Column.MIDDLE_NAME))
        except ValueError:
            for column in (Column.FAMILY_NAME, Column.GIVEN_NAME, Column.MIDDLE_NAME):
                self.optional(column, PersonName, FaultKind.BAD_NAME)
            return None

    def email(self) -> str:
        email = self.required(Column.EMAIL)
        if email and not EMAIL.fullmatch(email):
            self.refuse(Column.EMAIL, FaultKind.BAD_EMAIL)
        return email

    def study(self) -> Study | None:
        programme, start = self.required(Column.PROGRAMME), self.required_date(Column.START)
        return Study(programme, self.text(Column.PROGRAMME_NAME), start) if programme and start else None

    def pesel(self) -> Pesel | None:
        return self.optional(Column.PESEL, _pesel, FaultKind.BAD_PESEL)

    def document(self) -> IdentityDocument | None:
        number = self.text(Column.DOCUMENT_NUMBER)
        if not number:
            if not self.text(Column.PESEL):
                self.refuse(Column.PESEL, FaultKind.NO_IDENTITY)
            return None
        kind = self.word(Column.DOCUMENT_KIND, self.words.documents)
        country = self.required(Column.DOCUMENT_COUNTRY).upper()
        if country and country not in self.words.countries:
            self.refuse(Column.DOCUMENT_COUNTRY, FaultKind.BAD_DOCUMENT, "no such country")
        if kind is None or country not in self.words.countries:
            return None
        return self.optional(
            Column.DOCUMENT_NUMBER, lambda text: IdentityDocument(kind, text, country), FaultKind.BAD_DOCUMENT
        )

    def required_date(self, column: Column) -> date | None:
        self.required(column)
        return self.optional(column, _date, FaultKind.BAD_DATE)

    def birth_date(self, pesel: Pesel | None) -> date | None:
        if self.text(Column.PESEL) and not self.text(Column.BIRTH_DATE):
            born = pesel.birth_date if pesel else None
        else:
            born = self.required_date(Column.BIRTH_DATE)
        if born and pesel and born != pesel.birth_date:
            self.refuse(Column.BIRTH_DATE, FaultKind.BIRTH_DATES_DISAGREE)
        elif born and not _is_plausible(born, self.today):
            self.refuse(Column.BIRTH_DATE, FaultKind.IMPLAUSIBLE_BIRTH_DATE)
        return born


def _are_printable(texts: Collection[str]) -> bool:
    joined = "".join(texts)
    return joined.isprintable() and (len(joined) <= LONGEST_VALUE or max(map(len, texts)) <= LONGEST_VALUE)


def _is_plausible(born: date, today: date) -> bool:
    return YOUNGEST <= today.year - born.year <= OLDEST


def _pesel(text: str) -> Pesel:
    return Pesel(text if text.isdecimal() else text.replace(" ", "").replace("-", ""))


def _document(kind: str, number: str, country: str, words: Vocabulary) -> IdentityDocument:
    """Return the document, or raise KeyError for a word and ValueError for a value that is none."""
    if country.upper() not in words.countries:
        raise ValueError("no such country")
    return IdentityDocument(words.documents[kind.lower()], number, country.upper())


# Students are born, and studies begin, on a few thousand days.
@lru_cache(maxsize=8192)
def _date(text: str) -> date:
    found = next((match for form in DATE_FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        raise ValueError("not a date")
    return date(int(found["year"]), int(found["month"]), int(found["day"]))


# A semester has a few hundred of them.
@lru_cache(maxsize=1024)
def _study(programme: str, title: str, start: str) -> Study:
    return Study(programme, title, _date(start))


def _usos_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 10 and int(text)):
        raise ValueError("a USOS person id is a positive number")
    return int(text)


def _nrb(text: str) -> Nrb:
    return Nrb(text.upper().removeprefix("PL").replace(" ", "").replace("-", ""))


def _hidden_character(value: str) -> str:
    hidden = next((letter for letter in value if unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn", "Cs")), "")
    return f"U+{ord(hidden):04X}" if hidden else ""
