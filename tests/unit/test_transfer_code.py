"""The text of the bank association's code, and its image, which an independent reader decodes."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.qr import QUIET_ZONE, svg_of
from estudent.domain.nrb import Nrb
from estudent.domain.transfer_code import Transfer
from tests.builders import SORT_CODE

ACCOUNT = Nrb.build(SORT_CODE, "7123400000000001")
TEXTS = st.text(max_size=60)
AMOUNTS = st.decimals(Decimal("0.01"), Decimal(10**9), places=2)


def a_transfer(**changes: Any) -> Transfer:
    usual: dict[str, Any] = {
        "account": ACCOUNT,
        "amount": Decimal("1850.00"),
        "recipient": "Uczelnia",
        "title": "100001 Czesne",
    }
    return Transfer(**(usual | changes))


def test_a_code_has_nine_fields_with_the_amount_in_grosze() -> None:
    assert a_transfer().code == f"|PL|{ACCOUNT}|185000|Uczelnia|100001 Czesne|||"


@pytest.mark.parametrize(
    ("amount", "field"),
    [("0.01", "000001"), ("9.9", "000990"), ("9999.99", "999999"), ("10000.00", "000000"), ("123456.78", "000000")],
)
def test_an_amount_takes_six_digits_and_a_larger_one_is_typed_by_the_payer(amount: str, field: str) -> None:
    transfer = a_transfer(amount=Decimal(amount))
    assert transfer.code.split("|")[3] == field
    assert transfer.amount_fits is (field != "000000")


@pytest.mark.parametrize("amount", ["0", "-0.01", "0.001", "12.345"])
def test_nothing_and_parts_of_a_grosz_cannot_be_transferred(amount: str) -> None:
    with pytest.raises(ValueError, match="whole grosze"):
        a_transfer(amount=Decimal(amount))


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("Opłata za legitymację", "Opłata za legitymację"),
        ("Zażółć gęślą jaźń", "Zażółć gęślą jaźń"),
        ("Z\u0307o\u0301łty", "Żółty"),
        ("Czesne|PL|12", "Czesne PL 12"),
        ("Czesne\x00 \x1b[31m\tzima\r\n2026", "Czesne [31m zima 2026"),
        ("Czesne\u202e\u200b zima", "Czesne zima"),
        ("  Czesne   zima ", "Czesne zima"),
        ("Czesne – „zima”", 'Czesne - "zima"'),
        ("x" * 40, "x" * 32),
        ("Czesne za semestr zimowy roku akademickiego", "Czesne za semestr zimowy roku"),
        ("Czesne za semestr zimowy w roku  i dalej", "Czesne za semestr zimowy w roku"),
        ("100001 Powtarzanie przedmiotu: Analiza", "100001 Powtarzanie przedmiotu"),
        ("1 Konstantynopolitańczykowianeczka i inne", "1 Konstantynopolitańczykowianecz"),
        ("", ""),
    ],
)
def test_texts_lose_what_a_bank_would_refuse_and_keep_their_polish_letters(title: str, field: str) -> None:
    assert a_transfer(title=title).code.split("|")[5] == field


def test_a_name_has_twenty_characters_at_most() -> None:
    assert a_transfer(recipient="Politechnika Przykładowa w Łodzi").recipient == "Politechnika Przykła"


@given(AMOUNTS, TEXTS, TEXTS)
def test_every_code_keeps_to_the_recommendation(amount: Decimal, recipient: str, title: str) -> None:
    code = a_transfer(amount=amount, recipient=recipient, title=title).code
    fields = code.split("|")
    assert len(code) <= 160
    assert [fields[at] for at in (0, 1, 2, 6, 7, 8)] == ["", "PL", str(ACCOUNT), "", "", ""]
    assert re.fullmatch("[0-9]{6}", fields[3])
    assert len(fields[4]) <= 20 and len(fields[5]) <= 32
    assert fields[4].isprintable() and fields[5].isprintable()


# The image


def modules(svg: bytes) -> list[list[bool]]:
    """Draw the dark path of an SVG with a pencil of our own: every line is one module high."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own image
    size = int(root.attrib["viewBox"].split()[2])
    drawn = [[False] * size for _ in range(size)]
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", dark_path(root).attrib["d"]):
        first, *rest = map(float, numbers.split())
        if command == "h":
            drawn[int(y)][int(x) : int(x + first)] = [True] * int(first)
        x, y = (first, rest[0]) if command == "M" else (x + first, y + (rest or [0])[0])
    return drawn


def dark_path(root: ElementTree.Element) -> ElementTree.Element:
    return next(path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke") == "#000")


def test_the_image_shows_the_code_with_a_quiet_zone_on_white() -> None:
    code = segno.make_qr(a_transfer().code, error="m", encoding="utf-8", boost_error=False)
    assert code.error == "M"
    quiet = [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET_ZONE)]
    assert modules(svg_of(a_transfer().code)) == quiet
    assert b'fill="#fff"' in svg_of(a_transfer().code)


def test_the_image_has_no_style_and_no_script_and_takes_any_size() -> None:
    svg = svg_of(a_transfer().code).decode()
    assert re.search("style|script|class=|on[a-z]+=", svg) is None
    assert "viewBox" in svg and "width" not in svg


@pytest.mark.parametrize(
    "transfer",
    [
        a_transfer(),
        a_transfer(recipient="Żółta Łódź", title="Zażółć gęślą jaźń"),
        a_transfer(amount=Decimal("12400.00"), title="Оплата за навчання"),
        a_transfer(recipient="W" * 20, title="Ł" * 32),
    ],
    ids=["plain", "Polish letters", "Ukrainian, amount typed", "longest"],
)
def test_an_independent_reader_decodes_the_image(transfer: Transfer) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    numpy = pytest.importorskip("numpy")
    pixels = numpy.kron(numpy.where(modules(svg_of(transfer.code)), 0, 255), numpy.ones((6, 6))).astype("uint8")
    (found,) = zxingcpp.read_barcodes(pixels)
    assert found.text == transfer.code
    assert (found.format.name, found.ec_level) == ("QRCode", "M")


def test_codes_of_different_receivables_differ() -> None:
    images = [svg_of(a_transfer(amount=Decimal(amount)).code) for amount in (1, 2, 3)]
    assert all(one != other for one, other in pairwise(images))
