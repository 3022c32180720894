"""How far a student has come on the manual's five steps: what is done, what waits and for whom, what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from estudent.domain.lifecycle import Owed
from estudent.domain.student import AccountState, LinkState, MailboxState, Student


class Step(StrEnum):
    """The steps in the order in which each can be taken."""

    ACCOUNT = "account"
    MAILBOX = "mailbox"
    USOS = "usos"
    USOSWEB = "usosweb"
    FEES = "fees"


class StepState(StrEnum):
    """NOW: it is the student's turn. WAITING: it is ours, or another system's. LATER: other steps come first.

    TROUBLE: it will not go on by itself. ENDED: nothing more is owed after the studies.
    """

    DONE = "done"
    NOW = "now"
    WAITING = "waiting"
    LATER = "later"
    TROUBLE = "trouble"
    ENDED = "ended"


class Why(StrEnum):
    """What a step's state means; pages say it in words."""

    STUDIES_ENDED = "studies_ended"
    NOT_ACTIVATED = "not_activated"
    ACTIVE = "active"
    ACCOUNT_FIRST = "account_first"
    NO_NAME_CHOSEN = "no_name_chosen"
    BEING_MADE = "being_made"
    TAKES_LONGER = "takes_longer"
    TAKES_TOO_LONG = "takes_too_long"
    ADDRESS_TAKEN = "address_taken"
    MAILBOX_WORKS = "mailbox_works"
    MAILBOX_FIRST = "mailbox_first"
    NOT_IN_USOS = "not_in_usos"
    STUDY_NOT_ACTIVE = "study_not_active"
    ADDRESS_ON_ITS_WAY = "address_on_its_way"
    LINK_TAKES_TOO_LONG = "link_takes_too_long"
    KNOWN_TO_USOS = "known_to_usos"
    USOS_FIRST = "usos_first"
    USOSWEB_NOT_YET = "usosweb_not_yet"
    MAY_SIGN_IN = "may_sign_in"
    SOMETHING_TO_PAY = "something_to_pay"
    NO_ACCOUNT_NUMBER = "no_account_number"
    NOTHING_TO_PAY = "nothing_to_pay"


class Action(StrEnum):
    """What a student can do about a step."""

    NONE = "none"
    ACTIVATE = "activate"
    CHOOSE_NAME = "choose_name"
    CHOOSE_ANOTHER_NAME = "choose_another_name"
    READ_MAIL = "read_mail"
    OPEN_USOSWEB = "open_usosweb"
    SEE_FEES = "see_fees"
    ASK_OFFICE = "ask_office"


USUAL = timedelta(minutes=30)
"""How long Microsoft usually needs for a mailbox."""

TOO_LONG = timedelta(hours=24)
"""After so long a mailbox will hardly come by itself."""

LINK_TOO_LONG = timedelta(days=2)
"""USOS's migrations run several times a day; an address that was not seen after so long was missed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the registry holds of a student's progress beside the student; a moment is None for what has not been.

    `link_since` is when the way into USOS came to where it is.
    """

    activated_at: datetime | None = None
    requested_at: datetime | None = None
    user_made_at: datetime | None = None
    alias_added_at: datetime | None = None
    mailbox_seen_at: datetime | None = None
    linked_at: datetime | None = None
    licensed_at: datetime | None = None
    opened_at: datetime | None = None
    told_at: datetime | None = None
    enabled_at: datetime | None = None
    expected_at: datetime | None = None
    link_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepOnTheWay:
    """Where a student stands with one step; `since` is when this state began, where that is known.

    `until` is when it can end at the earliest, where somebody else's timetable says so.
    """

    step: Step
    state: StepState
    why: Why
    since: datetime | None = None
    action: Action = Action.NONE
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A student's five steps."""

    steps: tuple[StepOnTheWay, ...]
    write_to: str = field(repr=False)

    def __getitem__(self, step: Step) -> StepOnTheWay:
        return next(each for each in self.steps if each.step == step)

    @property
    def next(self) -> StepOnTheWay | None:
        """The one step where the student can do something now, or None while there is nothing to do."""
        mine = [each for each in self.steps if each.state in (StepState.TROUBLE, StepState.NOW)]
        if mine:
            return mine[0]
        usosweb = self[Step.USOSWEB]
        return usosweb if usosweb.state is StepState.DONE else None

    @property
    def changes_by_itself(self) -> bool:
        """Tell whether something may change without the student, so that looking again is worth it."""
        return any(each.state is StepState.WAITING for each in self.steps)

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(each.state is StepState.DONE for each in self.steps)


def progress_of(student: Student, seen: Seen, to_pay: int, now: datetime) -> Progress:
    """Return where a student stands; `to_pay` is how many receivables are open."""
    usos = _usos(student, seen, now)
    steps = (
        _account(student, seen),
        _mailbox(student, seen, now),
        usos,
        _usosweb(student, usos, seen),
        _fees(student, usos, to_pay),
    )
    return Progress(steps, write_to=student.email)


def _account(student: Student, seen: Seen) -> StepOnTheWay:
    step = Step.ACCOUNT
    if not student.is_owed(Owed.SIGN_IN):
        return _ended(step)
    if student.account is not AccountState.ACTIVE:
        return StepOnTheWay(step, StepState.NOW, Why.NOT_ACTIVATED, action=Action.ACTIVATE)
    return StepOnTheWay(step, StepState.DONE, Why.ACTIVE, seen.activated_at)


