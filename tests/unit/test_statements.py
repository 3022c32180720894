"""Banks' files: the same month in three formats says the same, and what is doubtful is refused by line and field."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mt940.models import Transactions

from estudent.adapters.banks import BankFolder, BankScheme
from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.camt053 import read_camt053
from estudent.adapters.banks.encoding import decoded
from estudent.adapters.banks.mass_payments import read_mass_payments
from estudent.adapters.banks.mt940 import read_mt940, sub_fields
from estudent.adapters.banks.values import money
from estudent.domain.nrb import Nrb
from estudent.domain.statement import LineKind, Statement, StatementLine
from estudent.ports import Refused
from sandbox.bank.month import DayOfBank, Debt, month
from sandbox.bank.writing import CSV_COLUMNS, OWN_ACCOUNT, TRAILER, camt053, mass_payments, mt940
from tests.contract.registry_world import Clock

SCHEME = BankScheme("bank", own_accounts=(OWN_ACCOUNT,), columns=CSV_COLUMNS, trailer=TRAILER)
FIRST = date(2026, 10, 1)


def numbers(many: int) -> list[str]:
    return [str(Nrb.build("10902138", f"43210{at:011d}")) for at in range(many)]


def a_month(many: int = 300, seed: int = 1) -> list[DayOfBank]:
    debts = [Debt(number, Decimal("1850.55"), f"Czesne, żółta rata {number[-3:]}") for number in numbers(many)]
    return month(debts, FIRST, 30, seed)


def of(statements: Iterator[Statement]) -> list[StatementLine]:
    return [line for statement in statements for line in statement.lines]


def an_mt940(*entries: str, opening: str = "C261001PLN0,00", closing: str = "C261003PLN150,00") -> str:
    head = [":20:X", f":25:PL{OWN_ACCOUNT}", ":28C:17/1", f":60F:{opening}"]
    return "\r\n".join([*head, *entries, f":62F:{closing}", "-", ""])


def one(entry: str, details: str = "", scheme: BankScheme = SCHEME, **sums: str) -> StatementLine:
    entries = [entry, f":86:{details}"] if details else [entry]
    return of(read_mt940(an_mt940(*entries, **sums), scheme))[0]


def test_a_month_says_the_same_in_all_three_formats() -> None:
    days = a_month()
    said = [
        of(line for day in days for line in read_mt940(mt940(day), SCHEME)),
        of(line for day in days for line in read_camt053(camt053(day).encode(), SCHEME)),
        of(line for day in days for line in read_mass_payments(mass_payments(day), SCHEME)),
    ]
    for lines in said:
        assert len(lines) == sum(len(day.movements) for day in days) > 300
        assert sum(line.amount for line in lines) == days[-1].closing - days[0].opening
    marks = [[(line.reference, line.content, line.kind) for line in lines] for lines in said]
    assert marks[0] == marks[1] == marks[2]
    assert {line.payer for line in said[0]} >= {"ŁUCJA ŻAK", "JAN KOWALSKI"}


def test_a_line_has_one_key_in_all_three_formats() -> None:
    day = next(day for day in a_month() if day.movements)
    files = (
        read_mt940(mt940(day), SCHEME),
        read_camt053(camt053(day).encode(), SCHEME),
        read_mass_payments(mass_payments(day), SCHEME),
    )
    keys = [[statement.key(line) for statement in file for line in statement.lines] for file in files]
    assert keys[0] == keys[1] == keys[2] and len(set(keys[0])) == len(day.movements)


def test_the_library_mt_940_reads_the_same_amounts_and_dates(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    for day in a_month(60):
        theirs = Transactions(processors={"post_transaction_details": []})
        theirs.parse(mt940(day).replace("\r", ""))
        ours = of(read_mt940(mt940(day), SCHEME))
        assert len(theirs) == len(ours) == len(day.movements)
        for their, our in zip(theirs, ours, strict=True):
            assert abs(their.data["amount"].amount) == abs(our.amount)
            assert their.data.get("entry_date") == our.booking_date
            assert their.data["date"] == our.value_date
            assert their.data["bank_reference"] == our.reference


# MT940, in the ways of Polish banks


@pytest.mark.parametrize("separator", ["?", "<", "^", "~", "+"])
def test_any_separator_of_sub_fields_is_understood_and_38_is_not_lost(separator: str) -> None:
    number = numbers(1)[0]
    details = "020?00PRZELEW?20czesne 1. ra?21ta?32JAN KOWALSKI?38PL".replace("?", separator) + number
    line = one(":61:2610031003C150,00NTRFNONREF//R1", details)
    assert (line.account, line.title, line.payer) == (number, "czesne 1. rata", "JAN KOWALSKI")


def test_a_separator_that_is_a_sign_of_the_text_stays_in_the_text() -> None:
    assert sub_fields("020?20czy to ja?tak?21nie")["20"] == "czy to ja?tak"


def test_sub_fields_may_be_spread_over_lines() -> None:
    assert sub_fields("020?20czes\n?21ne?38PL12\n34") == {"20": "czes", "21": "ne", "38": "PL1234"}


def test_the_booking_date_is_the_entry_date_also_across_the_new_year() -> None:
    line = one(":61:2701021231C150,00NTRFNONREF//R1", opening="C261231PLN0,00", closing="C261231PLN150,00")
    assert (line.booking_date, line.value_date) == (date(2026, 12, 31), date(2027, 1, 2))


@pytest.mark.parametrize("entry", [":61:261003C150,00NTRFNONREF//R1", ":61:261003    C150,00NTRFNONREF//R1"])
def test_without_an_entry_date_there_is_no_booking_date(entry: str) -> None:
    assert one(entry).booking_date is None


@pytest.mark.parametrize(
    ("mark", "kind", "closing"),
    [
        ("C", LineKind.CREDIT, "C261003PLN150,00"),
        ("CN", LineKind.CREDIT, "C261003PLN150,00"),
        ("D", LineKind.DEBIT, "D261003PLN150,00"),
        ("RC", LineKind.CREDIT_REVERSED, "D261003PLN150,00"),
        ("RD", LineKind.DEBIT_REVERSED, "C261003PLN150,00"),
    ],
)
def test_a_reversal_has_the_sign_that_the_balance_needs(mark: str, kind: LineKind, closing: str) -> None:
    line = one(f":61:2610031003{mark}150,00NTRFNONREF//R1", closing=closing)
    assert (line.kind, line.amount) == (kind, kind.signed(Decimal("150.00")))


def test_mbank_tells_the_end_of_the_number_and_its_own_number_in_free_text() -> None:
    scheme = BankScheme(
        "mbank",
        account_fields=("",),
        account_pattern=re.compile(r"ID IPH: X+(\d+)"),
        account_prefix="109021384321",
        reference_pattern=re.compile(r"TNR: (\S+)"),
    )
    details = "911 ZASILENIE; ID IPH: XXXX000000000017; czesne;\nTNR: 145271016138274.040001"
    line = one(":61:2610031003C150,00S911NONREF", details, scheme)
    assert line.account == str(Nrb.build("10902138", "4321000000000017"))
    assert line.reference == "145271016138274.040001"


def test_two_different_accounts_in_the_named_fields_are_none() -> None:
    first, second = numbers(2)
    scheme = replace(SCHEME, account_fields=("27", "38"))
    assert one(":61:2610031003C150,00NTRFNONREF//R1", f"020?20x?27{first}?38PL{second}", scheme).account == ""
    assert one(":61:2610031003C150,00NTRFNONREF//R1", f"020?20x?27{first}?38PL{first}", scheme).account == first


def test_a_line_of_ten_thousand_signs_is_read_whole() -> None:
    number = numbers(1)[0]
    line = one(":61:2610031003C150,00NTRFNONREF//R1", f"020?20{'a' * 10_000}?38{number}")
    assert (len(line.title), line.account) == (10_000, number)


def test_several_statements_and_pages_of_one_file_are_told_apart() -> None:
    page = an_mt940(":61:2610031003C150,00NTRFNONREF//R1").replace(":62F:", ":62M:")
    last = an_mt940(
        ":61:2610031003C1,00NTRFNONREF//R2", opening="C261003PLN150,00", closing="C261003PLN151,00"
    ).replace("17/1", "17/2")
    statements = list(read_mt940(page + last, SCHEME))
    assert [(each.number, each.turnover) for each in statements] == [("17/1", Decimal("150.00")), ("17/2", Decimal(1))]


# What is refused


GOOD = an_mt940(":61:2610031003C150,00NTRFNONREF//R1", ":86:020?20x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD[: GOOD.index(":62F:")], "field :62F:: the statement is cut off"),
        (GOOD[: GOOD.index("150,00NTRF") + 3], "line 5, field :61:"),
        (GOOD.replace("C150,00", "C150,01"), "miss the closing balance by 0.01"),
        (GOOD.replace(":62F:C261003PLN150,00", ":62F:C261003EUR150,00"), "another currency"),
        (GOOD.replace("2610031003C", "2613031003C"), "line 5, field :61: (value date)"),
        (GOOD.replace("2610031003C", "2610031399C"), "line 5, field :61: (entry date)"),
        (GOOD.replace(":60F:", ":13D:"), "the opening balance is missing"),
        (GOOD.replace(":62F:", ":62M:"), "the last page"),
        (GOOD.replace(":60F:", ":60M:"), "a page of the statement is missing before this one"),
        (GOOD.replace(":62F:", ":62M:") + GOOD, "a page of the statement is missing before this one"),
        (GOOD.replace(":20:X\r\n", ""), "before any statement"),
        (GOOD.replace(":20:X", ":20:" + "X" * 100_001), "line 1: a line of more than 100,000 signs"),
        (GOOD.replace("PLN150,00\r\n-", "PLN1x50,00\r\n-"), "this is no balance"),
    ],
)
def test_a_doubtful_statement_is_refused_by_line_and_field(text: str, says: str) -> None:
    with pytest.raises(Broken, match=re.escape(says)) as caught:
        list(read_mt940(text, SCHEME))
    assert "right is:" in str(caught.value)


@given(st.data())
def test_a_truncated_statement_is_never_taken_for_a_whole_one(data: st.DataObject) -> None:
    day = DayOfBank(FIRST, "001/2026", Decimal(0), a_month(5)[0].movements or a_month(60)[0].movements)
    for text, read in (
        (mt940(day), read_mt940),
        (mass_payments(day), read_mass_payments),
        (camt053(day), lambda text, scheme: read_camt053(text.encode(), scheme)),
    ):
        whole = text.rstrip("\r\n-")
        cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
        try:
            lines = of(read(cut, SCHEME))
        except Broken:
            continue
        # Cut within its last digits, a closing balance may still be the right one.
        assert sum(line.amount for line in lines) == day.closing - day.opening


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("<Sts>BOOK</Sts>", "<Sts>PDNG</Sts>"), "the status PDNG"),
        (("<CdtDbtInd>CRDT</CdtDbtInd></Bal>", "</Bal>"), "whether money came or went"),
        (("<Cd>CLBD</Cd>", "<Cd>CLAV</Cd>"), "a balance is missing"),
        (("</Stmt>", ""), "this is not XML"),
        (("<Document", '<!DOCTYPE x [<!ENTITY a "b">]><Document'), "document type"),
        (("<BookgDt><Dt>2026", "<BookgDt><Dt>abcd"), "BookgDt: this is no date"),
        (("UTF-8", "x-none"), "line 1: its encoding"),
        (("UTF-8", "utf-7"), "line 1: its encoding"),
        (("UTF-8", "utf_16"), "line 1: its encoding"),
        (("UTF-8", "unicode_escape"), "line 1: its encoding"),
    ],
)
def test_a_doubtful_camt_is_refused(change: tuple[str, str], says: str) -> None:
    text = camt053(a_month()[0])
    old, new = change
    if old.endswith("</Bal>"):
        text = re.sub("<CdtDbtInd>CRDT</CdtDbtInd>(<Dt><Dt>.{10}</Dt></Dt></Bal>)", r"\1", text, count=1)
    with pytest.raises(Broken, match=re.escape(says)):
        list(read_camt053(text.replace(old, new, 1).encode(), SCHEME))


@pytest.mark.parametrize(
    ("told", "encoding"),
    [
        ("utf-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("UTF-16LE", "utf-16-le"),
        ("windows-1250", "cp1250"),
        ("CP1250", "cp1250"),
        ("ISO-8859-2", "iso8859-2"),
        ("latin2", "iso8859-2"),
        ("IBM852", "cp852"),
    ],
)
def test_a_camt_is_read_in_the_encoding_that_it_names(told: str, encoding: str) -> None:
    """Under the names that banks' programmes give to encodings."""
    day = a_month()[0]
    expected = of(read_camt053(camt053(day).encode(), SCHEME))
    assert not all(line.title.isascii() for line in expected)
    content = camt053(day).replace("UTF-8", told, 1).encode(encoding)
    assert of(read_camt053(content, SCHEME)) == expected


