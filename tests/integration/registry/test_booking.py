"""A month of the bank's statements goes into the books: every line once, every grosz accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from estudent.adapters.banks import BankFolder, BankScheme
from estudent.adapters.banks.mt940 import read_mt940
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.fees import SqlFees
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.payment_desk import SqlPaymentDesk
from estudent.adapters.registry.tables import booking, fee_file, journal, payment_account, receivable, statement_line
from estudent.adapters.registry.till import SqlTills
from estudent.domain.booking_rules import Rules, Unmatched
from estudent.domain.fees import PaymentState, balances
from estudent.domain.nrb import Nrb
from estudent.domain.statement import Statement
from estudent.domain.whom import Whom
from estudent.ports import Fate, Misconfigured, StatementFile
from estudent.services.book_payments import Booked, BookPayments
from estudent.services.watch_statements import WatchStatements
from sandbox.bank.__main__ import open_debts, write
from sandbox.bank.month import month
from sandbox.bank.writing import CSV_COLUMNS, OWN_ACCOUNT, TRAILER
from tests.contract.registry_world import PURPOSE, Clock, Registry, an_application, at_once

FIRST, TODAY = date(2026, 10, 1), date(2026, 11, 2)
MANY = 300
FORMATS = ("mt940", "camt053", "csv")


def number_of(student: int) -> str:
    return str(Nrb.build("10902138", f"43210{student:011d}"))


@dataclass
class Books:
    """The registry with students who owe tuition, and the folder of the bank."""

    registry: Registry
    folder: Path

    def service(self, registry: Registry | None = None) -> BookPayments:
        at = registry or self.registry
        schemes = {
            name: BankScheme(name, own_accounts=(OWN_ACCOUNT,), columns=CSV_COLUMNS, trailer=TRAILER)
            for name in FORMATS
        }
        clock = Clock(datetime.now(UTC) + timedelta(days=1))
        banks = BankFolder(self.folder, schemes, settle=timedelta(0), clock=clock)
        tills = SqlTills(at.database, Author("tests", "run", at.clock), PURPOSE)
        return BookPayments(banks, tills, Rules(), lambda: TODAY)

    def write(self, *formats: str, seed: int = 3) -> Decimal:
        """Write the month; return what it moved."""
        days = month(open_debts(self.registry.database), FIRST, 30, seed)
        for name in formats:
            write(days, self.folder, name)
        return days[-1].closing - days[0].opening

    def sums(self, state: Fate) -> Decimal:
        rows = [row for row in self.registry.rows(statement_line) if row["state"] == state.value]
        return sum((row["amount"] for row in rows), Decimal(0))

    @property
    def booked(self) -> Decimal:
        return sum((row["amount"] for row in self.registry.rows(booking)), Decimal(0))


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    (tmp_path / "statements").mkdir()
    if request.param == "postgresql":
        registry: Registry = request.getfixturevalue("registry")
        give_debts(registry)
        yield Books(registry, tmp_path / "statements")
        return
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    with closing(Database(url)) as database:
        database.upgrade()
    registry = Registry(url)
    with closing(registry.database):
        give_debts(registry)
        yield Books(registry, tmp_path / "statements")


def give_debts(registry: Registry) -> None:
    """Admit students; each has an account and owes one receivable."""
    registry.take_in(*(an_application(str(200_000 + at)) for at in range(MANY)))
    keys = registry.students.keys(Whom())
    account = {"purpose": PURPOSE, "origin": "usos", "given_at": registry.clock()}
    debt = {"title": "Czesne", "amount": Decimal("1850.55"), "currency": "PLN", "due_date": date(2026, 10, 15)}
    accounts = [account | {"id": key, "student_id": key, "nrb": number_of(key)} for key in keys]
    debts = [debt | {"student_id": key, "payment_account_id": key, "source_id": f"R{key}"} for key in keys]
    with registry.database.writing() as connection:
        connection.execute(insert(payment_account), accounts)
        connection.execute(insert(receivable), debts)


pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore:Dialect sqlite.pysqlite does .not. support Decimal"),
]


@pytest.mark.parametrize("name", FORMATS)
def test_a_month_is_booked_to_the_grosz_and_twice_changes_nothing(books: Books, name: str) -> None:
    moved = books.write(name)
    done = books.service().run()
    assert done.tally.remarks == [] and done.tally.failed == 0
    assert all(each.adds_up for each in done.statements)
    assert books.booked == books.sums(Fate.BOOKED)
    assert books.booked + books.sums(Fate.UNMATCHED) == moved
    assert {each for each, many in done.waiting.items() if many} >= {
        Unmatched.WRONG_ACCOUNT_NUMBER,
        Unmatched.NO_ACCOUNT,
        Unmatched.NO_BOOKING_DATE,
        Unmatched.FUTURE_DATE,
        Unmatched.REFERENCE_USED_AGAIN,
    }
    before = books.registry.dump()
    again = books.service().run()
    assert (again.tally.read, again.statements, books.registry.dump()) == (0, [], before)


def test_the_same_payments_in_another_format_are_known(books: Books) -> None:
    books.write("mt940")
    books.service().run()
    booked = books.booked
    books.write("camt053", "csv")
    again = books.service().run()
    assert again.tally.new == 0 and books.booked == booked
    assert all(each.adds_up for each in again.statements)
    known = sum(each.lines.get(Fate.KNOWN, 0) for each in again.statements)
    assert known == again.tally.read > 2 * MANY


def test_the_same_days_in_another_format_without_references_are_known_by_their_lines(books: Books) -> None:
    moved = books.write("mt940", "camt053")
    for file in (books.folder / "camt053").iterdir():
        file.write_text(re.sub("<Refs>.*?</Refs>", "", file.read_text(encoding="utf-8")), encoding="utf-8")
    done = books.service().run()
    assert books.booked + books.sums(Fate.UNMATCHED) == moved
    second = [each for each in done.statements if each.file.startswith("camt053/")]
    assert {fate for each in second for fate in each.lines} == {Fate.KNOWN}


def test_a_rehearsal_leaves_no_trace(books: Books) -> None:
    books.write("mt940")
    before = books.registry.dump()
    told = books.service().rehearse()
    assert told.tally.new > 0 and books.registry.dump() == before


def test_a_day_that_has_not_come_is_told_until_it_comes(books: Books) -> None:
    days = month(open_debts(books.registry.database), FIRST, 30, 3)
    missing = next(day for day in days[4:] if day.opening != day.closing)
    for name in ("mt940", "camt053"):
        write([day for day in days if day is not missing], books.folder, name)
    done = books.service().run()
    tills = SqlTills(books.registry.database, Author("tests", "run", books.registry.clock), PURPOSE)
    watch = WatchStatements(tills, lambda: TODAY)
    (remark,) = watch.run().remarks
    amount = f"{missing.closing - missing.opening} PLN"
    assert OWN_ACCOUNT in remark.why and amount in remark.why and missing.day.isoformat() not in remark.why
    assert all(each.adds_up for each in done.statements)
    write([missing], books.folder, "camt053")
    books.service().run()
    assert watch.run().remarks == []


def test_where_a_restored_database_gives_keys_again_nothing_is_kept_without_its_booking(
    registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "statements").mkdir()
    give_debts(registry)
    books = Books(registry, tmp_path / "statements")
    days = month(open_debts(registry.database), FIRST, 30, 3)
    give_next_key(registry, 1_000_000)
    write(days[:10], books.folder, "mt940")
    books.service().run()
    before = registry.dump()
    give_next_key(registry, 1)
    write(days[10:], books.folder, "mt940")
    with pytest.raises(Misconfigured, match="sequences"):
        books.service().run()
    assert registry.dump() == before


def give_next_key(registry: Registry, key: int) -> None:
    with registry.database.writing() as connection:
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('statement_line', 'id'), {key})"))


def test_a_broken_file_stops_no_other_and_is_booked_once_it_is_right(books: Books) -> None:
    books.write("mt940")
    broken = sorted((books.folder / "mt940").iterdir())[3]
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    done = books.service().run()
    assert [remark.about for remark in done.tally.remarks] == [f"mt940/{broken.name}"]
    assert books.registry.count(fee_file) == len(list((books.folder / "mt940").iterdir())) - 1
    broken.write_bytes(whole)
    assert books.service().run().tally.read > 0
    assert books.registry.count(fee_file) == len(list((books.folder / "mt940").iterdir()))


def test_two_processes_book_a_month_once(books: Books) -> None:
    moved = books.write(*FORMATS)
    at_once(books.registry, 2, lambda registry, _: books.service(registry).run())
    assert books.booked == books.sums(Fate.BOOKED)
    first_seen = [row["amount"] for row in books.registry.rows(statement_line) if row["key"]]
    assert sum(first_seen) == moved and len(first_seen) > MANY


def test_the_booking_date_alone_decides_in_time_or_late(books: Books) -> None:
    days = month(open_debts(books.registry.database), FIRST, 30, 3)
    for day in days:
        moved = tuple(replace(each, booking_date=day.day) for each in day.movements)
        write([replace(day, movements=moved)], books.folder, "mt940")
    books.service().run()
    fees = SqlFees(books.registry.database, PURPOSE)
    states = [balances(fees.of(key), TODAY)[0] for key in range(1, MANY + 1)]
    paid = [each for each in states if each.booked_on]
    assert len(paid) > MANY // 2
    for each in paid:
        late = each.booked_on is not None and each.booked_on > date(2026, 10, 15)
        assert each.state is (PaymentState.PAID_LATE if late else PaymentState.PAID_IN_TIME)
    assert {each.state for each in paid} == {PaymentState.PAID_LATE, PaymentState.PAID_IN_TIME}


def test_what_waits_for_an_account_is_booked_once_somebody_has_it(books: Books) -> None:
    stranger = number_of(9_999)
    some = month([replace(open_debts(books.registry.database)[0], account=stranger)], FIRST, 30, 0)
    write(some, books.folder, "mt940")
    assert books.service().run().waiting == {Unmatched.UNKNOWN_ACCOUNT: 1}
    values = {"purpose": "dormitory", "nrb": stranger, "origin": "usos", "given_at": books.registry.clock()}
    books.registry.insert(payment_account, id=99_999, student_id=1, **values)
    assert books.service().run().healed == 1
    assert books.booked == Decimal("1850.55")
    told = [row["step"] for row in books.registry.rows(journal) if row["system"] == "payments"]
    assert told == ["payment owed on another account"]


def test_what_people_wrote_is_kept_only_while_somebody_must_read_it(books: Books) -> None:
    books.write("mt940")
    books.service().run()
    for row in books.registry.rows(statement_line):
        assert bool(row["payer"]) == (row["state"] == Fate.UNMATCHED.value)


def test_what_people_wrote_is_forgotten_by_the_run_and_counted(books: Books) -> None:
    books.write("mt940")
    waiting = books.service().run().waiting.total()
    for many in (0, waiting, 0):
        done = replace(books.service(), forget_after=timedelta(hours=36)).run()
        assert (done.forgotten, len(done.tally.remarks)) == (many, bool(many))
        books.registry.clock.turn(days=2)
    assert not any(row["payer"] or row["title"] for row in books.registry.rows(statement_line))


class OneFile:
    """Port `Banks` with statements of the test's own."""

    def __init__(self, *statements: Statement) -> None:
        self.statements = statements

    def files(self) -> Iterator[StatementFile]:
        yield StatementFile("a", "bank", "digest", lambda: list(self.statements))

    def check(self) -> str:
        return "one"


