"""The till: one transaction at a time in which lines of statements are kept and money is booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Numeric,
    Select,
    String,
    Table,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    type_coerce,
    union_all,
    update,
)

from estudent.adapters.registry.database import Database, insert_if_new, insert_rows
from estudent.adapters.registry.journal import Author, EntryForEach
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import (
    Moment,
    booking,
    fee_file,
    journal,
    payment_account,
    receivable,
    statement,
    statement_line,
)
from estudent.domain.booking_rules import HEALING, LASTING, Owner, Unmatched, Verdict
from estudent.domain.outcome import Result
from estudent.domain.statement import LineKind, Statement, StatementLine
from estudent.domain.statement_chain import StatementEnds
from estudent.domain.told_before import OtherStatement
from estudent.ports import Fate, JournalEntry, Judged, Misconfigured, StatementFile, Told

SYSTEM = "payments"
ONE_TILL = text("SELECT pg_advisory_xact_lock(7401)")
"""A lock that PostgreSQL gives to one transaction at a time; 7401 is ours."""

LONGEST_TITLE, LONGEST_PAYER, LONGEST_DECISION = 500, 200, 300
FORGOTTEN = "payer and title deleted after their time"
HALF = 32
"""So many signs of a file's digest are a mark of its bytes."""

SAID = ("kind", "amount", "currency", "booking_date", "value_date", "account", "reference", "title", "payer", "content")
Money = dict[int, dict[str, Decimal]]
Amounts = Counter[tuple[str, Decimal]]

OWNERS = select(*payment_account.c["nrb", "id", "student_id"]).where(
    payment_account.c.nrb.in_(bindparam("numbers", expanding=True))
)
SEEN = select(*statement_line.c["key", "content"]).where(statement_line.c.key.in_(bindparam("keys", expanding=True)))


class SqlTills:
    """Port `Tills` on the registry; the account for `purpose` is a student's main one."""

    def __init__(self, database: Database, author: Author, purpose: str) -> None:
        self.database, self.author, self.purpose = database, author, purpose

    @contextmanager
    def open(self) -> Iterator[SqlTill]:
        """Open a till; what is done in it is stored whole or, when it is left by an exception, not at all."""
        with booking_turn(self.database) as connection:
            yield SqlTill(connection, self.author, self.purpose)

    def knows(self, digest: str) -> bool:
        """Tell whether exactly this file was read before."""
        with self.database.reading() as connection:
            return connection.scalar(select(fee_file.c.id).where(fee_file.c.digest == digest)) is not None

    def forget_payers(self, after: timedelta) -> int:
        """Delete what payers wrote on lines of files that were read longer ago; return on how many there was any.

        Each such line says so beside what was decided of it, and the journal of the student whose it is.
        """
        old = statement_line.join(statement).join(fee_file)
        written = or_(statement_line.c.title != "", statement_line.c.payer != "")
        lines = (
            select(statement_line.c.id)
            .select_from(old)
            .where(written, fee_file.c.read_at < self.author.clock() - after)
        )
        told = literal(f"{self.author.actor}: {FORGOTTEN}; ").concat(statement_line.c.decision)
        values = NOT_WRITTEN | {"decision": func.substr(func.rtrim(told, "; "), 1, LONGEST_DECISION)}
        with booking_turn(self.database) as connection:
            keys = list(connection.scalars(lines))
            for some in in_portions(keys):
                self._journal_forgotten(connection, some)
                connection.execute(update(statement_line).where(statement_line.c.id.in_(some)).values(values))
        return len(keys)

    def _journal_forgotten(self, connection: Connection, lines: Sequence[int]) -> None:
        theirs = booking.join(payment_account, booking.c.payment_account_id == payment_account.c.id)
        query = select(payment_account.c.student_id).select_from(theirs)
        owners = connection.scalars(query.where(booking.c.statement_line_id.in_(list(lines)), stands()))
        entries = [JournalEntry(owner, SYSTEM, "payer forgotten", Result.DONE, FORGOTTEN) for owner in owners]
        self.author.write(connection, entries)

    def ends(self, since: date) -> list[StatementEnds]:
        """Return where the statements begin and end that have balances and were closed since then."""
        columns = (*statement.c["account", "currency", "number", "closed_on"], fee_file.c["name"], fee_file.c["bank"])
        balances = [as_float(statement.c[name]) for name in ("opening", "closing")]
        told = (statement.c.opening.is_not(None), statement.c.closing.is_not(None), statement.c.closed_on >= since)
        query = select(*columns, *balances).select_from(statement.join(fee_file)).where(*told)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(statement.c.closed_on, statement.c.id)).all()
        return [
            StatementEnds(
                row.name,
                row.bank,
                row.account,
                row.currency,
                row.number,
                money_of(row.opening),
                money_of(row.closing),
                row.closed_on,
            )
            for row in rows
        ]