def test_a_camt_entry_for_many_payments_is_split_where_it_tells_each() -> None:
    first, second = numbers(2)
    parts = "".join(
        f'<TxDtls><Refs><AcctSvcrRef>P{number[-1]}</AcctSvcrRef></Refs><Amt Ccy="PLN">{amount}</Amt>'
        f"<RltdPties><CdtrAcct><Id><IBAN>PL{number}</IBAN></Id></CdtrAcct></RltdPties></TxDtls>"
        for number, amount in ((first, "100.00"), (second, "50.55"))
    )
    entry = (
        '<Ntry><Amt Ccy="PLN">150.55</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>'
        f"2026-10-01T10:00:00</DtTm></BookgDt><NtryDtls>{parts}</NtryDtls></Ntry>"
    )
    empty = DayOfBank(FIRST, "001/2026", Decimal(0), ())
    text = camt053(empty).replace("</Stmt>", f"{entry}</Stmt>")
    text = text.replace(
        '<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">0.00', '<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">150.55'
    )
    lines = of(read_camt053(text.encode(), SCHEME))
    assert [(line.account, line.amount, line.booking_date) for line in lines] == [
        (first, Decimal("100.00"), FIRST),
        (second, Decimal("50.55"), FIRST),
    ]
    undivided = of(read_camt053(text.replace("50.55</Amt><Rltd", "50.54</Amt><Rltd").encode(), SCHEME))
    assert [(line.account, line.amount) for line in undivided] == [("", Decimal("150.55"))]


