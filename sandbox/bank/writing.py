"""The bank's three ways of telling what happened on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from xml.sax.saxutils import escape

from estudent.domain.statement import LineKind
from sandbox.bank.month import DayOfBank, Movement

OWN_ACCOUNT = "27109021380000000100000001"
MARKS = {
    LineKind.CREDIT: "C",
    LineKind.DEBIT: "D",
    LineKind.CREDIT_REVERSED: "RC",
    LineKind.DEBIT_REVERSED: "RD",
}
CSV_COLUMNS = {
    "account": "Rachunek wirtualny",
    "amount": "Kwota",
    "booking_date": "Data księgowania",
    "value_date": "Data waluty",
    "reference": "Numer referencyjny",
    "kind": "Typ",
    "payer": "Nadawca",
    "title": "Tytuł",
}
TRAILER = "SUMA"


def mt940(day: DayOfBank, separator: str = "?") -> str:
    """Return the day as MT940; the individual account stands in sub-field 38."""
    lines = [":20:MT940", f":25:PL{OWN_ACCOUNT}", f":28C:{day.number}", f":60F:{_balance(day.opening, day)}"]
    for each in day.movements:
        entry = f"{each.booking_date:%m%d}" if each.booking_date else ""
        amount = f"{each.amount:.2f}".replace(".", ",")
        lines.append(f":61:{_value_date(each):%y%m%d}{entry}{MARKS[each.kind]}{amount}NTRFNONREF//{each.reference}")
        lines.extend(_details(each, separator))
    return "\r\n".join([*lines, f":62F:{_balance(day.closing, day)}", "-", ""])


def _value_date(each: Movement) -> object:
    # An entry date has no year, so a far one is told by its value date.
    return each.day if each.booking_date in {None, each.day} else each.booking_date


def _details(each: Movement, separator: str) -> list[str]:
    title = [f"{separator}{20 + at}{each.title[at * 27 : at * 27 + 27]}" for at in range(len(each.title) // 27 + 1)]
    parts = [f"{separator}00PRZELEW", *title[:7], f"{separator}32{each.payer[:27]}"]
    account = [f"{separator}38PL{each.account}"] if each.account else []
    return [f":86:020{parts[0]}", *parts[1:], *account]


def _balance(amount: Decimal, day: DayOfBank) -> str:
    mark = "C" if amount >= 0 else "D"
    return f"{mark}{day.day:%y%m%d}PLN{abs(amount):.2f}".replace(".", ",")


def camt053(day: DayOfBank) -> str:
    """Return the day as camt.053.001.02."""
    entries = "".join(map(_entry, day.movements))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>M{day.day:%y%m%d}</MsgId></GrpHdr>\n"
        f"<Stmt><Id>S{day.day:%y%m%d}</Id><LglSeqNb>{day.number.split('/')[0]}</LglSeqNb>"
        f"<Acct><Id><IBAN>PL{OWN_ACCOUNT}</IBAN></Id><Ccy>PLN</Ccy></Acct>\n"
        f"{_camt_balance('OPBD', day.opening, day)}{_camt_balance('CLBD', day.closing, day)}"
        f"{entries}</Stmt></BkToCstmrStmt></Document>\n"
    )


def _camt_balance(code: str, amount: Decimal, day: DayOfBank) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_camt_amount(amount)}<Dt><Dt>{day.day}</Dt></Dt></Bal>\n"
    )


def _camt_amount(amount: Decimal) -> str:
    way = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="PLN">{abs(amount):.2f}</Amt><CdtDbtInd>{way}</CdtDbtInd>'


def _entry(each: Movement) -> str:
    reversal = "<RvslInd>true</RvslInd>" if each.kind.is_reversal else ""
    booked = f"<BookgDt><Dt>{each.booking_date}</Dt></BookgDt>" if each.booking_date else ""
    ours = "CdtrAcct" if each.kind in {LineKind.CREDIT, LineKind.CREDIT_REVERSED} else "DbtrAcct"
    account = f"<{ours}><Id><IBAN>PL{each.account}</IBAN></Id></{ours}>" if each.account else ""
    return (
        f"<Ntry>{_camt_amount(each.signed)}{reversal}<Sts>BOOK</Sts>{booked}<ValDt><Dt>{each.day}</Dt></ValDt>"
        f"<NtryDtls><TxDtls><Refs><AcctSvcrRef>{each.reference}</AcctSvcrRef></Refs>"
        f"<RltdPties><Dbtr><Nm>{escape(each.payer)}</Nm></Dbtr>{account}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(each.title)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def mass_payments(day: DayOfBank) -> str:
    """Return the day as a report of mass payments, with a line of sums at its end."""
    rows = [list(CSV_COLUMNS.values()), *map(_row, day.movements)]
    turnover = f"{day.closing - day.opening:.2f}".replace(".", ",")
    sums = [TRAILER, str(len(day.movements)), turnover, *[""] * (len(CSV_COLUMNS) - 3)]
    return "".join(";".join(cells) + "\r\n" for cells in [*rows, sums])


def _row(each: Movement) -> list[str]:
    booked = f"{each.booking_date:%d.%m.%Y}" if each.booking_date else ""
    amount = f"{each.amount:.2f}".replace(".", ",")
    return [
        each.account,
        amount,
        booked,
        f"{each.day:%d.%m.%Y}",
        each.reference,
        MARKS[each.kind],
        each.payer,
        each.title.replace(";", ","),
    ]


FORMATS: Mapping[str, tuple[Callable[[DayOfBank], str], str]] = {
    "mt940": (mt940, ".sta"),
    "camt053": (camt053, ".xml"),
    "csv": (mass_payments, ".csv"),
}
"""The formats by their name, each with the end of its files' names."""
