"""The headers of a recruitment file: which of our columns each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar

from estudent.adapters.recruitment.unfit import Unfit, unreadable
from estudent.domain.application import Laid, Texts
from estudent.domain.fault import Column
from estudent.ports import FeedProblem, Misconfigured

POLISH_HEADERS: Mapping[Column, Sequence[str]] = MappingProxyType(
    {
        Column.CANDIDATE: ("Numer kandydata",),
        Column.INTAKE: ("Cykl",),
        Column.STATUS: ("Status",),
        Column.PESEL: ("PESEL",),
        Column.DOCUMENT_KIND: ("Rodzaj dokumentu",),
        Column.DOCUMENT_NUMBER: ("Numer dokumentu",),
        Column.DOCUMENT_COUNTRY: ("Kraj wydania dokumentu",),
        Column.BIRTH_DATE: ("Data urodzenia",),
        Column.FAMILY_NAME: ("Nazwisko",),
        Column.GIVEN_NAME: ("Imię", "Imie"),
        Column.MIDDLE_NAME: ("Drugie imię",),
        Column.EMAIL: ("E-mail", "Email", "Adres e-mail"),
        Column.LANGUAGE: ("Język",),
        Column.PROGRAMME: ("Kod programu",),
        Column.PROGRAMME_NAME: ("Nazwa programu",),
        Column.START: ("Data rozpoczęcia",),
        Column.ALBUM_NUMBER: ("Numer albumu", "Nr albumu"),
        Column.USOS_ID: ("Identyfikator USOS", "OS_ID"),
        Column.ACCOUNT_NUMBER: ("Numer rachunku",),
    }
)
Field = TypeVar("Field")
REQUIRED = (
    Column.CANDIDATE,
    Column.STATUS,
    Column.PESEL,
    Column.FAMILY_NAME,
    Column.GIVEN_NAME,
    Column.EMAIL,
    Column.LANGUAGE,
    Column.PROGRAMME,
    Column.START,
    Column.ALBUM_NUMBER,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table keeps our columns, and how many fields its rows have."""

    width: int
    columns: tuple[Column, ...]
    ours: Callable[[Sequence[Any]], tuple[Any, ...]]
    all_of: Callable[[Sequence[str]], Texts]

    def values(self, fields: Sequence[Field]) -> dict[Column, Field]:
        """Return the fields of a row that are ours."""
        return dict(zip(self.columns, self.ours(fields), strict=True))

    def laid(self, fields: Sequence[str]) -> Laid:
        """Return the same of a row of texts."""
        return Laid(self.columns, self.all_of(fields))


class Headers:
    """The spellings by which a university's export names our columns."""

    def __init__(self, spellings: Mapping[Column, Sequence[str]]) -> None:
        self.spellings = {column: tuple(spellings[column]) for column in Column if spellings.get(column)}
        self.known = {_plain(name): column for column, names in self.spellings.items() for name in names}
        self._refuse_nonsense()

    def column(self, header: str) -> Column | None:
        """Return the column that a header stands for."""
        return self.known.get(_plain(header))

    def layout(self, names: Sequence[str]) -> Layout:
        """Return where the columns of a table with these headers stand, or raise Unfit."""
        width = _width(names)
        places = [(column, place) for place, name in enumerate(names[:width]) if (column := self.column(name))]
        columns = tuple(column for column, _ in places)
        self.require(columns)
        self._refuse_twins(columns)
        ours, stands = itemgetter(*(place for _, place in places)), dict(places)
        all_of = itemgetter(*(stands.get(column, width) for column in Column))
        is_whole = len(columns) == len(Column)
        return Layout(width, columns, ours, all_of if is_whole else lambda fields: all_of([*fields, ""]))

    def require(self, found: Collection[Column]) -> None:
        """Raise Unfit that names the required headers which are not there."""
        if missing := [self.spellings[column][0] for column in REQUIRED if column not in found]:
            raise Unfit(FeedProblem.HEADERS_MISSING, ", ".join(missing))

    def _refuse_twins(self, found: Iterable[Column]) -> None:
        if twins := [self.spellings[column][0] for column, times in Counter(found).items() if times > 1]:
            raise unreadable(f"several columns mean {', '.join(twins)}: keep one of them and remove the others")

    def _refuse_nonsense(self) -> None:
        if absent := [column.value for column in REQUIRED if column not in self.spellings]:
            raise Misconfigured(f"the headers of recruitment files say nothing of {', '.join(absent)}")
        for column, names in self.spellings.items():
            if stolen := [name for name in names if self.column(name) is not column]:
                raise Misconfigured(f"the headers of recruitment files use {stolen[0]!r} for two columns")


def _plain(header: str) -> str:
    return " ".join(header.replace("\ufeff", "").split()).casefold()


def _width(names: Sequence[str]) -> int:
    return max((place for place, name in enumerate(names, 1) if _plain(name)), default=0)
