"""Another primary address: against the stand-in, with the real registry and a directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estudent.adapters.registry.tables import address
from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.outcome import Tally
from estudent.domain.person_name import PersonName
from estudent.domain.plan import StepKind
from estudent.domain.student import MailboxState
from estudent.ports import AlreadyExists, Misconfigured, Refused, TooAlike, Unavailable
from tests.contract.microsoft365_life import University, on_sqlite
from tests.contract.passwords_contract import album_of
from tests.contract.registry_world import DOMAIN
from tests.fakes import FakePasswords

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
ALBUM = "100001"
NUMBER = AlbumNumber(ALBUM)
OLD, NEW, ALIAS = f"lucja.zak.{ALBUM}@{DOMAIN}", f"lucja.nowak@{DOMAIN}", f"s{ALBUM}@{DOMAIN}"
MARRIED = PersonName("Nowak", "Łucja")


@pytest.fixture
def university(migrated: Path, tmp_path: Path) -> Iterator[University]:
    with on_sqlite(migrated, tmp_path) as university:
        university.with_mailbox(ALBUM)
        yield university


@pytest.fixture
def asked(university: University) -> University:
    assert university.ask_for_address.ask(NUMBER, "lucja.nowak") == NEW
    return university


def run(university: University) -> Tally:
    return university.renaming.apply([university.student(ALBUM).key])


def state_of(university: University) -> RenameState | None:
    rename = university.student(ALBUM).rename
    return rename.state if rename else None


def at_microsoft(university: University) -> tuple[str, str, bool]:
    """Return sign-in name, primary address, and whether both other addresses lead to the mailbox."""
    user = university.user(ALBUM)
    assert user is not None
    addresses: list[str] = user["proxyAddresses"]
    primary = next(each[5:] for each in addresses if each.startswith("SMTP:"))
    others = {each[5:].lower() for each in addresses}
    return user["userPrincipalName"], primary, {OLD, ALIAS} <= others


def mail(university: University) -> tuple[str, ...]:
    return university.directory.entries[NUMBER].mail


def assert_moved(university: University) -> None:
    assert at_microsoft(university) == (NEW, NEW, True)
    student = university.student(ALBUM)
    assert (student.mailbox, student.former, state_of(university)) == (NEW, (OLD,), RenameState.MOVED)
    assert mail(university) == (NEW,)
    assert university.letters()[-1] == "mailbox_renamed"


def assert_as_before(university: University) -> None:
    assert at_microsoft(university)[0] == OLD
    assert (university.student(ALBUM).mailbox, mail(university)) == (OLD, (OLD,))


def test_everything_moves_together_and_the_old_address_leads_there_for_good(asked: University) -> None:
    tally = run(asked)
    assert (tally.changed, tally.remarks) == (1, [])
    assert_moved(asked)


def test_the_mailbox_still_counts_as_working_with_all_its_addresses(asked: University) -> None:
    run(asked)
    asked.registry.clock.turn(days=2)
    before = asked.writes()
    tally = asked.opening.apply([asked.student(ALBUM).key])
    assert (tally.changed, tally.remarks, asked.writes()) == (0, [], before)
    assert asked.student(ALBUM).mailbox_state is MailboxState.VERIFIED


def test_a_second_run_writes_nothing(asked: University) -> None:
    run(asked)
    before = (asked.writes(), asked.registry.dump())
    run(asked)
    assert (asked.writes(), asked.registry.dump()) == before


def test_every_address_signs_in(asked: University) -> None:
    run(asked)
    passwords = FakePasswords(asked.directory, asked.registry.clock)
    for name in (NEW, OLD, ALIAS, f"s{ALBUM}", NEW.upper()):
        assert album_of(passwords, name) == NUMBER


def test_a_rehearsal_counts_it_for_the_brake_and_changes_nothing(asked: University) -> None:
    before = (asked.writes(), asked.registry.dump())
    assert asked.renaming.forecast([asked.student(ALBUM).key]).steps == {StepKind.RENAME: 1}
    assert (asked.writes(), asked.registry.dump()) == before


def test_while_it_is_under_way_nobody_else_touches_the_mailbox(asked: University) -> None:
    asked.stand_in.fail("/v1.0/users/", method="PATCH", status=503, times=99)
    run(asked)
    key = asked.student(ALBUM).key
    asked.registry.clock.turn(days=2)
    assert asked.opening.apply([key]).read == 0
    assert asked.student(ALBUM).mailbox_state is MailboxState.VERIFIED


@pytest.mark.parametrize("status", [0, 500, 504])
@pytest.mark.parametrize("where", [{"path": "InvokeCommand"}, {"path": "/v1.0/users/", "method": "PATCH"}])
def test_an_answer_lost_after_its_effect_is_looked_for(asked: University, where: dict[str, str], status: int) -> None:
    asked.stand_in.fail(**where, status=status, after_effect=True)
    run(asked)
    run(asked)
    assert_moved(asked)


def test_a_sign_in_that_cannot_be_moved_goes_back_in_the_same_run(asked: University) -> None:
    asked.stand_in.fail("/v1.0/users/", method="PATCH", status=503, times=99)
    assert run(asked).failed == 1
    assert_as_before(asked)
    assert state_of(asked) is RenameState.ARRIVING
    asked.stand_in.http.delete(f"{asked.stand_in.url}/sandbox/faults")
    assert run(asked).changed == 1
    assert_moved(asked)


@pytest.mark.parametrize("where", [{"path": "InvokeCommand"}, {"path": "/v1.0/users/", "method": "PATCH"}])
def test_a_user_whom_microsoft_cannot_see_just_now_is_moved_by_the_next_run(
    asked: University, where: dict[str, str]
) -> None:
    asked.stand_in.fail(**where, status=404)
    assert run(asked).failed == 1
    assert_as_before(asked)
    assert run(asked).changed == 1
    assert_moved(asked)


def test_without_the_permission_to_move_the_sign_in_nothing_stays_half_moved(asked: University) -> None:
    asked.stand_in.fail("/v1.0/users/", method="PATCH", status=403)
    with pytest.raises(Misconfigured):
        run(asked)
    assert_as_before(asked)


def test_a_sign_in_that_microsoft_refuses_brings_everything_back(asked: University) -> None:
    asked.stand_in.fail("/v1.0/users/", method="PATCH", status=400)
    tally = run(asked)
    assert (tally.refused, state_of(asked)) == (1, RenameState.REFUSED)
    assert_as_before(asked)
    assert at_microsoft(asked)[1] == OLD


def test_an_address_that_is_somebody_else_s_in_exchange_changes_nothing(university: University) -> None:
    university.stand_in.add_by_hand("999999", NEW, onPremisesImmutableId="byhand1")
    university.ask_for_address.ask(NUMBER, "lucja.nowak")
    assert run(university).refused == 1
    assert_as_before(university)
    assert university.student(ALBUM).former == ()


def test_a_directory_out_of_reach_leaves_the_sign_in_as_it_is(asked: University) -> None:
    asked.directory.problem = Unavailable("the directory does not answer; try later")
    assert run(asked).failed == 1
    assert at_microsoft(asked)[0] == OLD
    asked.directory.problem = None
    assert run(asked).changed == 1
    assert_moved(asked)


class Killed(BaseException):
    """What kill -9 looks like to the code that runs: nothing after it happens."""


@pytest.mark.parametrize("calls", range(5))
def test_a_run_killed_anywhere_is_completed_by_the_next(
    asked: University, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(calls))

    def dies(act: Any) -> Any:
        def acting(*given: Any) -> Any:
            result = act(*given)
            if next(left, None) is None:
                raise Killed
            return result

        return acting

    with monkeypatch.context() as patched:
        for part, name in (
            (asked.microsoft, "make_primary"), (asked.microsoft, "move_sign_in"), (asked.renames, "observe"),
        ):  # fmt: skip
            patched.setattr(part, name, dies(getattr(part, name)))
        with pytest.raises(Killed):
            run(asked)
    run(asked)
    assert_moved(asked)


def test_a_new_name_alone_changes_no_address_and_is_offered(university: University) -> None:
    university.becomes(ALBUM, Standing.STUDYING, name=MARRIED)
    before = university.writes()
    assert run(university).changed == 0
    assert (state_of(university), university.student(ALBUM).mailbox) == (RenameState.OFFERED, OLD)
    assert university.writes() == before


def test_the_student_may_keep_the_address(university: University) -> None:
    university.becomes(ALBUM, Standing.STUDYING, name=MARRIED)
    university.ask_for_address.decline(NUMBER)
    assert state_of(university) is RenameState.DECLINED
    assert run(university).changed == 0


def test_changed_data_without_another_name_offer_nothing(university: University) -> None:
    university.becomes(ALBUM, Standing.STUDYING, email="another@example.org")
    assert state_of(university) is None


def test_one_may_go_back_to_the_old_address(asked: University) -> None:
    run(asked)
    assert asked.ask_for_address.ask(NUMBER, f"lucja.zak.{ALBUM}") == OLD
    assert run(asked).changed == 1
    assert (asked.student(ALBUM).mailbox, asked.student(ALBUM).former) == (OLD, (NEW,))
    assert at_microsoft(asked)[:2] == (OLD, OLD)


def test_both_addresses_stay_the_student_s_for_ever(asked: University) -> None:
    run(asked)
    other = asked.with_mailbox("100002")
    for name in ("lucja.nowak", f"lucja.zak.{ALBUM}"):
        with pytest.raises(AlreadyExists):
            asked.ask_for_address.ask(other.album, name)
    with pytest.raises(TooAlike):
        asked.ask_for_address.ask(other.album, "lucja-nowak")
    owners = {row["address"]: row["student_id"] for row in asked.registry.rows(address)}
    assert owners[OLD] == owners[NEW] == asked.student(ALBUM).key


def test_who_is_being_moved_cannot_ask_again(asked: University) -> None:
    with pytest.raises(Refused):
        asked.ask_for_address.ask(NUMBER, "lucja.kowalska")


def test_who_has_no_working_mailbox_has_none_to_rename(university: University) -> None:
    university.registry.a_student("100002", standing=Standing.STUDYING)
    with pytest.raises(Refused):
        university.ask_for_address.ask(AlbumNumber("100002"), "lucja.nowak")
