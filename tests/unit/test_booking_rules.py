"""The table of what becomes of a statement's line, case by case, and that no grosz is lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.booking_rules import LASTING, Choice, Note, Owner, Rules, Unmatched, Verdict, judge
from estudent.domain.fees import Account, Booking, Ledger, Receivable, balances, remainders
from estudent.domain.nrb import Nrb
from estudent.domain.statement import LineKind, Statement, StatementLine

TODAY = date(2026, 10, 12)
NUMBER = Nrb.build("10902138", "4321000000000017")
ASK = Rules(excess=Choice.ASK, other_purpose=Choice.ASK, early=Choice.ASK, refund=Choice.ASK)
ACCOUNT, STUDENT = 7, 1


def a_line(amount: str = "100.00", kind: LineKind = LineKind.CREDIT, **changes: Any) -> StatementLine:
    line = StatementLine(
        line=5,
        position=1,
        kind=kind,
        amount=kind.signed(Decimal(amount)),
        currency="PLN",
        booking_date=date(2026, 10, 9),
        value_date=date(2026, 10, 9),
        account=str(NUMBER),
        reference="R1",
    )
    return replace(line, **changes)


def owing(owed: str = "100.00", elsewhere: str = "0.00", booked: tuple[str, ...] = ()) -> Owner:
    amounts = Counter(("PLN", Decimal(amount)) for amount in booked)
    return Owner(ACCOUNT, STUDENT, {"PLN": Decimal(owed)}, {"PLN": Decimal(elsewhere)}, amounts)


def waits(why: Unmatched) -> Verdict:
    return Verdict(None, why=why)


def booked(note: Note) -> Verdict:
    return Verdict(ACCOUNT, note)


@pytest.mark.parametrize(
    ("line", "owner", "becomes"),
    [
        pytest.param(a_line(), owing(), booked(Note.EXACT), id="just what is owed"),
        pytest.param(a_line("40.00"), owing(), booked(Note.PART), id="underpaid"),
        pytest.param(a_line("100.01"), owing(), booked(Note.EXCESS), id="overpaid by a grosz"),
        pytest.param(a_line(), owing("0.00"), booked(Note.EARLY), id="before the receivable"),
        pytest.param(a_line(), owing("-5.00"), booked(Note.EARLY), id="already in excess"),
        pytest.param(a_line(), owing("0.00", "100.00"), booked(Note.OTHER_PURPOSE), id="the wrong purpose"),
        pytest.param(a_line("30.00", LineKind.DEBIT), owing("-30.00"), booked(Note.REFUND), id="given back"),
        pytest.param(
            a_line(kind=LineKind.CREDIT_REVERSED),
            owing("0.00", booked=("100.00",)),
            booked(Note.REVERSAL),
            id="reversed",
        ),
        pytest.param(
            a_line(kind=LineKind.DEBIT_REVERSED),
            owing(booked=("-100.00",)),
            booked(Note.REVERSAL),
            id="refund reversed",
        ),
        pytest.param(
            a_line("99.00", LineKind.CREDIT_REVERSED),
            owing("0.00", booked=("100.00",)),
            waits(Unmatched.REVERSAL_WITHOUT_PAYMENT),
            id="another amount reversed",
        ),
        pytest.param(a_line("0.00"), owing(), waits(Unmatched.NO_AMOUNT), id="nothing"),
        pytest.param(a_line(booking_date=None), owing(), waits(Unmatched.NO_BOOKING_DATE), id="no booking date"),
        pytest.param(a_line(booking_date=TODAY), owing(), booked(Note.EXACT), id="booked today"),
        pytest.param(a_line(booking_date=date(2026, 10, 13)), owing(), waits(Unmatched.FUTURE_DATE), id="tomorrow"),
        pytest.param(a_line(currency="EUR"), owing(), waits(Unmatched.FOREIGN_CURRENCY), id="euros"),
        pytest.param(a_line(account=""), None, waits(Unmatched.NO_ACCOUNT), id="no account"),
        pytest.param(a_line(), None, waits(Unmatched.UNKNOWN_ACCOUNT), id="nobody's account"),
        pytest.param(
            a_line(account="1" * 26), None, waits(Unmatched.WRONG_ACCOUNT_NUMBER), id="check digits are wrong"
        ),
    ],
)
def test_a_line_becomes(line: StatementLine, owner: Owner | None, becomes: Verdict) -> None:
    assert judge(line, owner, Rules(), TODAY) == becomes


@pytest.mark.parametrize(
    ("line", "owner", "why"),
    [
        (a_line("100.01"), owing(), Unmatched.MORE_THAN_OWED),
        (a_line(), owing("0.00", "100.00"), Unmatched.OTHER_PURPOSE),
        (a_line(), owing("0.00"), Unmatched.NOTHING_OWED),
        (a_line("5.00", LineKind.DEBIT), owing("-5.00"), Unmatched.REFUND),
    ],
)
def test_where_the_settings_say_ask_a_person_decides(line: StatementLine, owner: Owner, why: Unmatched) -> None:
    assert judge(line, owner, ASK, TODAY) == waits(why)


def test_a_currency_that_the_settings_name_is_taken() -> None:
    rules = Rules(currencies=frozenset({"PLN", "EUR"}))
    assert judge(a_line(currency="EUR"), owing(), rules, TODAY) == booked(Note.EARLY)


@pytest.mark.parametrize("doubt", sorted(LASTING))
@pytest.mark.parametrize("changes", [{}, {"booking_date": date(2026, 10, 13)}, {"account": "1" * 26}])
def test_a_doubt_never_gives_way_to_a_reason_that_goes_away_by_itself(
    changes: dict[str, Any], doubt: Unmatched
) -> None:
    assert judge(a_line(**changes), None, Rules(), TODAY, doubt=doubt) == waits(doubt)
    assert judge(a_line(**changes), owing(), Rules(), TODAY, doubt=doubt) == waits(doubt)


def test_a_payment_can_be_reversed_once() -> None:
    owner, back = owing(), a_line(kind=LineKind.CREDIT_REVERSED, reference="R2")
    owner.book(a_line())
    assert judge(back, owner, Rules(), TODAY) == booked(Note.REVERSAL)
    owner.book(back)
    assert judge(back, owner, Rules(), TODAY) == waits(Unmatched.REVERSAL_WITHOUT_PAYMENT)


def test_one_transfer_pays_several_receivables_the_oldest_first() -> None:
    account = Account(ACCOUNT, "tuition", NUMBER)
    debts = [Receivable(at, "rata", Decimal("100.00"), "PLN", date(2026, 10, at)) for at in (3, 1, 2)]
    paid = Booking(date(2026, 10, 1), Decimal("250.00"), "PLN", ACCOUNT)
    found = balances(Ledger((account,), tuple(debts), (paid,)), TODAY)
    assert [(each.receivable.key, each.left) for each in found] == [
        (1, Decimal("0.00")),
        (2, Decimal("0.00")),
        (3, Decimal("50.00")),
    ]


AMOUNTS = st.integers(1, 10**9).map(lambda grosze: Decimal(grosze) / 100)


@given(st.lists(AMOUNTS, max_size=6), st.lists(AMOUNTS, max_size=6))
def test_money_is_conserved_between_what_is_owed_paid_left_and_in_excess(
    owed: list[Decimal], paid: list[Decimal]
) -> None:
    account = Account(ACCOUNT, "tuition", NUMBER)
    ledger = Ledger(
        (account,),
        tuple(Receivable(at, "x", amount, "PLN", date(2026, 10, 1)) for at, amount in enumerate(owed)),
        tuple(Booking(date(2026, 10, 1), amount, "PLN", ACCOUNT) for amount in paid),
    )
    left = sum(each.left for each in balances(ledger, TODAY))
    excess = sum(each.amount for each in remainders(ledger))
    assert sum(owed) - left == sum(paid) - excess


KINDS = st.sampled_from(list(LineKind))
LINES = st.lists(st.builds(lambda kind, amount: a_line(str(amount), kind), KINDS, AMOUNTS), max_size=20)


@given(LINES, AMOUNTS)
def test_every_line_is_booked_or_waits_and_the_sums_add_up(lines: list[StatementLine], owed: Decimal) -> None:
    owner, booked_, waiting = owing(str(owed)), Decimal(0), Decimal(0)
    for line in lines:
        verdict = judge(line, owner, Rules(), TODAY)
        assert (verdict.account is None) == (verdict.why is not None)
        if verdict.account is None:
            waiting += line.amount
        else:
            booked_ += line.amount
            owner.book(line)
    assert owner.owed["PLN"] == owed - booked_
    closing = Decimal(1000) + booked_ + waiting
    statement = Statement("1", "1", "PLN", Decimal(1000), closing, TODAY, tuple(lines))
    assert statement.discrepancy == 0


CHANGES: list[Callable[[StatementLine], StatementLine]] = [
    lambda line: replace(line, amount=Decimal("1.00")),
    lambda line: replace(line, account="2" * 26),
    lambda line: replace(line, booking_date=date(2026, 10, 1)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_line_is_the_same_in_another_file_while_it_says_the_same_of_the_money(
    change: Callable[[StatementLine], StatementLine],
) -> None:
    line = a_line()
    one = Statement("PL1", "1/2026", "PLN", None, None, TODAY, (line,))
    other = replace(one, number="")
    assert one.key(line) == other.key(replace(line, position=9))
    assert replace(line, title="inny", payer="inny", line=99).content == line.content
    assert change(line).content != line.content


def test_without_a_reference_a_line_is_known_by_its_place_in_that_day_s_statement() -> None:
    line = a_line(reference="")
    statement = Statement("PL1", "1", "PLN", None, None, TODAY, (line,))
    assert statement.key(line) != statement.key(replace(line, position=2))
    for day in (date(2027, 1, 5), TODAY + timedelta(days=1)):
        assert statement.key(line) != replace(statement, closed_on=day).key(line)