def _mailbox(student: Student, seen: Seen, now: datetime) -> StepOnTheWay:
    step = Step.MAILBOX
    if not student.is_owed(Owed.MAILBOX):
        return _ended(step)
    if student.mailbox_state is MailboxState.VERIFIED:
        return StepOnTheWay(step, StepState.DONE, Why.MAILBOX_WORKS, seen.mailbox_seen_at, Action.READ_MAIL)
    if student.mailbox_state is MailboxState.CONFLICT:
        action = Action.CHOOSE_ANOTHER_NAME
        return StepOnTheWay(step, StepState.TROUBLE, Why.ADDRESS_TAKEN, seen.mailbox_seen_at, action)
    if student.mailbox is not None:
        return _mailbox_on_its_way(student, seen, now)
    if student.account is not AccountState.ACTIVE:
        return StepOnTheWay(step, StepState.LATER, Why.ACCOUNT_FIRST)
    return StepOnTheWay(step, StepState.NOW, Why.NO_NAME_CHOSEN, action=Action.CHOOSE_NAME)


def _mailbox_on_its_way(student: Student, seen: Seen, now: datetime) -> StepOnTheWay:
    waits = now - seen.requested_at if seen.requested_at else timedelta(0)
    if waits > TOO_LONG or student.mailbox_state is MailboxState.STUCK:
        action = Action.ASK_OFFICE
        return StepOnTheWay(Step.MAILBOX, StepState.TROUBLE, Why.TAKES_TOO_LONG, seen.requested_at, action)
    why = Why.TAKES_LONGER if waits > USUAL else Why.BEING_MADE
    return StepOnTheWay(Step.MAILBOX, StepState.WAITING, why, seen.requested_at)


def _usos(student: Student, seen: Seen, now: datetime) -> StepOnTheWay:
    step = Step.USOS
    if not student.is_owed(Owed.USOS_LINK):
        return _ended(step)
    if student.usos_id is None:
        return StepOnTheWay(step, StepState.WAITING, Why.NOT_IN_USOS)
    address = student.working_mailbox
    if address is None:
        return StepOnTheWay(step, StepState.LATER, Why.MAILBOX_FIRST)
    if (student.usos_email or "").lower() == address.lower():
        return StepOnTheWay(step, StepState.DONE, Why.KNOWN_TO_USOS, seen.linked_at)
    return _link_on_its_way(student, seen, now)


def _link_on_its_way(student: Student, seen: Seen, now: datetime) -> StepOnTheWay:
    step = Step.USOS
    if student.usos_state in NOT_THERE:
        return StepOnTheWay(step, StepState.WAITING, NOT_THERE[student.usos_state], until=seen.expected_at)
    # A study becomes active long after the mailbox works: the wait for the address begins with the later of the two.
    since = max(filter(None, (seen.mailbox_seen_at, seen.link_since)), default=None)
    waits_too_long = since and now - since > LINK_TOO_LONG
    if waits_too_long or student.usos_state in HELD:
        action = Action.ASK_OFFICE
        return StepOnTheWay(step, StepState.TROUBLE, Why.LINK_TAKES_TOO_LONG, since, action)
    return StepOnTheWay(step, StepState.WAITING, Why.ADDRESS_ON_ITS_WAY, since, until=seen.expected_at)


NOT_THERE = {LinkState.AWAITED: Why.NOT_IN_USOS, LinkState.PERSON: Why.STUDY_NOT_ACTIVE}
"""What USOS must have before it can take the address, which no run of ours can hurry."""

HELD = (LinkState.CONFLICT, LinkState.STUCK)


def _usosweb(student: Student, usos: StepOnTheWay, seen: Seen) -> StepOnTheWay:
    """Return whether USOSweb lets the student in; whether they were there is not ours to see."""
    step = Step.USOSWEB
    if usos.state is StepState.ENDED:
        return _ended(step)
    if usos.state is StepState.DONE and student.account is AccountState.ACTIVE:
        if student.usos_state is not LinkState.VERIFIED:
            return StepOnTheWay(step, StepState.WAITING, Why.USOSWEB_NOT_YET, usos.since, until=seen.expected_at)
        return StepOnTheWay(step, StepState.DONE, Why.MAY_SIGN_IN, seen.enabled_at or usos.since, Action.OPEN_USOSWEB)
    return StepOnTheWay(step, StepState.LATER, Why.USOS_FIRST)


def _fees(student: Student, usos: StepOnTheWay, to_pay: int) -> StepOnTheWay:
    step = Step.FEES
    if to_pay:
        return StepOnTheWay(step, StepState.NOW, Why.SOMETHING_TO_PAY, action=Action.SEE_FEES)
    if not student.is_owed(Owed.PAYMENT_ACCOUNT):
        return _ended(step)
    if student.account_number is None:
        return StepOnTheWay(step, StepState.WAITING, Why.NO_ACCOUNT_NUMBER)
    if usos.state is not StepState.DONE:
        return StepOnTheWay(step, StepState.LATER, Why.USOS_FIRST, action=Action.SEE_FEES)
    return StepOnTheWay(step, StepState.DONE, Why.NOTHING_TO_PAY, action=Action.SEE_FEES)


def _ended(step: Step) -> StepOnTheWay:
    return StepOnTheWay(step, StepState.ENDED, Why.STUDIES_ENDED)