def test_a_currency_that_is_not_taken_waits(books: Books) -> None:
    scheme = BankScheme("mt940", own_accounts=(OWN_ACCOUNT,))
    text = (
        f":20:X\n:25:PL{OWN_ACCOUNT}\n:28C:1\n:60F:C261001EUR0,00\n:61:2610021002C5,00NTRFNONREF//E1\n"
        f":86:020?20x?38{number_of(1)}\n:62F:C261002EUR5,00\n"
    )
    done = replace(books.service(), banks=OneFile(*read_mt940(text, scheme))).run()
    assert done.waiting == {Unmatched.FOREIGN_CURRENCY: 1}


def mt940(*lines: tuple[str, str], number: str = "1", day: str = "261009", sub_field: str = "38") -> str:
    """Return a statement of payments of 5 PLN, each with a reference and an account."""
    said = "".join(
        f":61:{day}{day[2:]}C5,00NTRFNONREF{'//' if reference else ''}{reference}\n"
        f":86:020?20TNR: B{at}?{sub_field}{account}\n"
        for at, (reference, account) in enumerate(lines)
    )
    balance = f"{5 * len(lines)},00"
    ends = (f":60F:C{day}PLN0,00\n", f":62F:C{day}PLN{balance}\n")
    return f":20:X\n:25:PL{OWN_ACCOUNT}\n:28C:{number}\n{ends[0]}{said}{ends[1]}"


