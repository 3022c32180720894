"""Book what the banks' statements tell: each line once, on the account that it names, or to the clerk with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from estudent.domain.booking_rules import Owner, Rules, Unmatched, judge
from estudent.domain.outcome import Remark, Tally
from estudent.domain.statement import NOTHING, Statement, StatementLine
from estudent.ports import Banks, Fate, Judged, Refused, StatementFile, Till, Tills, Unavailable

AT_ONCE = 1000
SYSTEM = "payments"


class _Rehearsed(Exception):
    """Ends a till whose work must leave no trace."""


@dataclass(frozen=True, slots=True)
class StatementSums:
    """What became of a statement's money; `opening` and all sums together make `closing`, where there are balances."""

    file: str
    number: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    sums: dict[Fate, Decimal]
    lines: dict[Fate, int]

    @property
    def adds_up(self) -> bool:
        """Tell whether the sums lead from the opening balance to the closing one, to the grosz."""
        if self.opening is None or self.closing is None:
            return True
        return self.opening + sum(self.sums.values(), NOTHING) == self.closing


@dataclass(slots=True)
class Booked:
    """What a run did: its counts, every statement's sums, why lines wait, and how many earlier ones were booked now."""

    tally: Tally
    statements: list[StatementSums] = field(default_factory=list)
    waiting: Counter[Unmatched] = field(default_factory=Counter)
    healed: int = 0


@dataclass(frozen=True, slots=True)
class BookPayments:
    """Reads every file that was not read before, each in one transaction: a file is booked whole or not at all."""

    banks: Banks
    tills: Tills
    rules: Rules
    today: Callable[[], date]

    def run(self) -> Booked:
        """Book everything that is there, then look once more at what waits."""
        return self._go(apply=True)

    def rehearse(self) -> Booked:
        """Say what would be booked and change nothing."""
        return self._go(apply=False)

    def _go(self, *, apply: bool) -> Booked:
        booked = Booked(Tally(SYSTEM))
        for file in self.banks.files():
            if file.digest and self.tills.knows(file.digest):
                continue
            try:
                self._take(file, file.read(), booked, apply=apply)
            except Refused as error:
                booked.tally.refused += 1
                booked.tally.remarks.append(Remark(file.name, str(error), "put the right file beside it, run again"))
            except Unavailable as error:
                booked.tally.failed += 1
                booked.tally.remarks.append(Remark(file.name, str(error), "the next run reads it"))
        if apply:
            self._look_again(booked)
        return booked

    def _take(self, file: StatementFile, statements: Sequence[Statement], booked: Booked, *, apply: bool) -> None:
        found: list[tuple[StatementSums, Counter[Unmatched]]] = []
        try:
            with self.tills.open() as till:
                number = till.begin(file)
                if number is None:
                    return
                found = [self._book(till, number, file, statement) for statement in statements]
                if not apply:
                    raise _Rehearsed
        except _Rehearsed:
            pass
        for sums, waiting in found:
            booked.statements.append(sums)
            booked.waiting += waiting
            _count(booked.tally, sums)

    def _book(
        self, till: Till, file: int, of: StatementFile, statement: Statement
    ) -> tuple[StatementSums, Counter[Unmatched]]:
        number = till.begin_statement(file, statement)
        sums = dict.fromkeys(Fate, NOTHING)
        lines, waiting = Counter[Fate](), Counter[Unmatched]()
        for some in _portions(statement.lines):
            judged = list(self._judge(till, statement, some))
            till.keep(number, judged)
            for each in judged:
                sums[each.fate] += each.line.amount
                lines[each.fate] += 1
                if each.fate is Fate.UNMATCHED and each.verdict and each.verdict.why:
                    waiting[each.verdict.why] += 1
        ends = (statement.opening, statement.closing)
        return StatementSums(of.name, statement.number, statement.currency, *ends, sums, dict(lines)), waiting

    def _judge(self, till: Till, statement: Statement, lines: Sequence[StatementLine]) -> Iterator[Judged]:
        """Yield what becomes of lines, each after those before it."""
        keys = [statement.key(line) for line in lines]
        told, owners = till.seen(keys), _owners(till, lines)
        for key, line in zip(keys, lines, strict=True):
            content = line.content
            if told.get(key) == content:
                yield Judged(line, content, None, Fate.KNOWN, None)
                continue
            owner = owners.get(line.account)
            verdict = judge(line, owner, self.rules, self.today(), used_again=key in told)
            free = None if key in told else key
            told.setdefault(key, content)
            if verdict.account is not None and owner:
                owner.book(line)
            yield Judged(line, content, free, Fate.UNMATCHED if verdict.account is None else Fate.BOOKED, verdict)

    def _look_again(self, booked: Booked) -> None:
        """Judge anew what waits for a day, an account, a receivable or a payment that may have come."""
        after: int | None = 0
        while after is not None:
            with self.tills.open() as till:
                after = self._heal(till, after, booked)

    def _heal(self, till: Till, after: int, booked: Booked) -> int | None:
        lines = till.doubtful(after, AT_ONCE)
        owners, settled = _owners(till, [line for _, line in lines]), []
        for key, line in lines:
            owner = owners.get(line.account)
            verdict = judge(line, owner, self.rules, self.today())
            if verdict.account is not None and owner:
                owner.book(line)
                settled.append((key, line, verdict))
        till.book(settled)
        booked.healed += len(settled)
        return lines[-1][0] if lines else None


def _owners(till: Till, lines: Sequence[StatementLine]) -> dict[str, Owner]:
    backwards = {line.account for line in lines if line.kind.is_reversal}
    return till.owners({line.account for line in lines if line.account}, backwards)


def _portions(lines: Sequence[StatementLine]) -> Iterator[Sequence[StatementLine]]:
    return (lines[at : at + AT_ONCE] for at in range(0, len(lines), AT_ONCE))


def _count(tally: Tally, sums: StatementSums) -> None:
    tally.read += sum(sums.lines.values())
    tally.new += sums.lines.get(Fate.BOOKED, 0)
    tally.refused += sums.lines.get(Fate.UNMATCHED, 0)
    if not sums.adds_up:
        why = f"the sums of statement {sums.number} do not make up its closing balance"
        tally.failed += 1
        tally.remarks.append(Remark(sums.file, why, "keep the file and ask who maintains eStudent"))
