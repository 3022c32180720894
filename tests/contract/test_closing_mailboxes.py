"""The end of mailboxes after the studies, and their return: against the stand-in, with the real registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estudent.adapters.registry.tables import address
from estudent.domain.brake import Brake
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_life import Leaving
from estudent.domain.plan import StepKind
from estudent.domain.student import MailboxState
from estudent.ports import Unavailable
from tests.contract.microsoft365_life import University, on_sqlite, refused
from tests.contract.registry_world import DOMAIN

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
ALBUM = "100001"
LEFT = [Standing.GRADUATED, Standing.RESIGNED, Standing.STRUCK_OFF]


@pytest.fixture
def university(migrated: Path, tmp_path: Path) -> Iterator[University]:
    with on_sqlite(migrated, tmp_path) as university:
        yield university


def state_of(university: University) -> Leaving | None:
    parting = university.student(ALBUM).parting
    return parting.state if parting else None


def run(university: University) -> list[str]:
    """Run the daily closing for everybody and return its remarks."""
    return refused(university.daily.apply([university.student(ALBUM).key]))


def closed_until(university: University, state: Leaving) -> None:
    """Let somebody graduate and time pass until the mailbox is so far closed."""
    key = university.with_mailbox(ALBUM).key
    university.becomes(ALBUM, Standing.GRADUATED)
    for _ in range(40):
        university.daily.apply([key])
        if state in (Leaving.DELETED, Leaving.GONE):
            university.erasure.apply([key])
        if state_of(university) is state:
            return
        university.later(days=7)
    raise AssertionError(f"never {state}")


@pytest.mark.parametrize("standing", LEFT)
def test_whoever_leaves_is_told_and_shut_out_at_once(university: University, standing: Standing) -> None:
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, standing)
    assert run(university) == []
    assert (university.enabled(ALBUM), state_of(university)) == (False, Leaving.BLOCKED)
    assert university.letters()[-1] == "mailbox_closing"


def test_who_is_on_leave_keeps_the_mailbox(university: University) -> None:
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, Standing.ON_LEAVE)
    before = university.writes()
    assert run(university) == []
    assert (university.enabled(ALBUM), state_of(university), university.writes()) == (True, None, before)


def test_a_second_run_on_the_same_day_writes_nothing_and_tells_nobody(university: University) -> None:
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, Standing.GRADUATED)
    run(university)
    before = (university.writes(), university.letters(), university.registry.dump())
    run(university)
    assert (university.writes(), university.letters(), university.registry.dump()) == before


def test_a_first_period_of_grace_leaves_the_sign_in_open_and_names_its_end(university: University) -> None:
    university.calendar = type(university.calendar)(block_after=10)
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, Standing.GRADUATED)
    run(university)
    assert (university.enabled(ALBUM), university.letters()[-1]) == (True, "mailbox_closing")
    university.later(days=9)
    run(university)
    assert university.enabled(ALBUM)
    university.later(days=1)
    run(university)
    assert not university.enabled(ALBUM)


def test_the_licence_ends_after_the_grace_and_two_weeks_after_the_letter(university: University) -> None:
    closed_until(university, Leaving.BLOCKED)
    university.later(days=45)
    run(university)
    assert university.letters()[-1] == "mailbox_closing"
    university.later(days=1)
    run(university)
    assert university.letters()[-1] == "mailbox_ends"
    university.later(days=13)
    run(university)
    assert state_of(university) is Leaving.BLOCKED
    university.later(days=1)
    run(university)
    user = university.user(ALBUM)
    assert state_of(university) is Leaving.UNLICENSED and user is not None and user["licences"] == []


def test_a_run_that_comes_late_still_warns_two_weeks_before(university: University) -> None:
    closed_until(university, Leaving.BLOCKED)
    university.later(days=100)
    run(university)
    due = university.student(ALBUM).parting
    assert due is not None and due.due is not None and (due.due - university.today()).days == 14


def test_nobody_is_deleted_by_the_daily_run(university: University) -> None:
    closed_until(university, Leaving.UNLICENSED)
    for _ in range(5):
        university.later(days=30)
        run(university)
    assert (state_of(university), university.letters()[-1]) == (Leaving.UNLICENSED, "mailbox_deletion")


def test_one_deletion_needs_somebody_s_agreement(university: University) -> None:
    closed_until(university, Leaving.UNLICENSED)
    university.later(days=20)
    run(university)
    university.later(days=20)
    forecast = university.erasure.forecast([university.student(ALBUM).key])
    assert forecast.steps == {StepKind.ERASE: 1}
    assert Brake(0.0, 0).holds(forecast.steps.elements(), forecast.looked_at)


def test_after_thirty_days_in_the_bin_all_is_gone_but_the_addresses_are_never_given_again(
    university: University,
) -> None:
    closed_until(university, Leaving.DELETED)
    assert university.user(ALBUM) is None
    university.later(days=31)
    run(university)
    assert state_of(university) is Leaving.GONE
    kinds = {row["address"]: row["kind"] for row in university.registry.rows(address)}
    assert kinds[f"lucja.zak.{ALBUM}@{DOMAIN}"] == "blocked"
    before = university.writes()
    run(university)
    assert university.writes() == before


@pytest.mark.parametrize("state", [Leaving.BLOCKED, Leaving.UNLICENSED, Leaving.DELETED, Leaving.GONE])
def test_whoever_studies_again_has_the_same_mailbox_from_wherever_it_was(
    university: University, state: Leaving
) -> None:
    closed_until(university, Leaving.DELETED if state is Leaving.GONE else state)
    if state is Leaving.GONE:
        university.later(days=31)
        run(university)
    university.becomes(ALBUM, Standing.STUDYING)
    assert run(university) == []
    key = university.student(ALBUM).key
    for _ in range(4):
        university.opening.apply([key])
        university.registry.clock.turn(hours=1)
    student, user = university.student(ALBUM), university.user(ALBUM)
    assert (student.parting, student.mailbox_state) == (None, MailboxState.VERIFIED)
    assert user is not None and university.enabled(ALBUM) and user["licences"]
    assert f"SMTP:lucja.zak.{ALBUM}@{DOMAIN}" in user["proxyAddresses"]
    assert f"smtp:s{ALBUM}@{DOMAIN}" in user["proxyAddresses"]
    assert "mailbox_back" in university.letters()
    before = university.writes()
    run(university)
    assert university.writes() == before


def test_who_comes_back_before_the_letter_went_out_is_not_told_of_an_end(university: University) -> None:
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, Standing.STRUCK_OFF)
    run(university)
    university.becomes(ALBUM, Standing.STUDYING)
    run(university)
    assert "mailbox_closing" not in university.letters()
    assert university.enabled(ALBUM)


@pytest.mark.parametrize("status", [0, 500, 504])
@pytest.mark.parametrize("path", ["revokeSignInSessions", "assignLicense"])
def test_an_answer_lost_after_its_effect_changes_nothing(university: University, path: str, status: int) -> None:
    university.with_mailbox(ALBUM)
    university.stand_in.fail(path, status=status, after_effect=True)
    university.becomes(ALBUM, Standing.GRADUATED)
    for _ in range(11):
        assert run(university) == []
        university.later(days=7)
    assert state_of(university) is Leaving.UNLICENSED
    assert university.stand_in.http.get(f"{university.stand_in.url}/sandbox/faults").json() == []


def test_a_run_that_dies_between_the_block_and_the_revocation_is_completed_by_the_next(
    university: University,
) -> None:
    university.with_mailbox(ALBUM)
    university.later(days=3)
    university.becomes(ALBUM, Standing.GRADUATED)
    university.stand_in.fail("revokeSignInSessions", status=503, times=9)
    assert any("try later" in why for why in run(university))
    assert (university.enabled(ALBUM), state_of(university)) == (False, Leaving.ANNOUNCED)
    university.stand_in.http.delete(f"{university.stand_in.url}/sandbox/faults")
    assert run(university) == []
    assert state_of(university) is Leaving.BLOCKED


def test_a_rehearsal_counts_and_writes_nothing(university: University) -> None:
    keys = [university.with_mailbox(album).key for album in (ALBUM, "100002", "100003")]
    university.becomes(ALBUM, Standing.GRADUATED)
    university.becomes("100002", Standing.RESIGNED)
    before = (university.writes(), university.registry.dump())
    forecast = university.daily.forecast(keys)
    assert (forecast.looked_at, forecast.steps) == (3, {StepKind.LOCK: 2})
    assert (university.writes(), university.registry.dump()) == before


def test_a_sign_in_that_somebody_opened_by_hand_is_told_and_left(university: University) -> None:
    closed_until(university, Leaving.BLOCKED)
    user = university.user(ALBUM)
    assert user is not None
    university.stand_in.change(user["id"], accountEnabled=True)
    before = university.writes()
    assert any("opened the sign-in by hand" in why for why in run(university))
    assert university.writes() == before


def test_a_user_whose_album_number_somebody_changed_is_not_taken_for_gone(university: University) -> None:
    identifier = university.with_mailbox(ALBUM).mailbox_id or ""
    university.stand_in.change(identifier, employeeId="another")
    university.becomes(ALBUM, Standing.GRADUATED)
    assert run(university) == []
    assert state_of(university) is Leaving.BLOCKED
    assert university.stand_in.property_of(identifier, "accountEnabled") is False


def test_microsoft_out_of_reach_leaves_everything_for_the_next_run(university: University) -> None:
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, Standing.GRADUATED)
    university.stand_in.fail("/v1.0/users", method="GET", status=503, times=9)
    with pytest.raises(Unavailable):
        run(university)
    university.stand_in.http.delete(f"{university.stand_in.url}/sandbox/faults")
    assert run(university) == []


class Killed(BaseException):
    """What kill -9 looks like to the code that runs: nothing after it happens."""


@pytest.mark.parametrize("part, name", [("partings", "announce"), ("microsoft", "take"), ("partings", "observe")])
def test_a_run_killed_anywhere_is_completed_by_the_next(
    university: University, part: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    university.with_mailbox(ALBUM)
    university.becomes(ALBUM, Standing.GRADUATED)
    act = getattr(getattr(university, part), name)

    def dies(*given: Any) -> None:
        list(act(*given) or ())
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(getattr(university, part), name, dies)
        with pytest.raises(Killed):
            run(university)
    assert run(university) == []
    assert (university.enabled(ALBUM), state_of(university)) == (False, Leaving.BLOCKED)
    assert university.letters().count("mailbox_closing") == 1
