"""Reports of mass payments as delimited text (CSV), by the headers that the bank's scheme names."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.scheme import BankScheme, digits_of
from estudent.adapters.banks.values import day, money
from estudent.domain.statement import NOTHING, LineKind, Statement, StatementLine

DELIMITERS = ";,\t|"
REQUIRED = ("account", "amount", "booking_date", "reference")
OPTIONAL = ("currency", "value_date", "title", "payer", "kind")
KINDS = {
    "": LineKind.CREDIT,
    "C": LineKind.CREDIT,
    "CR": LineKind.CREDIT,
    "UZNANIE": LineKind.CREDIT,
    "D": LineKind.DEBIT,
    "DR": LineKind.DEBIT,
    "OBCIĄŻENIE": LineKind.DEBIT,
    "RC": LineKind.CREDIT_REVERSED,
    "STORNO": LineKind.CREDIT_REVERSED,
    "RD": LineKind.DEBIT_REVERSED,
}
COLUMNS_SETTING = "ESTUDENT_STATEMENTS__BANKS (columns)"


def read_mass_payments(text: str, scheme: BankScheme) -> Iterator[Statement]:
    """Yield the report as one statement without balances; raise Broken at the first doubtful line."""
    if not text.endswith("\n"):
        raise Broken(
            "the file ends in the middle of its last line", "a file that ends with a line end; export it again"
        )
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        raise Broken("it holds no rows", "a header and a row for each payment")
    at = _places(header[1], header[0], scheme)
    lines, sums = list[StatementLine](), None
    for number, cells in rows:
        if scheme.trailer and cells[0].strip() == scheme.trailer:
            sums = (number, cells)
        elif sums is not None:
            raise Broken("a row after the line of sums", "the line of sums as the last one", line=number)
        else:
            _refuse_width(cells, header[1], number)
            lines.append(_line(number, len(lines) + 1, {name: cells[place] for name, place in at.items()}))
    _check_sums(scheme, sums, lines)
    currencies = {each.currency for each in lines}
    currency = currencies.pop() if len(currencies) == 1 else ""
    account = scheme.own_accounts[0] if scheme.own_accounts else ""
    yield Statement(account, "", currency, None, None, max(_days(lines), default=None), tuple(lines))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    start = text.lstrip("\ufeff")
    first = start.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(start, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise Broken(f"this row cannot be read ({error})", "each quotation mark closed", line=number) from None


def _places(header: Sequence[str], line: int, scheme: BankScheme) -> dict[str, int]:
    named = {" ".join(cell.split()).casefold(): place for place, cell in enumerate(header)}
    columns = {name: scheme.columns.get(name, "") for name in (*REQUIRED, *OPTIONAL)}
    lacking = [name for name in REQUIRED if not columns[name]]
    if lacking:
        raise Broken(f"no header is set for {', '.join(lacking)}", f"{COLUMNS_SETTING} names it", line=line)
    at = {name: named.get(" ".join(title.split()).casefold(), -1) for name, title in columns.items() if title}
    absent = [columns[name] for name, place in at.items() if place < 0]
    if absent:
        raise Broken(
            f"the header lacks {', '.join(absent)}", f"these headers, or others in {COLUMNS_SETTING}", line=line
        )
    return at


def _refuse_width(cells: Sequence[str], header: Sequence[str], number: int) -> None:
    if len(cells) != len(header):
        problem = f"this row has {len(cells)} fields"
        raise Broken(problem, f"{len(header)} fields, as the header; export the file again", line=number)


def _line(number: int, position: int, cells: Mapping[str, str]) -> StatementLine:
    amount = money(cells["amount"], number, "amount")
    kind = _kind(cells.get("kind", ""), amount, number)
    reference = cells["reference"].strip()
    if not reference:
        right = "the bank's own number of the payment, by which it is booked once"
        raise Broken("the reference is missing", right, line=number, field="reference")
    return StatementLine(
        line=number,
        position=position,
        kind=kind,
        amount=kind.signed(abs(amount)),
        currency=cells.get("currency", "").strip().upper() or "PLN",
        booking_date=day(cells["booking_date"], number, "booking_date"),
        value_date=day(cells.get("value_date", ""), number, "value_date"),
        account=digits_of(cells["account"]),
        reference=reference,
        title=" ".join(cells.get("title", "").split()),
        payer=" ".join(cells.get("payer", "").split()),
    )


def _kind(word: str, amount: Decimal, number: int) -> LineKind:
    kind = KINDS.get(word.strip().upper())
    if kind is None:
        known = ", ".join(filter(None, KINDS))
        raise Broken("the kind of this row is unknown", f"one of {known}", line=number, field="kind")
    return LineKind.DEBIT if kind is LineKind.CREDIT and amount < 0 else kind


def _check_sums(scheme: BankScheme, sums: tuple[int, list[str]] | None, lines: Sequence[StatementLine]) -> None:
    if not scheme.trailer:
        return
    if sums is None:
        raise Broken(f"the line of sums ({scheme.trailer}) is missing", "the whole file; export it again")
    number, cells = sums
    said = [cell for cell in cells[1:] if cell.strip()]
    right = f"{scheme.trailer}, the number of payments, their sum"
    if len(said) < 2 or not said[0].strip().isdecimal():
        raise Broken("the line of sums cannot be read", right, line=number)
    count, amount = int(said[0]), money(said[1], number, scheme.trailer)
    if (count, amount) != (len(lines), sum((each.amount for each in lines), NOTHING)):
        raise Broken("the rows do not make up the line of sums", right, line=number)


def _days(lines: Sequence[StatementLine]) -> Iterator[date]:
    return (each.booking_date for each in lines if each.booking_date)
