"""An album alias that somebody else holds: the mailbox gets stuck, operations see why, and later runs go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from estudent.adapters.microsoft365.ways import AliasSettings, Way
from estudent.adapters.registry.tables import mailbox
from estudent.domain.lifecycle import Standing
from estudent.domain.student import MailboxState
from tests.contract.microsoft365_life import University, on_sqlite, refused
from tests.contract.registry_world import DOMAIN

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
ALBUM, STRANGER = "100001", "999999"


@pytest.fixture
def university(migrated: Path, tmp_path: Path) -> Iterator[University]:
    """A student whose alias a user made by hand holds."""
    with on_sqlite(migrated, tmp_path) as university:
        university.stand_in.add_by_hand(STRANGER, f"s{ALBUM}@{DOMAIN}", onPremisesImmutableId="byhand1")
        student = university.registry.a_student(ALBUM, standing=Standing.STUDYING)
        university.registry.ask_for_mailbox(student, "lucja.zak")
        yield university


def run(university: University) -> list[str]:
    """Look at the mailbox until nothing more can be done at once, and return the last remarks."""
    said: list[str] = []
    for _ in range(4):
        said = refused(university.opening.apply([university.student(ALBUM).key]))
        university.registry.clock.turn(hours=1)
    return said


def state_of(university: University) -> MailboxState | None:
    return university.student(ALBUM).mailbox_state


def free_the_alias(university: University) -> None:
    (stranger,) = university.stand_in.users_of(STRANGER)
    university.stand_in.delete(stranger["id"])


def test_it_is_stuck_with_a_reason_and_every_run_says_so(university: University) -> None:
    (said,) = run(university)
    assert "the alias belongs to another recipient in Exchange" in said
    assert state_of(university) is MailboxState.STUCK
    (stored,) = university.registry.rows(mailbox)
    assert stored["problem"] == said
    lines = university.registry.journal.of(university.student(ALBUM).key)
    assert ("mailbox stuck", said) in {(line.step, line.detail) for line in lines}


def test_it_is_tried_again_each_day_and_works_once_the_alias_is_free(university: University) -> None:
    run(university)
    free_the_alias(university)
    key = university.student(ALBUM).key
    assert university.registry.mailboxes.due([key]) == []
    university.registry.clock.turn(days=1)
    assert university.registry.mailboxes.due([key]) == [key]
    assert run(university) == []
    assert state_of(university) is MailboxState.VERIFIED
    assert university.letters() == ["mailbox_ready"]


def test_by_mail_the_licence_waits_for_the_alias_that_cannot_be_written_after_it(university: University) -> None:
    by_mail = replace(
        university, microsoft=university.stand_in.adapter(federated=True, aliases=AliasSettings(Way.MAIL))
    )
    with closing(by_mail.microsoft):
        run(by_mail)
        user = by_mail.user(ALBUM)
        assert user is not None and user["licences"] == []
        free_the_alias(by_mail)
        assert run(by_mail) == []
    assert state_of(university) is MailboxState.VERIFIED
