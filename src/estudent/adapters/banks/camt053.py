"""camt.053 (ISO 20022, bank to customer statement), versions 02 to 13: read as a stream, with line numbers."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
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
STATEMENT, BALANCE, ENTRY, PAYMENT = "Stmt", "Bal", "Ntry", "NtryDtls/TxDtls"
MADE_OF = {"": {STATEMENT}, STATEMENT: {BALANCE, ENTRY}, ENTRY: {PAYMENT}, BALANCE: set[str](), PAYMENT: set[str]()}
"""What stands by itself within each of them; all else is text at a path."""

ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be"})
"""What the parser knows by itself; at a name that it does not, it would stop with an error of its own."""

OF_ONE_BYTE = frozenset({"ascii", "iso8859-1", "iso8859-2", "iso8859-16", "cp1250", "cp1252", "cp852"})
"""What it reads by Python's tables, under any of their names."""

WHOLE = "the whole file, as the bank exports it"


@dataclass(slots=True)
class Element:
    """A statement, a balance, an entry or a payment: what is said in it, by path, and what it is made of.

    Paths are names without a namespace, separated by slashes; `currency` is that of its amount.
    """

    name: str
    line: int
    currency: str = ""
    texts: dict[str, list[str]] = field(default_factory=dict)
    parts: list[Element] = field(default_factory=list)

    def said(self, *paths: str) -> str:
        """Return the text at the first of the paths that is there."""
        return next((self.texts[path][0] for path in paths if path in self.texts), "")


def read_camt053(content: bytes, scheme: BankScheme) -> Iterator[Statement]:
    """Yield the statements of a file; raise Broken at the first doubtful one.

    A document type, and with it every entity, is refused: no bank sends one, and those are how XML does harm.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    tree = _Tree(parser, scheme)
    parser.XmlDeclHandler = tree.refuse_encoding
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
    if not tree.found:
        raise Broken("there is no statement in it", "camt.053: Document/BkToCstmrStmt/Stmt", field="Stmt")


class _Tree:
    """Builds the statements and nothing above them; of an entry only its lines are kept, for there are many."""

    def __init__(self, parser: expat.XMLParserType, scheme: BankScheme) -> None:
        self.parser, self.scheme = parser, scheme
        self.depth = self.found = 0
        self.open: list[Element] = []
        self.paths, self.texts = list[str](), list[str]()
        self.lines: list[StatementLine] = []
        self.whole: list[Statement] = []

    def refuse_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and not _is_known(encoding):
            raise Broken("its encoding is none of those that banks use", "UTF-8", line=self.parser.CurrentLineNumber)

    def refuse_doctype(self, *_: object) -> None:
        raise Broken("it has a document type", "camt.053 without <!DOCTYPE>", line=self.parser.CurrentLineNumber)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Broken("its elements are nested too deeply", WHOLE, line=self.parser.CurrentLineNumber)
        local = name.rpartition(" ")[2]
        if not self.open and local != STATEMENT:
            return
        path = f"{self.paths[-1]}/{local}" if self.paths and self.paths[-1] else local
        if path in MADE_OF[self.open[-1].name if self.open else ""]:
            self.open.append(Element(path, self.parser.CurrentLineNumber))
            path = ""
        elif path == "Amt" and path not in self.open[-1].texts:
            self.open[-1].currency = attributes.get("Ccy", "")
        self.paths.append(path)
        self.texts.append("")

    def said(self, text: str) -> None:
        if self.open:
            self.texts[-1] += text

    def end(self, _name: str) -> None:
        self.depth -= 1
        if not self.open:
            return
        path, text = self.paths.pop(), self.texts.pop()
        if path:
            self.open[-1].texts.setdefault(path, []).append(text.strip())
        else:
            self._take(self.open.pop())

    def _take(self, element: Element) -> None:
        if element.name == STATEMENT:
            self.whole.append(_statement(element, self.lines))
            self.found, self.lines = self.found + 1, []
        elif element.name == ENTRY:
            self.lines += _lines(element, len(self.lines) + 1, self.scheme)
        else:
            self.open[-1].parts.append(element)

    def taken(self) -> Iterator[Statement]:
        whole, self.whole = self.whole, []
        yield from whole


def _is_known(encoding: str) -> bool:
    if encoding.casefold() in ENCODINGS:
        return True
    try:
        return codecs.lookup(encoding).name in OF_ONE_BYTE
    except LookupError:
        return False


def _statement(element: Element, lines: Sequence[StatementLine]) -> Statement:
    balances = {each.said("Tp/CdOrPrtry/Cd"): each for each in element.parts}
    opening, closing = (_first(balances, codes, element) for codes in (OPENING, CLOSING))
    statement = Statement(
        digits_of(element.said("Acct/Id/IBAN", "Acct/Id/Othr/Id")),
        element.said("LglSeqNb", "ElctrncSeqNb", "Id"),
        closing.currency,
        _balance(opening),
        _balance(closing),
        _day(closing, "Dt"),
        tuple(each if each.currency else replace(each, currency=closing.currency) for each in lines),
    )
    if statement.discrepancy:
        problem = f"opening balance and entries miss the closing balance by {statement.discrepancy}"
        right = "the file as the bank exported it, unchanged"
        raise Broken(problem, right, line=closing.line, field="Bal")
    return statement


def _first(balances: dict[str, Element], codes: tuple[str, ...], statement: Element) -> Element:
    found = next((balances[code] for code in codes if code in balances), None)
    if found is None or "Amt" not in found.texts:
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


def _lines(entry: Element, first: int, scheme: BankScheme) -> list[StatementLine]:
    """Return the lines that an entry makes, the first of them with this place in the statement."""
    if (status := entry.said("Sts/Cd", "Sts")) != "BOOK":
        problem = f"an entry with the status {status or 'none'} has no place in a statement"
        raise Broken(problem, "entries with the status BOOK", line=entry.line, field="Ntry/Sts")
    amount = money(entry.said("Amt"), entry.line, "Ntry/Amt")
    parts = entry.parts
    whole = [_line(entry, parts[0] if len(parts) == 1 else entry, amount, first, scheme)]
    if len(parts) < 2:
        return whole
    amounts = [_own_amount(part) for part in parts]
    # An entry for many payments is split only where their amounts are told and make up the entry's.
    if None in amounts or sum((each or NOTHING for each in amounts), NOTHING) != amount:
        return whole
    told = zip(parts, amounts, strict=True)
    return [_line(entry, part, each or NOTHING, at, scheme) for at, (part, each) in enumerate(told, first)]


def _own_amount(part: Element) -> Decimal | None:
    said = part.said("Amt", "AmtDtls/TxAmt/Amt")
    return money(said, part.line, "TxDtls/Amt") if said else None


def _line(entry: Element, part: Element, amount: Decimal, position: int, scheme: BankScheme) -> StatementLine:
    kind = _kind(entry)
    title = " ".join(part.texts.get("RmtInf/Ustrd", ()))
    return StatementLine(
        line=part.line,
        position=position,
        kind=kind,
        amount=kind.signed(amount),
        currency=entry.currency,
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
    return own or (entry.said("AcctSvcrRef", "NtryRef") if part is entry or len(entry.parts) == 1 else "")


def _day(element: Element, name: str) -> date | None:
    return day(element.said(f"{name}/Dt", f"{name}/DtTm")[:10], element.line, name)