@contextmanager
def booking_turn(database: Database) -> Iterator[Connection]:
    """Open the only transaction of this moment that books money; SQLite has one writer in any case."""
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(ONE_TILL)
        yield connection


class SqlTill:
    """Port `Till` within a transaction."""

    def __init__(self, connection: Connection, author: Author, purpose: str) -> None:
        self.connection, self.author, self.purpose = connection, author, purpose

    def owners(self, numbers: Collection[str], reversed_: Collection[str]) -> dict[str, Owner]:
        """Return whose these account numbers are and how their books stand; amounts only for those `reversed_`."""
        rows = self.connection.execute(OWNERS, {"numbers": list(numbers)}).all()
        owed = owed_by_account(self.connection, {whose for _, _, whose in rows}, self.purpose)
        amounts = self._amounts([account for nrb, account, _ in rows if nrb in reversed_])
        return {nrb: _owner(account, whose, owed.get(whose, {}), amounts.get(account)) for nrb, account, whose in rows}

    def seen(self, keys: Collection[str]) -> dict[str, str]:
        """Return the content of the lines that are kept under these keys."""
        if not keys:
            return {}
        return {row.key: row.content for row in self.connection.execute(SEEN, {"keys": list(keys)})}

    def begin(self, file: StatementFile) -> int | None:
        """Note that a file is read; return its number, None where exactly this file was read before."""
        values = {"kind": "statement", "name": file.name[:255], "bank": file.bank[:100], "digest": file.digest}
        command = insert_if_new(self.connection, fee_file).values(values | {"read_at": self.author.clock()})
        number: int | None = self.connection.scalar(command.returning(fee_file.c.id))
        return number

    def read_otherwise(self, file: StatementFile) -> dict[int, dict[int, int]]:
        """Return the lines kept of the same bytes as they were first read in another way."""
        same = (func.substr(fee_file.c.digest, 1, HALF) == file.digest[:HALF], fee_file.c.digest != file.digest)
        first = select(func.min(fee_file.c.id)).where(*same).scalar_subquery()
        columns = (statement.c.id, statement_line.c.position, statement_line.c.id)
        theirs = statement.join(statement_line).join(fee_file)
        query = select(*columns).select_from(theirs).where(fee_file.c.id == first).order_by(statement.c.id)
        found: dict[int, dict[int, int]] = {}
        for of, position, key in self.connection.execute(query):
            found.setdefault(of, {})[position] = key
        return dict(enumerate(found.values(), 1))

    def tell_anew(self, told: Sequence[Told]) -> list[tuple[int, StatementLine]]:
        """Store the keys of kept lines, and what they say, of those that nobody has booked or decided; return these."""
        named = update(statement_line).where(statement_line.c.id == bindparam("line_id")).values(key=bindparam("name"))
        if names := [{"line_id": each.kept, "name": each.key} for each in told if each.key]:
            self.connection.execute(named, names)
        theirs = statement_line.c.id.in_([each.kept for each in told])
        waits = statement_line.c.state == Fate.UNMATCHED.value
        judged_anew = statement_line.c.reason.not_in([why.value for why in (*LASTING, Unmatched.UNDONE)])
        query = select(statement_line.c.id).where(theirs, waits, judged_anew)
        waiting = set(self.connection.scalars(query))
        anew = [each for each in told if each.kept in waiting]
        if anew:
            change = update(statement_line).where(statement_line.c.id == bindparam("line_id"))
            self.connection.execute(change.values({name: bindparam(name) for name in SAID}), [*map(_said, anew)])
        return [(each.kept, each.line) for each in anew]

    def wait(self, reasons: Sequence[tuple[int, Unmatched]]) -> None:
        """Store why lines wait."""
        change = update(statement_line).where(statement_line.c.id == bindparam("line_id"))
        if reasons:
            rows = [{"line_id": key, "why": why.value} for key, why in reasons]
            self.connection.execute(change.values(reason=bindparam("why")), rows)

    def told_by_others(self, file: StatementFile, said: Statement) -> list[OtherStatement]:
        """Return what other files have told of the days of a statement's lines on its account, if it names one."""
        days = [day for day in (said.closed_on, *(line.booking_date for line in said.lines)) if day]
        if not (days and said.lines):
            return []
        columns = (*statement.c["id", "closed_on"], as_float(statement.c.opening), as_float(statement.c.closing))
        others = (
            select(*columns)
            .select_from(statement.join(fee_file))
            .where(
                func.substr(fee_file.c.digest, 1, HALF) != file.digest[:HALF],
                # What was closed before the first of these days tells of none of them.
                statement.c.closed_on >= min(days),
                *([statement.c.account.in_([said.account[:40], ""])] if said.account else []),
            )
        )
        found = {row.id: _other(row) for row in self.connection.execute(others)}
        same_days = or_(
            statement_line.c.booking_date.between(min(days), max(days)),
            statement_line.c.statement_id.in_(
                [key for key, other in found.items() if other.closed_on == said.closed_on]
            ),
        )
        lines = select(*statement_line.c["statement_id", "content", "state"]).where(same_days)
        for some in in_portions(sorted(found)):
            for row in self.connection.execute(lines.where(statement_line.c.statement_id.in_(some))):
                found[row.statement_id].contents[row.content] += 1
                if row.state != Fate.KNOWN.value:
                    found[row.statement_id].told_first[row.content] += 1
        return [other for other in found.values() if other.contents]

    def begin_statement(self, file: int, begun: Statement) -> int:
        """Note a statement of the file; return its number."""
        values = {
            "fee_file_id": file,
            "account": begun.account[:40],
            "number": begun.number[:40],
            "currency": begun.currency[:3],
            "opening": begun.opening,
            "closing": begun.closing,
            "closed_on": begun.closed_on,
        }
        command = insert(statement).values(values).returning(statement.c.id)
        number: int = self.connection.execute(command).scalar_one()
        return number

    def keep(self, of: int, judged: Sequence[Judged]) -> None:
        """Store lines, and book those that are to be booked."""
        if not judged:
            return
        # Nobody else stores lines in this turn. To look for them among all of the statement's costs more with each.
        last = self.connection.scalar(select(func.max(statement_line.c.id))) or 0
        insert_rows(self.connection, statement_line, [_kept(of, each) for each in judged])
        self._book(statement_line.c.id > last, sum(each.fate is Fate.BOOKED for each in judged))

    def doubtful(self, after: int, most: int) -> list[tuple[int, StatementLine]]:
        """Return unmatched lines whose reason may have gone by itself, those after the line of this key first."""
        query = (
            lines_of(statement_line)
            .where(
                statement_line.c.state == Fate.UNMATCHED.value,
                statement_line.c.reason.in_([why.value for why in HEALING]),
                statement_line.c.id > after,
            )
            .order_by(statement_line.c.id)
            .limit(most)
        )
        return [(row.id, line_of(row)) for row in self.connection.execute(query)]

    def book(self, settled: Sequence[tuple[int, StatementLine, Verdict]]) -> None:
        """Book lines that were unmatched."""
        if settled:
            change = update(statement_line).where(statement_line.c.id == bindparam("line_id"))
            values = {"state": Fate.BOOKED.value, "title": "", "payer": "", "reason": bindparam("note")}
            self.connection.execute(
                change.values(values),
                [{"line_id": key, "note": verdict.note or ""} for key, _, verdict in settled],
            )
            self._book(statement_line.c.id.in_([key for key, _, _ in settled]), len(settled))

    def _book(self, which: ColumnElement[bool], many: int) -> None:
        """Book those of these lines that are to be booked, so many, each on the account that it names, and say so.

        The database does it by itself: a row that passes through Python twice more costs twice as much again.
        """
        theirs = statement_line.join(payment_account, payment_account.c.nrb == statement_line.c.account)
        booked = (which, statement_line.c.state == Fate.BOOKED.value)
        made = self._insert(booking, self._bookings().select_from(theirs).where(*booked).order_by(statement_line.c.id))
        if made != many:
            # A restored database whose keys begin anew below those that are taken, for example.
            raise Misconfigured(
                f"{many} lines were to be booked and {made} would have been, so none is; "
                "see whether the registry's sequences are behind its tables"
            )
        self._insert(journal, self._entries().select_from(theirs).where(*booked).order_by(statement_line.c.id))

    def _insert(self, table: Table, rows: Select[Any]) -> int:
        columns = [each.name for each in rows.selected_columns]
        command = insert(table).from_select(columns, rows).execution_options(preserve_rowcount=True)
        return self.connection.execute(command).rowcount

    def _bookings(self) -> Select[Any]:
        return select(
            *statement_line.c["booking_date", "amount", "currency"],
            payment_account.c.id.label("payment_account_id"),
            statement_line.c.id.label("statement_line_id"),
            literal("statement line ").concat(cast(statement_line.c.id, String)).label("source_line"),
            literal(self.author.clock(), Moment).label("made_at"),
        )

    def _entries(self) -> Select[Any]:
        told = self._amount_in_words().concat(" ").concat(statement_line.c.currency)
        told = told.concat(", booked on ").concat(cast(statement_line.c.booking_date, String))
        step = literal("payment ").concat(statement_line.c.reason)
        return self.author.entries(EntryForEach(payment_account.c.student_id, SYSTEM, step, Result.DONE, told))

    def _amount_in_words(self) -> ColumnElement[str]:
        # SQLite has no decimals, and would say 100.0 or 100.
        if self.connection.dialect.name == "sqlite":
            return func.printf("%.2f", statement_line.c.amount, type_=String)
        return cast(statement_line.c.amount, String)

    def _amounts(self, accounts: Collection[int]) -> dict[int, Amounts]:
        """Return how often each amount is booked on these accounts, less what reversals have taken back."""
        found: dict[int, Amounts] = {}
        if not accounts:
            return found
        query = select(booking.c.payment_account_id, booking.c.currency, amount_of(booking), statement_line.c.kind)
        theirs = booking.outerjoin(statement_line, booking.c.statement_line_id == statement_line.c.id)
        query = query.select_from(theirs).where(booking.c.payment_account_id.in_(list(accounts)), stands())
        for row in self.connection.execute(query):
            sums, value = found.setdefault(row.payment_account_id, Counter()), money_of(row.amount)
            if row.kind and LineKind(row.kind).is_reversal:
                sums[row.currency, -value] -= 1
            else:
                sums[row.currency, value] += 1
        return found


