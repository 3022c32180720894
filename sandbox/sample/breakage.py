"""Every way in which a row of an export is known to be wrong: kind, column, and what it does to a row's fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sandbox.sample.numbers import date_in_pesel, with_check_digit

Fields = dict[str, str]
FUTURE = date(2031, 5, 17)


@dataclass(frozen=True, slots=True)
class Breakage:
    """What makes one row wrong; `field` is empty where it is the row as a whole."""

    kind: str
    field: str
    spoil: Callable[[Fields, str], Fields]


def single_breakages() -> list[Breakage]:
    """Return the breakages that one row suffers alone."""
    return [
        Breakage("pesel_checksum", "pesel", lambda row, _: row | {"pesel": _next_last_digit(row["pesel"])}),
        Breakage("pesel_date", "pesel", _born_on_a_31st_of_february),
        Breakage("pesel_length", "pesel", lambda row, _: row | {"pesel": row["pesel"][:10]}),
        Breakage("birth_dates_disagree", "birth_date", _other_day),
        Breakage("born_in_future", "birth_date", _born_in_future),
        Breakage("no_identity", "pesel", put(pesel="")),
        Breakage("document_without_country", "document_country", lambda row, _: _abroad(row, "")),
        Breakage("unknown_country", "document_country", lambda row, _: _abroad(row, "XQ")),
        Breakage("family_name_missing", "family_name", put(family_name="")),
        Breakage("family_name_digits", "family_name", lambda row, _: row | {"family_name": f"{row['family_name']}2"}),
        Breakage("email_missing", "email", put(email="")),
        Breakage("email_malformed", "email", lambda row, _: row | {"email": row["email"].replace("@", "")}),
        Breakage("date_impossible", "start", _impossible_start),
        Breakage("date_unreadable", "start", put(start="po wakacjach")),
        Breakage("album_letters", "album_number", lambda row, _: row | {"album_number": f"A{row['album_number']}"}),
        Breakage("album_too_long", "album_number", lambda row, _: row | {"album_number": f"99{row['album_number']}"}),
        Breakage("unknown_status", "status", put(status="rozpatrywany przez komisję")),
        Breakage("unknown_language", "language", put(language="tlh")),
        Breakage("programme_missing", "programme", put(programme="")),
        Breakage("account_checksum", "account_number", _wrong_account),
        Breakage("control_character", "given_name", lambda row, _: row | {"given_name": f"{row['given_name']}\x07"}),
        Breakage("right_to_left_mark", "family_name", _marked_right_to_left),
        Breakage("too_long", "given_name", put(given_name="A" * 10_000)),
        Breakage("too_few_fields", "", lambda row, _: row),
        Breakage("too_many_fields", "", lambda row, _: row),
        Breakage("stray_quote", "", lambda row, _: row),
        Breakage("nul", "", lambda row, _: row | {"given_name": f"{row['given_name']}\0"}),
    ]


def torn(kind: str, cells: list[str]) -> list[str]:
    """Return the cells of a row whose very shape is wrong."""
    if kind == "too_few_fields":
        return cells[:-6]
    return [*cells, "pole", "nadmiarowe"] if kind == "too_many_fields" else cells


def put(**values: str) -> Callable[[Fields, str], Fields]:
    return lambda row, _: row | values


def _abroad(row: Fields, country: str) -> Fields:
    number = f"FA{row['candidate'][-6:]}"
    return row | {"pesel": "", "document_kind": "paszport", "document_number": number, "document_country": country}


def _next_last_digit(number: str) -> str:
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}"


def _born_on_a_31st_of_february(row: Fields, _: str) -> Fields:
    return row | {"pesel": with_check_digit(f"062231{row['pesel'][6:10]}")}


def _marked_right_to_left(row: Fields, _: str) -> Fields:
    return row | {"family_name": f"{row['family_name']}\u200f"}


def _other_day(row: Fields, date_format: str) -> Fields:
    other = date(2001, 4, 3 if row["pesel"].startswith("012402") else 2)
    return row | {"birth_date": other.strftime(date_format)}


def _born_in_future(row: Fields, date_format: str) -> Fields:
    pesel = with_check_digit(f"{date_in_pesel(FUTURE)}{row['pesel'][6:10]}")
    return row | {"pesel": pesel, "birth_date": FUTURE.strftime(date_format)}


def _impossible_start(row: Fields, date_format: str) -> Fields:
    return row | {"start": date(2026, 2, 28).strftime(date_format).replace("28", "31")}


def _wrong_account(row: Fields, _: str) -> Fields:
    return row | {"account_number": _next_last_digit(row["account_number"])}