def read(books: Books, scheme: BankScheme, *texts: str) -> Booked:
    """Put statements into the bank's folder, and book what is there as this scheme reads it."""
    (books.folder / "bank").mkdir(exist_ok=True)
    for each in texts:
        (books.folder / "bank" / f"{sha256(each.encode()).hexdigest()}.sta").write_text(each, encoding="utf-8")
    clock = Clock(datetime.now(UTC) + timedelta(days=1))
    banks = BankFolder(books.folder, {"bank": scheme}, settle=timedelta(0), clock=clock)
    return replace(books.service(), banks=banks).run()


USUAL = BankScheme("bank", own_accounts=(OWN_ACCOUNT,))


def test_two_payments_under_one_reference_in_one_statement_are_not_taken_for_one(books: Books) -> None:
    twice = mt940(("G1", number_of(1)), ("G1", number_of(1)), ("G1", number_of(1)))
    done = read(books, USUAL, twice)
    assert (books.booked, done.waiting) == (Decimal(5), {Unmatched.REFERENCE_USED_AGAIN: 2})
    again = read(books, USUAL, twice.replace(":20:X", ":20:Y"))
    assert again.statements[0].lines == {Fate.KNOWN: 3} and books.booked == Decimal(5)


def test_a_reference_used_again_is_not_booked_when_its_day_comes(books: Books) -> None:
    future = mt940(("G1", number_of(1)), day="261105")
    read(books, USUAL, future, future.replace("5,00", "6,00"))
    later = replace(books.service(), today=lambda: TODAY + timedelta(days=9))
    assert later.run().healed == 1 and books.booked in {Decimal(5), Decimal(6)}


