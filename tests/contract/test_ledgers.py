"""Fees in memory and in the registry (SQLite) keep the same promises."""

from __future__ import annotations

import pytest

from estudent.adapters.registry.fees import SqlFees
from estudent.adapters.registry.tables import booking, payment_account, receivable
from estudent.domain.fees import Ledger
from tests.contract.fees_contract import OTHER, FeesContract, Put
from tests.contract.registry_world import PURPOSE, START, Registry
from tests.fakes import FakeFees


class TestFakeFees(FeesContract):
    @pytest.fixture
    def fees(self) -> FakeFees:
        return FakeFees()

    @pytest.fixture
    def put(self, fees: FakeFees) -> Put:
        return fees.ledgers.__setitem__


class TestSqlFees(FeesContract):
    @pytest.fixture
    def fees(self, registry: Registry) -> SqlFees:
        for number in range(1, OTHER + 1):
            assert registry.a_student(f"10000{number}").key == number
        return SqlFees(registry.database, PURPOSE)

    @pytest.fixture
    def put(self, registry: Registry) -> Put:
        return lambda student, ledger: put_into(registry, student, ledger)

    def test_a_booking_that_belongs_to_nobody_yet_is_nobody_s(self, registry: Registry, fees: SqlFees) -> None:
        line = {"booking_date": START.date(), "amount": 1, "currency": "PLN", "source_line": "a line"}
        registry.insert(booking, payment_account_id=None, **line)
        assert fees.of(OTHER) == Ledger()


def put_into(registry: Registry, student: int, ledger: Ledger) -> None:
    """Write a ledger into the tables, past all our code."""
    for account in sorted(ledger.accounts, key=lambda each: each.key):
        values = {"purpose": account.purpose, "nrb": str(account.number), "origin": "usos", "given_at": START}
        registry.insert(payment_account, id=account.key, student_id=student, **values)
    for owed in ledger.receivables:
        values = {"title": owed.title, "amount": owed.amount, "currency": owed.currency, "due_date": owed.due}
        whose = {"student_id": student, "payment_account_id": owed.account, "source_id": f"source {owed.key}"}
        registry.insert(receivable, id=owed.key, **whose, **values)
    for at, booked in enumerate(ledger.bookings):
        values = {"amount": booked.amount, "currency": booked.currency, "booking_date": booked.day}
        registry.insert(booking, payment_account_id=booked.account, source_line=f"line {at}", **values)