REPORT = mass_payments(a_month()[0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (REPORT[:-3], "in the middle of its last line"),
        (REPORT[: REPORT.index(TRAILER)], "line of sums (SUMA) is missing"),
        (REPORT.replace("1850,55", "1850,56", 1), "do not make up the line of sums"),
        (REPORT.replace("1850,55", "1.850", 1), "line 2, field amount: this is no amount"),
        (REPORT.replace("01.10.2026", "31.02.2026", 1), "line 2, field booking_date: this is no date"),
        (REPORT.replace("Kwota", "Suma", 1), "the header lacks Kwota"),
        (REPORT.replace(";C;", ";?;", 1), "line 2, field kind"),
        (REPORT.replace(";C;", ";", 1), "line 2: this row has 7 fields"),
        (re.sub(r";B\d{8};", ";;", REPORT, count=1), "line 2, field reference"),
        (REPORT.replace("Rachunek", '"Rachunek', 1), "this row cannot be read"),
    ],
)
def test_a_doubtful_report_is_refused_by_line_and_field(text: str, says: str) -> None:
    with pytest.raises(Broken, match=re.escape(says)):
        list(read_mass_payments(text, SCHEME))


# Encodings


WORDS = "Zażółć gęślą jaźń ŁÓDŹ Święto"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250", "cp852", "iso8859-2"])
def test_the_encoding_is_recognised(encoding: str) -> None:
    assert decoded(f":20:{WORDS}\n".encode(encoding), None) == f":20:{WORDS}\n"


