"""MT940 (SWIFT, customer statement message) as Polish banks write it.

An own reader of the few fields that count. The library `mt-940` is the tests' reference for it; as a part of the
product it would take many times as long, drop sub-field ?38, turn reversals around, and log lines with people's names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.scheme import BankScheme, digits_of, joined
from estudent.adapters.banks.values import nearest, short_day
from estudent.domain.statement import LineKind, Statement, StatementLine

TAG = re.compile(r"\n:(\d{2}[A-Z]?|NS):", re.ASCII)
AROUND = frozenset({"-", "-}", ""})
BETWEEN = re.compile(r"\n(?:[-{\n ]|\Z)")
"""How lines begin that stand between messages."""

ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4}|[ ]{4})?(?P<mark>R?[CD])[A-Z]?[ ]?(?P<amount>\d{1,12},\d{0,2})"
    r"(?:[A-Z][A-Z0-9 ]{3})?[^/]*(?:/(?!/)[^/]*)*(?://(?P<reference>.*))?",
    re.ASCII,
)
BALANCE = re.compile(r"(?P<mark>[CD])(?P<day>\d{6})(?P<currency>[A-Z]{3})(?P<amount>\d{1,15},\d{0,2})", re.ASCII)
STRUCTURED = re.compile(r"(?:\d{3})?(?P<separator>[?<^~+])\d{2}", re.ASCII)
CODES = {separator: re.compile(rf"{re.escape(separator)}(\d{{2}})", re.ASCII) for separator in "?<^~+"}
MARKS = {
    "C": LineKind.CREDIT,
    "D": LineKind.DEBIT,
    "RC": LineKind.CREDIT_REVERSED,
    "RD": LineKind.DEBIT_REVERSED,
}
LONGEST_LINE = 100_000
NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED", ""})
LAST_PAGE = "the whole file, to its last :62F:"


@dataclass(slots=True)
class _Field:
    """One field: its tag, the number of its first line in the file, its text, of one line or several."""

    tag: str
    line: int
    text: str


@dataclass(slots=True)
class _Message:
    """What was read of one statement so far."""

    line: int
    account: str = ""
    number: str = ""
    currency: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    closed_on: date | None = None
    is_last_page: bool = False
    follows: _Message | None = None
    lines: list[StatementLine] = field(default_factory=list)


def read_mt940(text: str, scheme: BankScheme) -> Iterator[Statement]:
    """Yield the statements of a file, each once its last line was read; raise Broken at the first doubtful one."""
    message: _Message | None = None
    # A tag begins a line: it is found many times faster by the end of the line before it.
    text = "\n" + text.replace("\r\n", "\n")
    for each, details in _paired(_fields(text)):
        if each.tag == "20":
            before = message
            if before is not None:
                yield _whole(before, each.line)
            message = _Message(each.line, follows=before)
        elif message is None:
            right = "the file as the bank exports it, from its first :20: on"
            raise Broken("this stands before any statement", right, line=each.line, field=f":{each.tag}:")
        elif each.tag == "61":
            message.lines.append(_line(message, each, details, scheme))
        else:
            _take(message, each)
    if message is None:
        raise Broken("there is no statement in it", "a file that begins with :20:")
    statement = _whole(message, text.count("\n"))
    if not message.is_last_page:
        raise Broken("the last page of the statement is missing", LAST_PAGE, line=message.line, field=":62M:")
    yield statement


def _paired(fields: Iterator[_Field]) -> Iterator[tuple[_Field, _Field | None]]:
    """Yield each field, those of a line (61) with the details (86) that follow them."""
    entry: _Field | None = None
    for each in fields:
        if entry is not None:
            yield entry, each if each.tag == "86" else None
        entry = each if each.tag == "61" else None
        if entry is None and each.tag != "86":
            yield each, None
    if entry is not None:
        yield entry, None


def _fields(text: str) -> Iterator[_Field]:
    tag, line, at = "", 1, 1
    for found in TAG.finditer(text):
        begin, end = found.span()
        said = _without_frame(text[at:begin], line)
        if tag:
            yield _Field(tag, line, said)
        line += text.count("\n", at, end)
        tag, at = found[1], end
    said = _without_frame(text[at:].removesuffix("\n"), line)
    if tag:
        yield _Field(tag, line, said)


def _without_frame(text: str, begin: int) -> str:
    """Return a field's text without the lines that stand between messages; refuse a cut header among these."""
    # Nearly all fields have none of these, and there are many fields.
    if len(text) <= LONGEST_LINE and not BETWEEN.search(text):
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines, begin):
        _refuse_long(line, number)
        if number > begin and line.startswith("{"):
            _refuse_cut_header(line, number)
    kept = (line for line in lines[1:] if line.strip() not in AROUND and not line.startswith("{"))
    return "\n".join([lines[0], *kept])


def _refuse_long(line: str, number: int) -> None:
    if len(line) > LONGEST_LINE:
        raise Broken("a line of more than 100,000 signs", "lines as the bank exports them", line=number)


