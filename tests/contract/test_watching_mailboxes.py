"""What others change about mailboxes that work: found by the delta query, repaired or told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estudent.adapters.registry.tables import watermark
from estudent.domain.album_number import AlbumNumber
from estudent.domain.brake import Brake
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Tally
from estudent.domain.plan import StepKind
from estudent.domain.student import MailboxState
from estudent.domain.whom import Whom
from tests.contract.microsoft365_life import University, on_sqlite
from tests.contract.registry_world import DOMAIN

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
ALBUM, OTHER = "100001", "100002"
PRIMARY, ALIAS = f"lucja.zak.{ALBUM}@{DOMAIN}", f"s{ALBUM}@{DOMAIN}"


@pytest.fixture
def university(migrated: Path, tmp_path: Path) -> Iterator[University]:
    with on_sqlite(migrated, tmp_path) as university:
        for album in (ALBUM, OTHER):
            university.with_mailbox(album)
        university.watch()
        yield university


def user_of(university: University) -> dict[str, Any]:
    user = university.user(ALBUM)
    assert user is not None
    return user


def noticed(university: University) -> list[str]:
    keys = university.watching.notice(university.registry.students.keys(Whom())).keys
    return [str(student.album) for student in university.registry.students.load(keys)]


def assert_repaired(university: University, tally: Tally) -> None:
    assert (tally.changed, tally.failed, tally.remarks) == (1, 0, [])
    user = user_of(university)
    assert user["userPrincipalName"] == PRIMARY and user["licences"]
    assert {f"SMTP:{PRIMARY}", f"smtp:{ALIAS}"} <= set(user["proxyAddresses"])
    assert university.student(ALBUM).mailbox_state is MailboxState.VERIFIED
    before = university.writes()
    again = university.watch()
    assert (again.changed, again.remarks, university.writes()) == (0, [], before)


def assert_told(university: University, words: str) -> None:
    before = university.writes()
    tally = university.watch()
    assert [words in remark.why for remark in tally.remarks] == [True]
    assert (tally.changed, university.writes()) == (0, before)


def test_when_nothing_has_changed_nobody_is_looked_at(university: University) -> None:
    assert noticed(university) == []


def test_only_those_who_changed_are_looked_at(university: University) -> None:
    university.stand_in.change(user_of(university)["id"], accountEnabled=False)
    assert noticed(university) == [ALBUM]


def test_an_alias_that_is_gone_is_added_again(university: University) -> None:
    university.microsoft.remove_alias(user_of(university)["id"], ALIAS)
    assert_repaired(university, university.watch())


def test_a_former_address_that_is_gone_is_added_again(university: University) -> None:
    university.ask_for_address.ask(AlbumNumber(ALBUM), "lucja.nowak")
    key = university.student(ALBUM).key
    university.renaming.apply([key])
    university.microsoft.remove_alias(user_of(university)["id"], PRIMARY)
    university.watch()
    assert f"smtp:{PRIMARY}" in user_of(university)["proxyAddresses"]


def test_a_licence_that_is_gone_is_given_again_and_both_addresses_with_it(university: University) -> None:
    sku = university.stand_in.property_of(user_of(university)["id"], "assignedLicenses")[0]["skuId"]
    university.stand_in.withdraw(user_of(university)["id"], sku)
    university.watch()
    key = university.student(ALBUM).key
    for _ in range(3):
        university.registry.clock.turn(hours=1)
        university.opening.apply([key])
    user = user_of(university)
    assert user["licences"] and {f"SMTP:{PRIMARY}", f"smtp:{ALIAS}"} <= set(user["proxyAddresses"])
    assert university.student(ALBUM).mailbox_state is MailboxState.VERIFIED


def test_an_own_address_made_primary_by_hand_is_put_back(university: University) -> None:
    university.microsoft.make_primary(user_of(university)["id"], ALIAS)
    assert_repaired(university, university.watch())


def test_a_sign_in_name_that_is_an_own_address_is_put_back(university: University) -> None:
    university.stand_in.change(user_of(university)["id"], userPrincipalName=ALIAS)
    assert_repaired(university, university.watch())


def test_a_user_deleted_by_hand_is_restored(university: University) -> None:
    university.stand_in.delete(user_of(university)["id"])
    university.watch()
    key = university.student(ALBUM).key
    for _ in range(3):
        university.registry.clock.turn(hours=1)
        university.opening.apply([key])
    assert university.enabled(ALBUM)
    assert university.student(ALBUM).mailbox_state is MailboxState.VERIFIED


def test_a_sign_in_blocked_by_hand_is_told_and_left(university: University) -> None:
    university.stand_in.change(user_of(university)["id"], accountEnabled=False)
    assert_told(university, "blocked by hand")


def test_a_stranger_s_address_made_primary_is_told_and_left(university: University) -> None:
    university.microsoft.make_primary(user_of(university)["id"], f"stranger@{DOMAIN}")
    assert_told(university, "none of the student's")


def test_a_second_user_with_the_album_number_is_not_taken_for_the_first(university: University) -> None:
    university.stand_in.add_by_hand(ALBUM, f"twin@{DOMAIN}", onPremisesImmutableId="twin")
    university.stand_in.change(university.student(ALBUM).mailbox_id or "", accountEnabled=False)
    assert_told(university, "blocked by hand")


def test_who_has_left_is_the_closing_s_business(university: University) -> None:
    university.becomes(ALBUM, Standing.GRADUATED)
    university.daily.apply([university.student(ALBUM).key])
    before = university.writes()
    tally = university.watch()
    assert (tally.remarks, university.writes()) == ([], before)


def test_an_expired_token_is_answered_by_a_full_listing(university: University) -> None:
    university.microsoft.remove_alias(user_of(university)["id"], ALIAS)
    university.later(days=8)
    assert sorted(noticed(university)) == [ALBUM, OTHER]
    assert_repaired(university, university.watch())


def test_a_repair_that_failed_is_finished_like_a_mailbox_on_its_way(university: University) -> None:
    university.microsoft.remove_alias(user_of(university)["id"], ALIAS)
    university.stand_in.fail("InvokeCommand", status=503, times=99)
    assert university.watch().failed == 1
    assert noticed(university) == [ALBUM]
    university.stand_in.http.delete(f"{university.stand_in.url}/sandbox/faults")
    university.registry.clock.turn(hours=1)
    university.opening.apply([university.student(ALBUM).key])
    assert f"smtp:{ALIAS}" in user_of(university)["proxyAddresses"]
    assert university.student(ALBUM).mailbox_state is MailboxState.VERIFIED
    assert university.watch().remarks == []


def test_a_rehearsal_counts_repairs_for_the_brake_and_keeps_the_token(university: University) -> None:
    university.microsoft.remove_alias(user_of(university)["id"], ALIAS)
    before = (university.writes(), university.registry.rows(watermark))
    keys = university.watching.notice(university.registry.students.keys(Whom())).keys
    forecast = university.watching.forecast(keys)
    assert forecast.steps == {StepKind.REPAIR: 1}
    assert Brake().holds(list(forecast.steps.elements()) * 400, 5000)
    assert (university.writes(), university.registry.rows(watermark)) == before