def test_a_foreign_letter_among_polish_ones_is_no_obstacle() -> None:
    assert decoded(f"{WORDS} Müller".encode("cp1250"), None) == f"{WORDS} Müller"


@pytest.mark.parametrize(("told", "is_"), [("cp852", "cp1250"), ("cp1250", "cp852"), ("iso8859-2", "cp1250")])
def test_a_wrong_encoding_in_the_settings_is_told(told: str, is_: str) -> None:
    with pytest.raises(Broken, match=f"not {told} but"):
        decoded(WORDS.encode(is_), told)


def test_a_doubtful_encoding_is_refused_rather_than_guessed() -> None:
    with pytest.raises(Broken, match="line 2: its letters could be Windows-1250 or CP852"):
        decoded(b"a\n\xa5", None)


@pytest.mark.parametrize("content", [b"a" * 5000 + b"\0\n", "a\0\n".encode("utf-16")])
def test_a_sign_that_no_database_keeps_is_refused(content: bytes) -> None:
    with pytest.raises(Broken, match="this is no text"):
        decoded(content, None)


@pytest.mark.parametrize("text", ["1234.5", "1 234,50", "1\u00a0234,50", "1.234,50", "1,234.50", "1234,50", "+1234,5"])
def test_an_amount_is_read_however_it_is_written(text: str) -> None:
    assert money(text, 1, "amount") == Decimal("1234.50")