def test_a_file_that_is_read_in_another_way_books_nothing_twice(books: Books) -> None:
    text = mt940(("", number_of(1)), ("", number_of(2)))
    assert read(books, USUAL, text).tally.new == 2
    with_references = replace(USUAL, reference_pattern=re.compile(r"TNR: (\S+)"))
    assert read(books, with_references).statements[0].lines == {Fate.KNOWN: 2}
    # The same payments in a statement of the month are known by what was learnt now.
    assert read(books, with_references, text.replace(":28C:1", ":28C:99")).tally.new == 0
    assert books.booked == Decimal(10)


def test_what_cannot_be_told_apart_from_another_file_s_payment_waits(books: Books) -> None:
    day = mt940(("", number_of(1)), ("", number_of(2)), number="7")
    month_ = mt940(("", number_of(3)), ("", number_of(2)), ("", number_of(1)), number="1")
    read(books, USUAL, day)
    done = read(books, USUAL, month_)
    assert (done.tally.new, done.waiting, books.booked) == (1, {Unmatched.TOLD_BEFORE: 2}, Decimal(15))
    # Nor is it booked when its file is read in another way.
    assert read(books, replace(USUAL, title_fields=("21",))).healed == 0 and books.booked == Decimal(15)


def test_the_same_balances_with_other_payments_book_nothing(books: Books) -> None:
    read(books, USUAL, mt940(("G1", number_of(1)), number="7"))
    assert read(books, USUAL, mt940(("", number_of(2)), number="99")).waiting == {Unmatched.TOLD_BEFORE: 1}


def test_a_second_payment_of_a_day_is_booked_where_the_first_is_known_by_its_reference(books: Books) -> None:
    read(books, USUAL, mt940(("G1", number_of(1)), number="7"))
    whole_day = mt940(("G2", number_of(1)), ("G1", number_of(1)), number="99")
    assert read(books, USUAL, whole_day).statements[0].lines == {Fate.BOOKED: 1, Fate.KNOWN: 1}
    assert books.booked == Decimal(10)


def test_what_waits_of_a_file_is_judged_anew_when_the_file_is_read_in_another_way(books: Books) -> None:
    text = mt940(("G1", number_of(1)), ("G2", number_of(2)), ("G3", ""), sub_field="63")
    assert read(books, USUAL, text).waiting == {Unmatched.NO_ACCOUNT: 3}
    desk = SqlPaymentDesk(books.registry.database, Author("staff a", "run", books.registry.clock), PURPOSE)
    second = next(each for each in desk.lines(Fate.UNMATCHED, 9) if each.line.reference == "G2")
    assert desk.set_aside(second.key, "rent of a hall")
    again = read(books, replace(USUAL, account_fields=("63",)))
    assert again.statements[0].lines == {Fate.KNOWN: 3} and again.statements[0].adds_up
    assert books.booked == Decimal(5) and desk.counts()[Fate.ASIDE] == 1 and desk.counts()[Fate.UNMATCHED] == 1