def _refuse_cut_header(line: str, number: int) -> None:
    if not line.endswith(("{4:", "}")):
        raise Broken("SWIFT's header is cut off", "the file as the bank exports it", line=number)


def _take(message: _Message, each: _Field) -> None:
    text = each.text.replace("\n", "").strip()
    if each.tag == "25":
        message.account = digits_of(text)
    elif each.tag in {"28", "28C"}:
        message.number = text.lstrip("0") or text
    elif each.tag in {"60F", "60M"}:
        message.opening, message.currency, _ = _balance(text, each)
        _refuse_missing_page(message, each)
    elif each.tag in {"62F", "62M"}:
        message.closing, currency, message.closed_on = _balance(text, each)
        message.is_last_page = each.tag == "62F"
        if currency != message.currency:
            raise Broken(
                "the closing balance has another currency", "one currency", line=each.line, field=f":{each.tag}:"
            )


def _refuse_missing_page(message: _Message, each: _Field) -> None:
    """Refuse a page that does not go on where the one before it ended, and a page after which none comes."""
    before, message.follows = message.follows, None
    goes_on = before is not None and not before.is_last_page
    differs = before is not None and before.closing != message.opening
    if (goes_on and differs) or (each.tag == "60M" and not goes_on):
        problem = "a page of the statement is missing before this one"
        raise Broken(problem, "all pages of a statement in one file", line=each.line, field=f":{each.tag}:")


def _balance(text: str, each: _Field) -> tuple[Decimal, str, date]:
    name = f":{each.tag}:"
    found = BALANCE.fullmatch(text)
    if found is None:
        raise Broken("this is no balance", "like C261001PLN1234,56", line=each.line, field=name)
    amount = _amount(found["amount"])
    return (amount if found["mark"] == "C" else -amount), found["currency"], short_day(found["day"], each.line, name)


def _line(message: _Message, entry: _Field, details: _Field | None, scheme: BankScheme) -> StatementLine:
    found = ENTRY.fullmatch(entry.text.partition("\n")[0].rstrip())
    if found is None:
        right = "value date, entry date, C or D, amount: 2610031003C150,00NTRFNONREF//reference"
        raise Broken("this line of the statement cannot be read", right, line=entry.line, field=":61:")
    if message.closing is not None:
        raise Broken("a line after the closing balance", LAST_PAGE, line=entry.line, field=":61:")
    if message.opening is None:
        raise Broken("the opening balance is missing", ":60F: before the first :61:", line=entry.line, field=":61:")
    valued, entered, mark, amount, reference = found.groups()
    kind, value = MARKS[mark], short_day(valued, entry.line, ":61: (value date)")
    text = details.text if details else ""
    parts = sub_fields(text)
    return StatementLine(
        line=entry.line,
        position=len(message.lines) + 1,
        kind=kind,
        amount=kind.signed(_amount(amount)),
        currency=message.currency,
        booking_date=_entry_date(entered, value, entry.line),
        value_date=value,
        account=scheme.individual_account([parts[code] for code in scheme.account_fields if code in parts]),
        reference=_reference(reference, text, scheme),
        title=joined(parts, scheme.title_fields) or parts.get("", ""),
        payer=joined(parts, scheme.payer_fields),
    )


def _entry_date(text: str | None, value: date, line: int) -> date | None:
    if text is None or not text.strip():
        return None
    return nearest(int(text[:2]), int(text[2:]), value, line, ":61: (entry date)")


def _reference(given: str | None, details: str, scheme: BankScheme) -> str:
    if scheme.reference_pattern:
        return scheme.reference_in(details.replace("\n", " "))
    reference = (given or "").strip()
    return "" if reference.upper() in NO_REFERENCE else reference


def sub_fields(text: str) -> dict[str, str]:
    """Return field 86 by the codes of its sub-fields, whichever separator the bank uses; all of it under "" if none."""
    found = STRUCTURED.match(text)
    if found is None:
        return {"": " ".join(text.split())}
    # A separator without a code is a sign of the text itself.
    _, *pieces = CODES[found["separator"]].split(text.replace("\n", ""))
    codes, texts = pieces[::2], pieces[1::2]
    parts = dict(zip(codes, texts, strict=True))
    if len(parts) < len(codes):
        parts = {code: "".join(text for at, text in zip(codes, texts, strict=True) if at == code) for code in parts}
    return parts


def _whole(message: _Message, end: int) -> Statement:
    if message.closing is None or message.opening is None:
        problem = "the statement is cut off before its closing balance"
        raise Broken(problem, LAST_PAGE, line=end, field=":62F:")
    statement = Statement(
        message.account,
        message.number,
        message.currency,
        message.opening,
        message.closing,
        message.closed_on,
        tuple(message.lines),
    )
    if statement.discrepancy:
        problem = f"opening balance and lines miss the closing balance by {statement.discrepancy}"
        raise Broken(problem, "the file as the bank exported it, unchanged", line=message.line, field=":62F:")
    return statement


def _amount(text: str) -> Decimal:
    whole, _, part = text.partition(",")
    return Decimal(f"{whole}.{part:0<2}")
