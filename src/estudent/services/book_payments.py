"""Book what the banks' statements tell: each line once, on the account that it names, or to the clerk with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from estudent.domain.booking_rules import Owner, Rules, Unmatched, Verdict, judge
from estudent.domain.outcome import Remark, Tally
from estudent.domain.statement import NOTHING, Statement, StatementLine, repeated
from estudent.domain.told_before import Again, ToldBefore
from estudent.ports import Banks, Fate, Judged, Refused, StatementFile, Till, Tills, Told, Unavailable

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
    """What a run did: its counts, every statement's sums, why lines wait, how many earlier ones were booked now.

    `forgotten` is on how many lines what the payer wrote was deleted after its time.
    """

    tally: Tally
    statements: list[StatementSums] = field(default_factory=list)
    waiting: Counter[Unmatched] = field(default_factory=Counter)
    healed: int = 0
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class BookPayments:
    """Reads every file that was not read before, each in one transaction: a file is booked whole or not at all.

    `forget_after` is how long after its file was read a line's payer is forgotten; None: never.
    """

    banks: Banks
    tills: Tills
    rules: Rules
    today: Callable[[], date]
    forget_after: timedelta | None = None

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
            self._forget(booked)
        return booked

    def _forget(self, booked: Booked) -> None:
        if self.forget_after is not None:
            booked.forgotten = self.tills.forget_payers(self.forget_after)
        if booked.forgotten:
            why = f"payer and title of {booked.forgotten} lines were deleted after their time"
            booked.tally.remarks.append(Remark(SYSTEM, why, "nothing; the bank's files still have them"))

    def _take(self, file: StatementFile, statements: Sequence[Statement], booked: Booked, *, apply: bool) -> None:
        found: list[tuple[StatementSums, Counter[Unmatched]]] = []
        said: list[_Said] = []
        try:
            with self.tills.open() as till:
                number = till.begin(file)
                if number is None:
                    return
                before = till.read_otherwise(file)
                said = [_Said(statement, before.get(at, {})) for at, statement in enumerate(statements, 1)]
                found = [self._book(till, number, file, each) for each in said]
                if not apply:
                    raise _Rehearsed
        except _Rehearsed:
            pass
        booked.healed += sum(each.healed for each in said)
        for sums, waiting in found:
            booked.statements.append(sums)
            booked.waiting += waiting
            _count(booked.tally, sums)

    def _book(self, till: Till, file: int, of: StatementFile, said: _Said) -> tuple[StatementSums, Counter[Unmatched]]:
        statement = said.statement
        said.told = _told_before(till, of, said)
        number = till.begin_statement(file, statement)
        sums = dict.fromkeys(Fate, NOTHING)
        lines, waiting = Counter[Fate](), Counter[Unmatched]()
        for some in _portions(statement.lines):
            judged = list(self._judge(till, said, some))
            till.keep(number, judged)
            for each in judged:
                sums[each.fate] += each.line.amount
                lines[each.fate] += 1
                if each.fate is Fate.UNMATCHED and each.verdict and each.verdict.why:
                    waiting[each.verdict.why] += 1
        ends = (statement.opening, statement.closing)
        return StatementSums(of.name, statement.number, statement.currency, *ends, sums, dict(lines)), waiting

    def _judge(self, till: Till, said: _Said, lines: Sequence[StatementLine]) -> Iterator[Judged]:
        """Yield what becomes of lines, each after those before it."""
        marks, kept = said.marked(till, lines)
        said.healed += self._tell_anew(till, said.read_otherwise(marks, kept, lines))
        owners = _owners(till, lines)
        for mark, line in zip(marks, lines, strict=True):
            is_known = mark.key in kept or line.position in said.before
            again = None if is_known else said.told.judge(mark.content)
            if is_known or again is Again.CERTAIN:
                yield Judged(line, mark.content, None, Fate.KNOWN, None)
                continue
            owner = owners.get(line.account)
            verdict = judge(line, owner, self.rules, self.today(), doubt=_doubt(mark, again))
            if verdict.account is not None and owner:
                owner.book(line)
            fate = Fate.UNMATCHED if verdict.account is None else Fate.BOOKED
            yield Judged(line, mark.content, mark.key, fate, verdict)

    def _tell_anew(self, till: Till, told: Sequence[Told]) -> int:
        """Judge what waits of a file that was read in another way before; what is booked or decided stays as it is."""
        if not told:
            return 0
        verdicts = self._verdicts(till, till.tell_anew(told))
        settled = [each for each in verdicts if each[2].why is None]
        till.book(settled)
        till.wait([(key, verdict.why) for key, _, verdict in verdicts if verdict.why])
        return len(settled)

    def _look_again(self, booked: Booked) -> None:
        """Judge anew what waits for a day, an account, a receivable or a payment that may have come."""
        after: int | None = 0
        while after is not None:
            with self.tills.open() as till:
                after = self._heal(till, after, booked)

    def _heal(self, till: Till, after: int, booked: Booked) -> int | None:
        lines = till.doubtful(after, AT_ONCE)
        settled = [each for each in self._verdicts(till, lines) if each[2].why is None]
        till.book(settled)
        booked.healed += len(settled)
        return lines[-1][0] if lines else None

    def _verdicts(
        self, till: Till, lines: Sequence[tuple[int, StatementLine]]
    ) -> list[tuple[int, StatementLine, Verdict]]:
        """Judge lines that were kept before, each after those before it."""
        owners, found = _owners(till, [line for _, line in lines]), []
        for key, line in lines:
            owner = owners.get(line.account)
            verdict = judge(line, owner, self.rules, self.today())
            if verdict.account is not None and owner:
                owner.book(line)
            found.append((key, line, verdict))
        return found


@dataclass(frozen=True, slots=True)
class _Mark:
    """By what a line is known, and whether its reference was used for something else before."""

    key: str
    content: str
    used_again: bool


class _Said:
    """What a statement has said so far: a line that it tells twice is money twice, as its balances show."""

    def __init__(self, statement: Statement, before: Mapping[int, int]) -> None:
        """`before` are the lines that are kept of these bytes as they were read in another way, by their position."""
        self.statement, self.before, self.healed = statement, before, 0
        self.told = ToldBefore(statement, (), ())
        self.keys = [statement.key(line) for line in statement.lines]
        self.several = {key for key, many in Counter(self.keys).items() if many > 1}
        self.times = Counter[tuple[str, str]]()

    def marked(self, till: Till, lines: Sequence[StatementLine]) -> tuple[list[_Mark], set[str]]:
        """Return the marks of the next lines, and those of them that are kept from an earlier statement."""
        keys = self.keys[lines[0].position - 1 : lines[-1].position]
        kept = till.seen(keys)
        told = dict(kept)
        marks = [self._mark(key, line.content, told) for key, line in zip(keys, lines, strict=True)]
        again = till.seen([mark.key for mark in marks if mark.used_again])
        return marks, {mark.key for mark in marks if mark.key in (again if mark.used_again else kept)}

    def read_otherwise(self, marks: Sequence[_Mark], kept: set[str], lines: Sequence[StatementLine]) -> list[Told]:
        """Return what the kept ones of these lines say now."""
        return [
            Told(self.before[line.position], line, None if mark.key in kept else mark.key, mark.content)
            for mark, line in zip(marks, lines, strict=True)
            if line.position in self.before
        ]

    def _mark(self, key: str, content: str, told: dict[str, str]) -> _Mark:
        times = self.times[key, content]
        if key in self.several:
            self.times[key, content] += 1
        used_again = times > 0 or told.setdefault(key, content) != content
        return _Mark(repeated(key, content, times) if used_again else key, content, used_again)


def _told_before(till: Till, file: StatementFile, said: _Said) -> ToldBefore:
    """Return what other files have told of a statement, less what is known by its references."""
    statement, recognised = said.statement, list[str]()
    others = till.told_by_others(file, statement)
    for lines in _portions(statement.lines) if others else ():
        keys = said.keys[lines[0].position - 1 : lines[-1].position]
        kept = till.seen(keys)
        recognised += [line.content for key, line in zip(keys, lines, strict=True) if kept.get(key) == line.content]
    return ToldBefore(statement, others, recognised)


def _doubt(mark: _Mark, again: Again | None) -> Unmatched | None:
    if mark.used_again:
        return Unmatched.REFERENCE_USED_AGAIN
    return Unmatched.TOLD_BEFORE if again else None


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