def stands() -> Any:
    """Return the condition under which a booking counts: it is neither undone nor undoes another."""
    other = booking.alias()
    undone = select(other.c.id).where(other.c.undoes == booking.c.id).exists()
    return booking.c.undoes.is_(None) & ~undone


def owed_by_account(connection: Connection, students: Collection[int], purpose: str) -> dict[int, Money]:
    """Return by student, account and currency what was asked for less what was booked.

    What belongs to no account of its own is owed on the main one.
    """
    found: dict[int, Money] = {}
    if not students:
        return found
    sums = connection.execute(SUMS, {"students": list(students)}).all()
    homeless = {whose for whose, account, _, _ in sums if account is None}
    main = _main_accounts(connection, homeless, purpose) if homeless else {}
    for whose, account, currency, amount in sums:
        _add(found, whose, account or main.get(whose, 0), currency, money_of(amount))
    return found


def _main_accounts(connection: Connection, students: Collection[int], purpose: str) -> dict[int, int]:
    columns = payment_account.c["student_id", "id", "purpose"]
    query = select(*columns).where(payment_account.c.student_id.in_(list(students))).order_by(payment_account.c.id)
    rows = sorted(connection.execute(query).all(), key=lambda row: (row.purpose == purpose, -row.id))
    return {row.student_id: row.id for row in rows}


