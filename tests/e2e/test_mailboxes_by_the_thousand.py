"""A year's intake of mailboxes while Microsoft falters and the worker's process is killed three times.

The real deployment runs in processes of its own, as a worker runs it, against the stand-in with Microsoft's quota
scaled: 10 % of all requests are throttled, 3 % fail, 2 % lose their answer after they took effect. There are 500
students, or as many as the environment says; a whole year's intake takes some ten minutes on two cores:

    ESTUDENT_TEST_MAILBOXES=5000 pytest tests/e2e/test_mailboxes_by_the_thousand.py
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from estudent.adapters.microsoft365.graph import MOST_VALUES
from sandbox.crowd import Scale, let_ask
from sandbox.microsoft365.skus import A1
from sandbox.orchestration import Orchestration
from sandbox.university import University
from tests.e2e.killing import settings_anew
from tests.e2e.thousands import Morning, moments

pytestmark = pytest.mark.enable_socket
STUDENTS = int(os.environ.get("ESTUDENT_TEST_MAILBOXES", "500"))
SCALE = Scale(STUDENTS / 2000)
"""The quota's bucket then holds three quarters of what is to be written, and the rest takes under a minute."""

SEED = 7
LUCK = (
    "--throttled",
    "0.1",
    "--failing",
    "0.03",
    "--lost",
    "0.02",
    "--seed",
    str(SEED),
    "--visible-after",
    "0.3",
    "--exchange-latency",
    "0.01",
)
ASKED = "SELECT s.album_number, m.address, m.alias FROM student s JOIN mailbox m ON m.student_id = s.id"
LETTERS = "SELECT student_id FROM message WHERE kind = 'mailbox_ready'"
LINES = "SELECT count(*) FROM journal WHERE system = 'mailboxes'"
UNDER_WAY = 100
"""So many failures at most go untold with a process that is killed: of requests under way and of the last second."""


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """Everything after the last run that had something to do."""
    folder: Path = tmp_path_factory.mktemp("thousands")
    cloud = (*SCALE.options, *LUCK)
    more = {"mailboxes": SCALE.settings}
    with ExitStack() as stack:
        university = stack.enter_context(University(folder, durable=False, more=more, cloud=cloud))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("ESTUDENT_SETTINGS", str(university.settings))
        stack.callback(settings_anew)
        settings_anew()
        assert let_ask(university, STUDENTS) == STUDENTS
        prefect = stack.enter_context(Orchestration(folder / "prefect", university.environment))
        prefect.serve()
        morning = Morning(university, prefect, STUDENTS)
        morning.run_and_kill(moments(SEED))
        morning.run_to_the_end()
        yield morning


def test_the_luck_was_as_bad_as_it_was_meant_to_be(morning: Morning) -> None:
    befell = morning.tenant()["profile"]["befell"]
    asked = morning.requests().total()
    assert len(morning.killed_at) == 3
    assert befell["throttled"] > 0.07 * asked
    assert befell["failing"] > 0.02 * asked
    assert befell["lost"] > 0.01 * asked


def test_every_student_has_exactly_one_user_and_one_licence(morning: Morning) -> None:
    tenant, albums = morning.tenant(), [album for album, _, _ in morning.rows(ASKED)]
    users = [user for user in tenant["users"] if user["employeeId"]]
    assert len(albums) == STUDENTS
    assert Counter(user["employeeId"] for user in users) == Counter(albums)
    assert {tuple(each["skuId"] for each in user["assignedLicenses"]) for user in users} == {(A1,)}
    assert tenant["deleted"] == []


def test_the_address_and_the_alias_lead_to_every_student_s_mailbox(morning: Morning) -> None:
    users = {user["employeeId"]: user for user in morning.tenant()["users"] if user["employeeId"]}
    for album, address, alias in morning.rows(ASKED):
        assert {f"SMTP:{address}", f"smtp:{alias}"} <= set(users[album]["proxyAddresses"]), album
        assert users[album]["mailbox_ready"], album


def test_the_registry_has_seen_it_all_work(morning: Morning) -> None:
    assert morning.states() == {"verified": STUDENTS}
    assert morning.rows("SELECT count(*) FROM mailbox WHERE problem <> '' OR verified_at IS NULL") == [(0,)]


def test_every_student_is_told_once(morning: Morning) -> None:
    letters = Counter(student for (student,) in morning.rows(LETTERS))
    assert (len(letters), set(letters.values())) == (STUDENTS, {1})


def test_the_journal_explains_each_retry(morning: Morning) -> None:
    assert set(morning.unexplained) == {0}
    assert 0 <= morning.failures() - morning.told() <= UNDER_WAY * len(morning.killed_at)


def test_the_journal_says_why_wherever_something_went_wrong(morning: Morning) -> None:
    assert morning.rows("SELECT count(*) FROM journal WHERE result <> 'done' AND detail = ''") == [(0,)]
    assert morning.rows("SELECT count(*) FROM journal WHERE detail LIKE '%@%' AND system = 'mailboxes'") == [(0,)]


def test_the_same_run_again_looks_at_everybody_and_writes_nothing(morning: Morning) -> None:
    morning.let_all_be_due()
    writes, reads, lines = morning.writes(), morning.reads(), morning.rows(LINES)
    assert morning.run()["type"] == "COMPLETED"
    assert morning.writes() == writes
    assert morning.reads() - reads >= 2 * STUDENTS / MOST_VALUES
    assert morning.rows(LINES) == lines