@pytest.mark.parametrize("text", ["", "1.234", "1,2345", "12 34,00", "1e5", "NaN", "١٢", "1,2,3", "--5", "9" * 13])
def test_an_amount_that_could_mean_two_things_is_none(text: str) -> None:
    with pytest.raises(Broken):
        money(text, 1, "amount")


# The folder


@pytest.fixture
def folder(tmp_path: Path) -> BankFolder:
    (tmp_path / "bank").mkdir()
    clock = Clock()
    clock.now += timedelta(days=3650)
    return BankFolder(tmp_path, {"bank": SCHEME}, settle=timedelta(seconds=30), clock=clock)


def test_a_file_s_format_is_told_by_what_is_in_it(folder: BankFolder) -> None:
    day = next(day for day in a_month() if day.movements)
    for name, content in (("a.txt", mt940(day)), ("b.txt", camt053(day)), ("c.txt", mass_payments(day))):
        (folder.folder / "bank" / name).write_text(content, encoding="utf-8", newline="")
    files = list(folder.files())
    assert [file.name for file in files] == ["bank/a.txt", "bank/b.txt", "bank/c.txt"]
    assert {sum(each.turnover for each in file.read()) for file in files} == {day.closing - day.opening}


def test_what_is_still_written_is_left_for_later(folder: BankFolder) -> None:
    (folder.folder / "bank" / "a.sta.part").write_text(GOOD)
    (folder.folder / "bank" / ".a.sta").write_text(GOOD)
    (folder.folder / "bank" / "a.sta").write_text(GOOD)
    folder.settle = timedelta(days=36500)
    assert list(folder.files()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "bank/a.sta: it is empty"),
        (GOOD.replace(OWN_ACCOUNT, "1" * 26).encode(), "an account that is not the university's"),
        (b"\0\1\2", "this is no text"),
        (GOOD.replace("C150,00", "C150,01").encode(), "bank/a.sta: line 1, field :62F:"),
    ],
)
def test_a_refusal_names_the_file_and_none_of_its_values(folder: BankFolder, content: bytes, says: str) -> None:
    (folder.folder / "bank" / "a.sta").write_bytes(content)
    with pytest.raises(Refused, match=re.escape(says)):
        next(iter(folder.files())).read()