def _sums() -> Select[Any]:
    """Return the query for what was asked for less what was booked, by student, account and currency."""
    asked = select(*receivable.c["student_id", "payment_account_id", "currency"], as_float(receivable.c.amount)).where(
        receivable.c.state == "owed"
    )
    booked = select(
        payment_account.c.student_id, payment_account.c.id, booking.c.currency, -as_float(booking.c.amount)
    ).join_from(payment_account, booking, booking.c.payment_account_id == payment_account.c.id)
    both = union_all(asked, booked).subquery()
    columns = both.c["student_id", "payment_account_id", "currency"]
    # SQLite has no decimals; 15 digits of a float hold any sum of one student to the grosz.
    total = func.sum(both.c.amount, type_=Numeric(14, 2, asdecimal=False))
    return select(*columns, total).where(columns[0].in_(bindparam("students", expanding=True))).group_by(*columns)


def money_of(amount: float) -> Decimal:
    """Return the amount that the database gave as a float, to the grosz."""
    return Decimal(f"{amount:.2f}")


def _other(row: Any) -> OtherStatement:
    opening, closing = (None if amount is None else money_of(amount) for amount in (row.opening, row.closing))
    return OtherStatement(opening, closing, row.closed_on, Counter(), Counter())


def _add(found: dict[int, Money], student: int, account: int, currency: str, amount: Decimal) -> None:
    sums = found.setdefault(student, {}).setdefault(account, {})
    sums[currency] = sums.get(currency, Decimal("0.00")) + amount


