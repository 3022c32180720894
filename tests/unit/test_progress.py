"""The five steps: what a student is told at each place where one can be stuck (facts/usos.md 5.4 among them)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, TypeAlias

import pytest

from estudent.domain.fees import Account, Ledger, Receivable
from estudent.domain.lifecycle import Owed, Standing, owes
from estudent.domain.mailbox_way import Milestone, way_of
from estudent.domain.nrb import Nrb
from estudent.domain.progress import Action, Progress, Seen, Step, StepState, Why, progress_of
from estudent.domain.student import AccountState, LinkState, MailboxState, Student
from estudent.services.follow_steps import FollowSteps
from tests.builders import DOMAIN, SORT_CODE, TODAY, a_student
from tests.fakes import FakeFees

NOW = datetime(2026, 9, 15, 9, 0, tzinfo=UTC)
ADDRESS = f"lucja.zak@{DOMAIN}"
NUMBER = Nrb.build(SORT_CODE, f"{1:016d}")
ACTIVE: dict[str, Any] = {"account": AccountState.ACTIVE}
ASKED = ACTIVE | {"mailbox": ADDRESS, "mailbox_state": MailboxState.REQUESTED, "usos_id": 55, "account_number": NUMBER}
WORKING = ASKED | {"mailbox_state": MailboxState.VERIFIED}
LINKED = WORKING | {"usos_email": ADDRESS, "usos_state": LinkState.VERIFIED}
MADE = Seen(requested_at=NOW, user_made_at=NOW)
LICENSED = replace(MADE, licensed_at=NOW)
OPENED = replace(LICENSED, opened_at=NOW)
ALIASED = replace(OPENED, alias_added_at=NOW)


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


def progress(seen: Seen | None = None, to_pay: int = 0, **changes: Any) -> Progress:
    return progress_of(a_student(**changes), seen or Seen(), to_pay, NOW)


Row: TypeAlias = tuple[str, dict[str, Any], Seen, int, Step, StepState, Why, Action]
TABLE: list[Row] = [
    ("before activation", {}, Seen(), 0, Step.ACCOUNT, StepState.NOW, Why.NOT_ACTIVATED, Action.ACTIVATE),
    ("a mailbox comes after the account", {}, Seen(), 0,
     Step.MAILBOX, StepState.LATER, Why.ACCOUNT_FIRST, Action.NONE),
    ("activated", ACTIVE, Seen(activated_at=NOW), 0, Step.ACCOUNT, StepState.DONE, Why.ACTIVE, Action.NONE),
    ("a second programme keeps the account", ACTIVE | {"standing": Standing.STUDYING}, Seen(), 0,
     Step.ACCOUNT, StepState.DONE, Why.ACTIVE, Action.NONE),
    ("no name chosen", ACTIVE, Seen(), 0, Step.MAILBOX, StepState.NOW, Why.NO_NAME_CHOSEN, Action.CHOOSE_NAME),
    ("just asked", ASKED, Seen(requested_at=ago(minutes=1)), 0,
     Step.MAILBOX, StepState.WAITING, Why.BEING_MADE, Action.NONE),
    ("the mail lags for half an hour", ASKED, Seen(requested_at=ago(minutes=30)), 0,
     Step.MAILBOX, StepState.WAITING, Why.BEING_MADE, Action.NONE),
    ("longer than usual", ASKED, Seen(requested_at=ago(minutes=31)), 0,
     Step.MAILBOX, StepState.WAITING, Why.TAKES_LONGER, Action.NONE),
    ("since yesterday", ASKED, Seen(requested_at=ago(hours=25)), 0,
     Step.MAILBOX, StepState.TROUBLE, Why.TAKES_TOO_LONG, Action.ASK_OFFICE),
    ("a person must see to the mailbox", ASKED | {"mailbox_state": MailboxState.STUCK}, Seen(requested_at=ago(hours=1)),
     0, Step.MAILBOX, StepState.TROUBLE, Why.TAKES_TOO_LONG, Action.ASK_OFFICE),
    ("Microsoft has the user, not yet the mailbox", ASKED | {"mailbox_state": MailboxState.AWAITED},
     Seen(requested_at=ago(minutes=9)), 0, Step.MAILBOX, StepState.WAITING, Why.BEING_MADE, Action.NONE),
    ("the address is somebody else's at Microsoft", ASKED | {"mailbox_state": MailboxState.CONFLICT}, Seen(), 0,
     Step.MAILBOX, StepState.TROUBLE, Why.ADDRESS_TAKEN, Action.CHOOSE_ANOTHER_NAME),
    ("the mailbox works", WORKING, Seen(), 0, Step.MAILBOX, StepState.DONE, Why.MAILBOX_WORKS, Action.READ_MAIL),
    ("not yet immatriculated", ACTIVE, Seen(), 0, Step.USOS, StepState.WAITING, Why.NOT_IN_USOS, Action.NONE),
    ("not immatriculated though the mailbox works", WORKING | {"usos_id": None}, Seen(), 0,
     Step.USOS, StepState.WAITING, Why.NOT_IN_USOS, Action.NONE),
    ("a foreigner without PESEL goes the same way", ACTIVE | {"usos_id": 55}, Seen(), 0,
     Step.USOS, StepState.LATER, Why.MAILBOX_FIRST, Action.NONE),
    ("before the migration, when USOSweb knows nobody", WORKING, Seen(mailbox_seen_at=ago(hours=5)), 0,
     Step.USOS, StepState.WAITING, Why.ADDRESS_ON_ITS_WAY, Action.NONE),
    ("before the migration USOSweb is not offered", WORKING, Seen(), 0,
     Step.USOSWEB, StepState.LATER, Why.USOS_FIRST, Action.NONE),
    ("migrations have passed in vain", WORKING, Seen(mailbox_seen_at=ago(days=3)), 0,
     Step.USOS, StepState.TROUBLE, Why.LINK_TAKES_TOO_LONG, Action.ASK_OFFICE),
    ("the study became active long after the mailbox worked", WORKING | {"usos_state": LinkState.REQUESTED},
     Seen(mailbox_seen_at=ago(days=60), link_since=ago(hours=2)), 0,
     Step.USOS, StepState.WAITING, Why.ADDRESS_ON_ITS_WAY, Action.NONE),
    ("the mailbox worked long after the study became active", WORKING | {"usos_state": LinkState.ACTIVE},
     Seen(mailbox_seen_at=ago(hours=2), link_since=ago(days=60)), 0,
     Step.USOS, StepState.WAITING, Why.ADDRESS_ON_ITS_WAY, Action.NONE),
    ("USOS accepted the address and shows it to nobody", WORKING | {"usos_state": LinkState.REQUESTED},
     Seen(mailbox_seen_at=ago(days=60), link_since=ago(days=3)), 0,
     Step.USOS, StepState.TROUBLE, Why.LINK_TAKES_TOO_LONG, Action.ASK_OFFICE),
    ("USOS holds an old address", WORKING | {"usos_email": f"zak@{DOMAIN}"}, Seen(), 0,
     Step.USOS, StepState.WAITING, Why.ADDRESS_ON_ITS_WAY, Action.NONE),
    ("USOS holds the address in capitals", WORKING | {"usos_email": ADDRESS.upper()}, Seen(linked_at=NOW), 0,
     Step.USOS, StepState.DONE, Why.KNOWN_TO_USOS, Action.NONE),
    ("the person is not in USOS though recruitment knows the id", WORKING | {"usos_state": LinkState.AWAITED},
     Seen(mailbox_seen_at=ago(days=3)), 0, Step.USOS, StepState.WAITING, Why.NOT_IN_USOS, Action.NONE),
    ("the study is not active yet", WORKING | {"usos_state": LinkState.PERSON}, Seen(), 0,
     Step.USOS, StepState.WAITING, Why.STUDY_NOT_ACTIVE, Action.NONE),
    ("USOS has somebody else under the id", WORKING | {"usos_state": LinkState.CONFLICT}, Seen(), 0,
     Step.USOS, StepState.TROUBLE, Why.LINK_TAKES_TOO_LONG, Action.ASK_OFFICE),
    ("USOS has the address and USOSweb not yet", LINKED | {"usos_state": LinkState.LINKED}, Seen(linked_at=NOW), 0,
     Step.USOSWEB, StepState.WAITING, Why.USOSWEB_NOT_YET, Action.NONE),
    ("may sign in to USOSweb", LINKED, Seen(), 0,
     Step.USOSWEB, StepState.DONE, Why.MAY_SIGN_IN, Action.OPEN_USOSWEB),
    ("no account number yet", LINKED | {"account_number": None}, Seen(), 0,
     Step.FEES, StepState.WAITING, Why.NO_ACCOUNT_NUMBER, Action.NONE),
    ("fees come after USOS", WORKING, Seen(), 0, Step.FEES, StepState.LATER, Why.USOS_FIRST, Action.SEE_FEES),
    ("something to pay", LINKED, Seen(), 2, Step.FEES, StepState.NOW, Why.SOMETHING_TO_PAY, Action.SEE_FEES),
    ("something to pay before all else works", {}, Seen(), 1,
     Step.FEES, StepState.NOW, Why.SOMETHING_TO_PAY, Action.SEE_FEES),
    ("nothing to pay", LINKED, Seen(), 0, Step.FEES, StepState.DONE, Why.NOTHING_TO_PAY, Action.SEE_FEES),
    ("on leave the mailbox goes on", LINKED | {"standing": Standing.ON_LEAVE}, Seen(), 0,
     Step.MAILBOX, StepState.DONE, Why.MAILBOX_WORKS, Action.READ_MAIL),
    ("a graduate wants access for a few days", LINKED | {"standing": Standing.GRADUATED}, Seen(), 0,
     Step.ACCOUNT, StepState.ENDED, Why.STUDIES_ENDED, Action.NONE),
    ("a graduate's mailbox", LINKED | {"standing": Standing.GRADUATED}, Seen(), 0,
     Step.MAILBOX, StepState.ENDED, Why.STUDIES_ENDED, Action.NONE),
    ("who was struck off may still have to pay", LINKED | {"standing": Standing.STRUCK_OFF}, Seen(), 1,
     Step.FEES, StepState.NOW, Why.SOMETHING_TO_PAY, Action.SEE_FEES),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_a_student_is_told_where_a_step_stands(row: Row) -> None:
    _, changes, seen, to_pay, step, *told = row
    found = progress(seen, to_pay, **changes)[step]
    assert [found.state, found.why, found.action] == told


def test_every_reason_stands_in_the_table() -> None:
    assert {row[6] for row in TABLE} == set(Why)
    assert {row[7] for row in TABLE} == set(Action)


@pytest.mark.parametrize(
    "changes, to_pay, expected",
    [
        ({}, 0, Action.ACTIVATE),
        (ACTIVE, 0, Action.CHOOSE_NAME),
        (ACTIVE, 3, Action.CHOOSE_NAME),
        (ASKED, 0, None),
        (ASKED, 1, Action.SEE_FEES),
        (ASKED | {"mailbox_state": MailboxState.CONFLICT}, 1, Action.CHOOSE_ANOTHER_NAME),
        (WORKING, 0, None),
        (LINKED, 0, Action.OPEN_USOSWEB),
        (LINKED, 1, Action.SEE_FEES),
        (LINKED | {"standing": Standing.GRADUATED}, 0, None),
    ],
)
def test_there_is_one_thing_to_do_next_or_none(changes: dict[str, Any], to_pay: int, expected: Action | None) -> None:
    following = progress(to_pay=to_pay, **changes).next
    assert (following.action if following else None) == expected


def test_looking_again_is_worth_it_only_while_something_waits() -> None:
    assert progress(**ASKED).changes_by_itself
    assert not progress(**LINKED).changes_by_itself
    assert not progress(**LINKED | {"standing": Standing.GRADUATED}).changes_by_itself


def test_a_waiting_student_is_told_since_when_and_where_we_write() -> None:
    found = progress(Seen(requested_at=ago(minutes=3)), **ASKED, email="lucja@poczta.example")
    assert found[Step.MAILBOX].since == ago(minutes=3)
    assert found.write_to == "lucja@poczta.example"
    assert "lucja@" not in repr(found)


@pytest.mark.parametrize(
    "standing, account, state, usos_id, to_pay",
    list(product(Standing, AccountState, [None, *MailboxState], [None, 55], [0, 1])),
)
def test_every_student_has_five_steps_in_order_and_none_promises_what_is_not_owed(
    standing: Standing, account: AccountState, state: MailboxState | None, usos_id: int | None, to_pay: int
) -> None:
    student = a_student(
        standing=standing, account=account, mailbox=ADDRESS if state else None, mailbox_state=state, usos_id=usos_id
    )
    found = progress_of(student, Seen(), to_pay, NOW)
    assert [each.step for each in found.steps] == list(Step)
    assert (found[Step.MAILBOX].state is StepState.ENDED) == (not owes(standing, Owed.MAILBOX))
    assert all(
        (each.state in (StepState.NOW, StepState.TROUBLE)) <= (each.action is not Action.NONE) for each in found.steps
    )


@pytest.mark.parametrize(
    "state, seen, done",
    [
        (None, Seen(), 0),
        (MailboxState.REQUESTED, Seen(requested_at=NOW), 1),
        (MailboxState.CREATED, MADE, 2),
        (MailboxState.AWAITED, LICENSED, 3),
        (MailboxState.STUCK, LICENSED, 3),
        (MailboxState.OPENED, OPENED, 4),
        (MailboxState.ALIASED, ALIASED, 5),
        (MailboxState.ALIASED, replace(ALIASED, mailbox_seen_at=NOW), 5),
        (MailboxState.VERIFIED, replace(ALIASED, mailbox_seen_at=NOW), 6),
        (MailboxState.VERIFIED, replace(ALIASED, mailbox_seen_at=NOW, told_at=NOW), 7),
    ],
)
def test_the_way_of_a_mailbox_is_done_up_to_a_point_and_one_thing_is_waited_for(
    state: MailboxState | None, seen: Seen, done: int
) -> None:
    way = way_of(state, seen)
    assert [each.milestone for each in way] == list(Milestone)
    states = [each.state for each in way]
    ahead = [StepState.WAITING, *[StepState.LATER] * 6]
    assert states == [*[StepState.DONE] * done, *ahead[: 7 - done]]


class NoTrail:
    """Nothing was seen yet."""

    def of(self, whose: int) -> Seen:
        return Seen()


def test_only_what_is_not_paid_yet_counts() -> None:
    student: Student = a_student(**LINKED)
    owed = Ledger((Account(1, "tuition", NUMBER),), (Receivable(1, "Semester", Decimal(100), "PLN", TODAY, 1),))
    follow = FollowSteps(NoTrail(), FakeFees({student.key: owed}), lambda: TODAY, lambda: NOW)
    assert follow(student)[Step.FEES].state is StepState.NOW
    assert FollowSteps(NoTrail(), FakeFees(), lambda: TODAY, lambda: NOW)(student)[Step.FEES].state is StepState.DONE
