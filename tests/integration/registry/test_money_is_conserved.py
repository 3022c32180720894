"""Whatever is read, read again, reversed, assigned, taken back, set aside, in any order: every grosz has one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.payment_desk import SqlPaymentDesk
from estudent.adapters.registry.tables import booking, fee_file, payment_account, statement, statement_line
from estudent.adapters.registry.till import SqlTills
from estudent.domain.booking_rules import Rules
from estudent.domain.statement import LineKind, Statement, StatementLine
from estudent.ports import Fate, StatementFile
from estudent.services.book_payments import BookPayments
from tests.contract.registry_world import PURPOSE, START, Registry, nrb

TODAY = date(2026, 10, 20)
pytestmark = pytest.mark.filterwarnings("ignore:Dialect sqlite.pysqlite does .not. support Decimal")


def a_line(kind: LineKind, amount: int, account: int, reference: str) -> StatementLine:
    number = str(nrb(account)) if account else ""
    return StatementLine(
        1, 0, kind, kind.signed(Decimal(amount)), "PLN", date(2026, 10, 9), None, number, reference, "title", "payer"
    )


LINES = st.lists(
    st.builds(a_line, st.sampled_from(LineKind), st.integers(1, 2), st.integers(0, 3), st.sampled_from("ABCD")),
    min_size=1,
    max_size=5,
).map(tuple)
DEEDS = st.one_of(
    st.tuples(st.just("read"), LINES, st.just(0)),
    st.tuples(st.just("read again"), st.integers(0, 9), st.just(0)),
    st.tuples(st.sampled_from(["assign", "aside", "undo"]), st.integers(0, 9), st.integers(1, 2)),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    url = f"sqlite:///{Path(tmp_path_factory.mktemp('money')) / 'registry.db'}"
    with closing(Database(url)) as database:
        database.upgrade()
    registry = Registry(url)
    with closing(registry.database):
        for key, album in enumerate(("100001", "100002"), 1):
            registry.a_student(album)
            given_ = {"nrb": str(nrb(key)), "origin": "usos", "given_at": START}
            registry.insert(payment_account, id=key, student_id=key, purpose=PURPOSE, **given_)
        yield registry


class Books:
    """The till and the desk, and what the bank has truly moved."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        with registry.database.writing() as connection:
            for table in (booking, statement_line, statement, fee_file):
                connection.execute(delete(table))
        author = Author("tests", "run", registry.clock)
        self.tills = SqlTills(registry.database, author, PURPOSE)
        self.desk = SqlPaymentDesk(registry.database, author, PURPOSE)
        self.read_so_far: list[tuple[StatementLine, ...]] = []
        self.moved: dict[tuple[str, str, int], Decimal] = {}
        self.files = 0

    def read(self, lines: tuple[StatementLine, ...], _: int = 0) -> None:
        """Read a statement; what it tells twice was moved twice, what another told is the same."""
        numbered = tuple(replace(each, position=at) for at, each in enumerate(lines, 1))
        self.read_so_far.append(lines)
        self.files += 1
        said = Statement("1", str(self.files), "PLN", None, None, TODAY, numbered)
        file = StatementFile("a", "bank", f"{self.files:032d}{0:032d}", lambda: [said])
        BookPayments(_Files(file), self.tills, Rules(), lambda: TODAY).run()
        times = Counter[tuple[str, str]]()
        for line in lines:
            self.moved[line.reference, line.content, times[line.reference, line.content]] = line.amount
            times[line.reference, line.content] += 1

    def again(self, which: int, _: int) -> None:
        """Read an earlier statement in another file."""
        if self.read_so_far:
            self.read(self.read_so_far[which % len(self.read_so_far)])

    def decide(self, deed: str, which: int, account: int) -> None:
        """Let a clerk decide of some line, whatever its state."""
        lines = [line for fate in Fate for line in self.desk.lines(fate, 99)]
        if lines:
            key = lines[which % len(lines)].key
            {
                "assign": lambda: self.desk.assign(key, account, None, "a reason"),
                "aside": lambda: self.desk.set_aside(key, "a reason"),
                "undo": lambda: self.desk.undo(key, "a reason"),
            }[deed]()

    def add_up(self) -> bool:
        """Tell whether what was moved is what is kept, and what is kept as booked is what is booked."""
        rows, booked = self.registry.rows(statement_line), self.registry.rows(booking)
        kept = sum(row["amount"] for row in rows if row["state"] != Fate.KNOWN)
        said = {row["id"]: row["amount"] for row in rows if row["state"] == Fate.BOOKED}
        made = Counter[int]()
        for each in booked:
            made[each["statement_line_id"]] += each["amount"]
        return kept == sum(self.moved.values()) and said == {key: sum_ for key, sum_ in made.items() if sum_}


class _Files:
    def __init__(self, file: StatementFile) -> None:
        self.file = file

    def files(self) -> Iterator[StatementFile]:
        yield self.file

    def check(self) -> str:
        return ""


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(DEEDS, min_size=1, max_size=10))
def test_every_grosz_has_one_place(registry: Registry, deeds: list[tuple[str, object, int]]) -> None:
    books = Books(registry)
    for deed, what, account in deeds:
        if deed == "read":
            books.read(what)  # type: ignore[arg-type]
        elif deed == "read again":
            books.again(what, account)  # type: ignore[arg-type]
        else:
            books.decide(deed, what, account)  # type: ignore[arg-type]
        assert books.add_up()
