"""What counts as drift of a mailbox that works, and what is done about each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_drift import REPAIRED, TOLD, Drift, drift_of, is_watched
from estudent.domain.mailbox_life import CloudUser, Leaving, Parting
from estudent.domain.mailbox_rename import Rename, RenameState
from estudent.domain.student import MailboxState
from tests.builders import DOMAIN, a_student

PRIMARY, FORMER, ALIAS = f"anna.nowak@{DOMAIN}", f"anna.kot@{DOMAIN}", f"s123456@{DOMAIN}"
STUDENT = a_student(
    standing=Standing.STUDYING, mailbox=PRIMARY, mailbox_state=MailboxState.VERIFIED, former=(FORMER,)
)  # fmt: skip
USER = CloudUser(
    STUDENT.album, "id", PRIMARY, PRIMARY, frozenset({PRIMARY, FORMER, ALIAS}), enabled=True,
    licensed_by=frozenset({""}), sessions_from=None,
)  # fmt: skip


@pytest.mark.parametrize(
    "changes, drift",
    [
        ({}, set()),
        ({"sign_in": PRIMARY.upper(), "primary": PRIMARY.title()}, set()),
        ({"licensed_by": frozenset({"a group"})}, set()),
        ({"enabled": False}, {Drift.DISABLED}),
        ({"addresses": frozenset({PRIMARY, FORMER})}, {Drift.ALIAS}),
        ({"addresses": frozenset({PRIMARY, ALIAS})}, {Drift.ALIAS}),
        ({"primary": FORMER}, {Drift.PRIMARY}),
        ({"primary": f"x@{DOMAIN}"}, {Drift.FOREIGN_PRIMARY}),
        ({"sign_in": ALIAS}, {Drift.SIGN_IN}),
        ({"sign_in": f"x@{DOMAIN}"}, {Drift.FOREIGN_SIGN_IN}),
        ({"licensed_by": frozenset(), "primary": None, "addresses": frozenset()}, {Drift.LICENCE}),
        ({"deleted": True, "enabled": False}, {Drift.DELETED}),
        ({"identifier": ""}, {Drift.UNCLEAR}),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], drift: set[Drift]) -> None:
    assert drift_of(STUDENT, replace(USER, **changes), ALIAS) == drift


def test_a_user_who_is_nowhere_is_missing() -> None:
    assert drift_of(STUDENT, None, ALIAS) == {Drift.MISSING}


def test_each_drift_is_either_repaired_or_told() -> None:
    assert set(TOLD) == set(Drift) - REPAIRED


@pytest.mark.parametrize(
    "changes",
    [
        {"mailbox_state": MailboxState.AWAITED},
        {"standing": Standing.GRADUATED},
        {"parting": Parting(Leaving.BLOCKED, date(2026, 7, 1), date(2026, 7, 1))},
        {"rename": Rename(RenameState.MOVING, PRIMARY, FORMER)},
    ],
)
def test_what_another_run_is_at_is_not_watched(changes: dict[str, Any]) -> None:
    assert is_watched(STUDENT) and not is_watched(replace(STUDENT, **changes))


def test_who_is_on_leave_is_watched() -> None:
    assert is_watched(replace(STUDENT, standing=Standing.ON_LEAVE))
