"""What the port `Fees` promises; `put` gives a student a ledger, whose accounts and receivables have registry keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from estudent.domain.fees import Account, Booking, Ledger, Receivable
from estudent.ports import Fees
from tests.contract.registry_world import PURPOSE, nrb

ONE, OTHER = 1, 2
"""The keys of two students."""
DUE = date(2026, 10, 15)
TUITION, DORMITORY = Account(12, PURPOSE, nrb(12)), Account(11, "dormitory", nrb(11))
Put = Callable[[int, Ledger], None]


class FeesContract:
    def test_a_student_of_whom_nothing_is_known_has_an_empty_ledger(self, fees: Fees) -> None:
        assert fees.of(ONE) == Ledger()

    def test_a_ledger_is_read_back_with_the_main_account_first(self, fees: Fees, put: Put) -> None:
        ledger = Ledger(
            (TUITION, DORMITORY),
            (
                Receivable(5, "Czesne – semestr „zimowy”", Decimal("1850.50"), "PLN", DUE, TUITION.key),
                Receivable(6, "Dormitory", Decimal("100.00"), "EUR", DUE, DORMITORY.key),
                Receivable(7, "Karta", Decimal("0.00"), "PLN", DUE, None),
            ),
            (
                Booking(date(2026, 10, 1), Decimal("1850.49"), "PLN", TUITION.key),
                Booking(date(2026, 10, 2), Decimal("-0.01"), "PLN", TUITION.key),
                Booking(date(2026, 10, 1), Decimal("7.10"), "EUR", DORMITORY.key),
            ),
        )
        put(ONE, ledger)
        assert fees.of(ONE) == ledger

    def test_a_student_sees_nothing_of_another_s(self, fees: Fees, put: Put) -> None:
        receivable = Receivable(5, "Czesne", Decimal("1.00"), "PLN", DUE, TUITION.key)
        put(ONE, Ledger((TUITION,), (receivable,), (Booking(DUE, Decimal("1.00"), "PLN", TUITION.key),)))
        assert fees.of(OTHER) == Ledger()

    def test_receivables_are_there_before_the_account_number(self, fees: Fees, put: Put) -> None:
        ledger = Ledger((), (Receivable(5, "Czesne", Decimal("1.00"), "PLN", DUE),))
        put(ONE, ledger)
        assert fees.of(ONE) == ledger

    @pytest.mark.parametrize(
        "amount", ["0.01", "0.10", "4.35", "1.15", "8.70", "19.99", "9999999999.99", "1234567890.07"]
    )
    def test_an_amount_is_exact_to_the_grosz(self, fees: Fees, put: Put, amount: str) -> None:
        put(ONE, Ledger((), (Receivable(5, "Czesne", Decimal(amount), "PLN", DUE),)))
        assert str(fees.of(ONE).receivables[0].amount) == amount