def _owner(account: int, student: int, owed: Money, booked: Amounts | None) -> Owner:
    return Owner(account, student, dict(owed.get(account, {})), _elsewhere(owed, account), booked or {})


def _elsewhere(accounts: Money, but: int) -> dict[str, Decimal]:
    """Return what is owed on other accounts; an excess of one does not lessen what another lacks."""
    sums: dict[str, Decimal] = {}
    for account, owed in accounts.items():
        for currency, amount in owed.items() if account != but else ():
            sums[currency] = sums.get(currency, Decimal("0.00")) + max(amount, Decimal(0))
    return sums


NOT_WRITTEN = {"title": "", "payer": ""}


def _said(each: Told) -> dict[str, Any]:
    return {"line_id": each.kept, "content": each.content, **_facts(each.line), **_written(each.line)}


def _facts(line: StatementLine) -> dict[str, Any]:
    return {
        "kind": line.kind.value,
        "amount": line.amount,
        "currency": line.currency[:3],
        "booking_date": line.booking_date,
        "value_date": line.value_date,
        "account": line.account[:40],
        "reference": line.reference[:100],
    }


def _written(line: StatementLine) -> dict[str, str]:
    return {"title": line.title[:LONGEST_TITLE], "payer": line.payer[:LONGEST_PAYER]}


def _kept(of: int, each: Judged) -> dict[str, Any]:
    why = each.verdict and (each.verdict.why or each.verdict.note)
    return {
        "statement_id": of,
        "line": each.line.line,
        "position": each.line.position,
        "key": each.key,
        "content": each.content,
        **_facts(each.line),
        **(_written(each.line) if each.fate is Fate.UNMATCHED else NOT_WRITTEN),
        "state": each.fate.value,
        "reason": (why or "") and str(why),
        "decision": "",
    }


def lines_of(table: Table) -> Select[Any]:
    """Return the query for lines, with amounts as SQLite can give them."""
    return select(*(column for column in table.c if column.name != "amount"), amount_of(table))


def amount_of(table: Table) -> Any:
    """Return a table's amount as every database can give it, for `money_of`."""
    return as_float(table.c.amount)


def as_float(column: Any) -> Any:
    """Return a column of money as every database can give it, for `money_of`."""
    return type_coerce(column, Numeric(16, 2, asdecimal=False)).label(column.name)


SUMS = _sums()


def line_of(row: Any) -> StatementLine:
    """Return a line as it was read."""
    return StatementLine(
        row.line,
        row.position,
        LineKind(row.kind),
        money_of(row.amount),
        row.currency,
        row.booking_date,
        row.value_date,
        row.account,
        row.reference,
        row.title,
        row.payer,
    )
