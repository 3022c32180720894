"""camt.053 (ISO 20022, bank to customer statement), versions 02 to 13: read as a stream, with line numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from xml.parsers import expat

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.scheme import BankScheme, digits_of
from estudent.adapters.banks.values import day, money
from estudent.domain.statement import NOTHING, LineKind, Statement, StatementLine

OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
DEEPEST = 40
BLOCK = 1 << 16
WHOLE = "the whole file, as the bank exports it"


@dataclass(slots=True)
class Element:
    """An element with its line, its text and what stands in it; names are those without a namespace."""

    name: str
    line: int
    currency: str
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, *path: str) -> list[Element]:
        """Return the elements at a path, in their order."""
        found = [self]
        for name in path:
            found = [each for outer in found for each in outer.inside if each.name == name]
        return found

    def first(self, *paths: str) -> Element | None:
        """Return the first element at any of the paths, whose names are separated by slashes."""
        return next((each for path in paths for each in self.all(*path.split("/"))), None)

    def said(self, *paths: str) -> str:
        """Return the text at the first of the paths that is there."""
        found = self.first(*paths)
        return found.text.strip() if found else ""


def read_camt053(content: bytes, scheme: BankScheme) -> Iterator[Statement]:
    """Yield the statements of a file; raise Broken at the first doubtful one.

    A document type, and with it every entity, is refused: no bank sends one, and those are how XML does harm.
    """
    found = 0
    for element in _statements(content):
        found += 1
        yield _statement(element, scheme)
    if not found:
        raise Broken("there is no statement in it", "camt.053: Document/BkToCstmrStmt/Stmt", field="Stmt")


def _statements(content: bytes) -> Iterator[Element]:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    tree = _Tree(parser)
    parser.StartDoctypeDeclHandler = tree.refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.said
    try:
        for at in range(0, len(content), BLOCK):
            parser.Parse(content[at : at + BLOCK], False)
            yield from tree.taken()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Broken(f"this is not XML ({expat.ErrorString(error.code)})", WHOLE, line=error.lineno) from None
    yield from tree.taken()


class _Tree:
    """Builds the statements and nothing above them."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        self.open: list[Element] = []
        self.depth = 0
        self.whole: list[Element] = []

    def refuse_doctype(self, *_: object) -> None:
        raise Broken("it has a document type", "camt.053 without <!DOCTYPE>", line=self.parser.CurrentLineNumber)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Broken("its elements are nested too deeply", WHOLE, line=self.parser.CurrentLineNumber)
        local = name.rpartition(" ")[2]
        if self.open or local == "Stmt":
            element = Element(local, self.parser.CurrentLineNumber, attributes.get("Ccy", ""))
            if self.open:
                self.open[-1].inside.append(element)
            self.open.append(element)

    def said(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text

    def end(self, _name: str) -> None:
        self.depth -= 1
        if self.open and (element := self.open.pop()).name == "Stmt":
            self.whole.append(element)

    def taken(self) -> Iterator[Element]:
        whole, self.whole = self.whole, []
        yield from whole


def _statement(element: Element, scheme: BankScheme) -> Statement:
    balances = {each.said("Tp/CdOrPrtry/Cd"): each for each in element.all("Bal")}
    opening, closing = (_first(balances, codes, element) for codes in (OPENING, CLOSING))
    currency = closing.all("Amt")[0].currency
    lines = [line for entry in element.all("Ntry") for line in _lines(entry, currency, scheme)]
    statement = Statement(
        digits_of(element.said("Acct/Id/IBAN", "Acct/Id/Othr/Id")),
        element.said("LglSeqNb", "ElctrncSeqNb", "Id"),
        currency,
        _balance(opening),
        _balance(closing),
        _day(closing, "Dt"),
        tuple(_numbered(lines)),
    )
    if statement.discrepancy:
        problem = f"opening balance and entries miss the closing balance by {statement.discrepancy}"
        right = "the file as the bank exported it, unchanged"
        raise Broken(problem, right, line=closing.line, field="Bal")
    return statement


def _numbered(lines: list[StatementLine]) -> Iterator[StatementLine]:
    return (replace(each, position=position) for position, each in enumerate(lines, 1))


def _first(balances: dict[str, Element], codes: tuple[str, ...], statement: Element) -> Element:
    found = next((balances[code] for code in codes if code in balances), None)
    if found is None or not found.all("Amt"):
        raise Broken("a balance is missing", f"Bal with the code {codes[0]}", line=statement.line, field="Bal")
    return found


def _balance(element: Element) -> Decimal:
    amount = money(element.said("Amt"), element.line, "Bal/Amt")
    return amount if _is_credit(element, "Bal/CdtDbtInd") else -amount


def _is_credit(element: Element, name: str) -> bool:
    said = element.said("CdtDbtInd")
    if said not in {"CRDT", "DBIT"}:
        raise Broken("it does not say whether money came or went", "CRDT or DBIT", line=element.line, field=name)
    return said == "CRDT"


def _lines(entry: Element, currency: str, scheme: BankScheme) -> list[StatementLine]:
    if (status := entry.said("Sts/Cd", "Sts")) != "BOOK":
        problem = f"an entry with the status {status or 'none'} has no place in a statement"
        raise Broken(problem, "entries with the status BOOK", line=entry.line, field="Ntry/Sts")
    amount = money(entry.said("Amt"), entry.line, "Ntry/Amt")
    parts = entry.all("NtryDtls", "TxDtls")
    whole = [_line(entry, parts[0] if len(parts) == 1 else entry, amount, currency, scheme)]
    if len(parts) < 2:
        return whole
    amounts = [_own_amount(part) for part in parts]
    # An entry for many payments is split only where their amounts are told and make up the entry's.
    if None in amounts or sum((each or NOTHING for each in amounts), NOTHING) != amount:
        return whole
    return [_line(entry, part, each or NOTHING, currency, scheme) for part, each in zip(parts, amounts, strict=True)]


def _own_amount(part: Element) -> Decimal | None:
    said = part.said("Amt", "AmtDtls/TxAmt/Amt")
    return money(said, part.line, "TxDtls/Amt") if said else None


def _line(entry: Element, part: Element, amount: Decimal, currency: str, scheme: BankScheme) -> StatementLine:
    kind = _kind(entry)
    title = " ".join(each.text.strip() for each in part.all("RmtInf", "Ustrd"))
    named = entry.all("Amt")[0].currency or currency
    return StatementLine(
        line=part.line,
        position=0,
        kind=kind,
        amount=kind.signed(amount),
        currency=named,
        booking_date=_day(entry, "BookgDt"),
        value_date=_day(entry, "ValDt"),
        account=_account(part, kind, title, scheme),
        reference=_reference(entry, part, title, scheme),
        title=" ".join(title.split()),
        payer=part.said("RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm"),
    )


def _kind(entry: Element) -> LineKind:
    """Return what an entry does; a reversal's direction is its own, not that of what it takes back."""
    is_credit, is_reversal = _is_credit(entry, "Ntry/CdtDbtInd"), entry.said("RvslInd") in {"true", "1"}
    if is_reversal:
        return LineKind.DEBIT_REVERSED if is_credit else LineKind.CREDIT_REVERSED
    return LineKind.CREDIT if is_credit else LineKind.DEBIT


def _account(part: Element, kind: LineKind, title: str, scheme: BankScheme) -> str:
    """Return the student's account: the creditor's of a payment and of its reversal, the debtor's of a refund."""
    ours = "CdtrAcct" if kind in {LineKind.CREDIT, LineKind.CREDIT_REVERSED} else "DbtrAcct"
    named = digits_of(part.said(f"RltdPties/{ours}/Id/IBAN", f"RltdPties/{ours}/Id/Othr/Id"))
    return named or (scheme.individual_account([title]) if scheme.account_pattern else "")


def _reference(entry: Element, part: Element, title: str, scheme: BankScheme) -> str:
    if scheme.reference_pattern:
        return scheme.reference_in(title)
    own = part.said("Refs/AcctSvcrRef", "Refs/TxId")
    return own or (entry.said("AcctSvcrRef", "NtryRef") if part is entry or not _has_siblings(entry) else "")


def _has_siblings(entry: Element) -> bool:
    return len(entry.all("NtryDtls", "TxDtls")) > 1


def _day(element: Element, name: str) -> date | None:
    return day(element.said(f"{name}/Dt", f"{name}/DtTm")[:10], element.line, name)
