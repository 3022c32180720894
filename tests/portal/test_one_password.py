"""A managed domain: the portal writes the password at Microsoft in the student's own request, and nowhere else."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from estudent.adapters.registry import tables
from estudent.domain.student import Student
from estudent.settings import MailboxSettings
from sandbox.microsoft365.options import CLIENT, TENANT
from sandbox.slapd import Slapd
from tests.contract.test_mailboxes import RIGHT, StandIn, started
from tests.portal.test_steps import words
from tests.portal.world import DOMAIN, Portal, a_portal

pytestmark = pytest.mark.enable_socket
OLD = "Canary-old-zebra-quilt-71"
NEW = "Canary-new-otter-spoon-82"
ACCENTED = "Kanarek-żółw-zażółca-gęślą-93"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started(tmp_path_factory.mktemp("managed"), "--domain", DOMAIN) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def federated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started(tmp_path_factory.mktemp("federated"), "--federated", "--domain", DOMAIN) as stand_in:
        yield stand_in


def at(stand_in: StandIn, sign_in: str = "managed") -> MailboxSettings:
    there: dict[str, Any] = {"graph_url": f"{stand_in.url}/v1.0", "exchange_url": stand_in.url}
    return MailboxSettings(
        tenant=TENANT, client_id=CLIENT, client_secret=SecretStr(RIGHT), authority=stand_in.url,
        sign_in="managed" if sign_in == "managed" else "federated", **there,
    )  # fmt: skip


@pytest.fixture
def portal(slapd: Slapd, migrated: Path, tmp_path: Path, stand_in: StandIn) -> Iterator[Portal]:
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), mailboxes=at(stand_in))
    yield portal
    portal.campus.close()
    stand_in.http.delete(f"{stand_in.url}/sandbox/faults")


def with_user(portal: Portal) -> Student:
    """A student who has an account and, since a moment ago, a user at Microsoft."""
    student = portal.a_student()
    portal.activate(student, OLD)
    portal.campus.ask_for_mailbox.ask(student.album, f"anna.{student.album}")
    portal.campus.systems["mailboxes"].apply([student.key])
    student = portal.load(str(student.album))
    assert student.mailbox_id
    return student


def confirm(portal: Portal, browser: FlaskClient, password: str) -> TestResponse:
    return portal.submit(browser, "/mailbox/password", current=password)


def change(portal: Portal, browser: FlaskClient, to: str) -> TestResponse:
    return portal.submit(browser, "/password", "/password", current=OLD, password=to, password_again=to)


def writes(stand_in: StandIn) -> int:
    """How many users were changed."""
    counts: list[dict[str, Any]] = stand_in.http.get(f"{stand_in.url}/sandbox/requests").json()["counts"]
    return sum(each["count"] for each in counts if each["method"] == "PATCH")


def must_confirm(portal: Portal, student: Student) -> bool:
    one_password = portal.campus.one_password
    assert one_password is not None
    return one_password.must_confirm(student)


def works(portal: Portal, student: Student, password: str) -> bool:
    return portal.campus.passwords.verify(student.album.login, password).accepted


def test_whoever_got_the_mailbox_after_the_password_is_asked_for_it_once(portal: Portal) -> None:
    student = with_user(portal)
    browser = portal.signed_in(student)
    assert "Confirm your password to open your mailbox" in words(browser.get("/mailbox").get_data(as_text=True))
    assert "Confirm your password to open your mailbox" in words(browser.get("/steps").get_data(as_text=True))
    assert confirm(portal, browser, OLD).status_code == 302
    assert not must_confirm(portal, student)
    assert "Confirm your password" not in words(browser.get("/mailbox").get_data(as_text=True))
    assert browser.get("/mailbox/password").status_code == 302


def test_a_wrong_password_is_not_written_anywhere(portal: Portal) -> None:
    student = with_user(portal)
    answer = confirm(portal, portal.signed_in(student), "wrong-canary-wrong")
    assert answer.status_code == 400
    assert "not your current password" in words(answer.get_data(as_text=True))
    assert must_confirm(portal, student)


def test_trying_passwords_there_counts_with_those_at_the_sign_in(portal: Portal) -> None:
    browser = portal.signed_in(with_user(portal))
    answers = [confirm(portal, browser, f"wrong-canary-{number}").status_code for number in range(12)]
    assert answers[0] == 400 and answers[-1] == 429


def test_a_changed_password_is_changed_at_microsoft_too(portal: Portal) -> None:
    student = with_user(portal)
    browser = portal.signed_in(student)
    confirm(portal, browser, OLD)
    answer = change(portal, browser, NEW)
    assert answer.status_code == 302
    assert works(portal, student, NEW) and not must_confirm(portal, student)
    notes = [line.result for line in portal.campus.journal.of(student.key) if line.step == "mailbox password"]
    assert notes == ["done", "done"]


def test_what_microsoft_s_rules_refuse_is_told_and_changes_nothing(portal: Portal, stand_in: StandIn) -> None:
    student = with_user(portal)
    browser = portal.signed_in(student)
    confirm(portal, browser, OLD)
    answer = change(portal, browser, ACCENTED)
    assert "does not take this password" in words(answer.get_data(as_text=True))
    assert works(portal, student, OLD) and not must_confirm(portal, student)
    assert browser.get("/password").status_code == 200


@pytest.mark.parametrize("fault", [{"status": 0}, {"status": 503}, {"status": 0, "after_effect": True}])
def test_when_microsoft_fails_the_rest_is_changed_and_the_student_confirms_later(
    portal: Portal, stand_in: StandIn, fault: dict[str, Any]
) -> None:
    student = with_user(portal)
    browser = portal.signed_in(student)
    confirm(portal, browser, OLD)
    stand_in.fail(f"/v1.0/users/{student.mailbox_id}", method="PATCH", times=9, **fault)
    answer = change(portal, browser, NEW)
    assert answer.status_code == 302
    assert works(portal, student, NEW)
    assert must_confirm(portal, student)
    assert "could not be reached" in words(browser.get("/account").get_data(as_text=True))
    stand_in.http.delete(f"{stand_in.url}/sandbox/faults")
    assert confirm(portal, browser, NEW).status_code == 302
    assert not must_confirm(portal, student)


def test_when_microsoft_fails_while_confirming_the_student_is_told_to_try_again(
    portal: Portal, stand_in: StandIn
) -> None:
    student = with_user(portal)
    browser = portal.signed_in(student)
    stand_in.fail(f"/v1.0/users/{student.mailbox_id}", method="PATCH", status=503, times=9)
    answer = confirm(portal, browser, OLD)
    assert answer.status_code == 503
    assert "Please try again in a few minutes" in words(answer.get_data(as_text=True))
    assert must_confirm(portal, student) and works(portal, student, OLD)


def test_a_directory_that_fails_after_microsoft_leaves_the_question_open(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, slapd: Slapd
) -> None:
    student = with_user(portal)
    browser = portal.signed_in(student)
    confirm(portal, browser, OLD)
    one_password = portal.campus.one_password
    assert one_password is not None
    portal.campus.database  # noqa: B018 (made before the directory goes)
    slapd.stop()
    try:
        with pytest.raises(Exception, match="directory"):
            one_password.set(student.album, NEW)
    finally:
        slapd.start()
    assert must_confirm(portal, student)
    assert works(portal, student, OLD)
    assert confirm(portal, portal.signed_in(student), OLD).status_code == 302


def test_two_changes_at_once_leave_the_question_open(portal: Portal) -> None:
    student = with_user(portal)
    register = portal.campus.one_password.register  # type: ignore[union-attr]
    first = register.begin(student.key, student.mailbox_id or "")
    second = register.begin(student.key, student.mailbox_id or "")
    assert register.agree(first) is False
    assert register.agree(second) is False
    assert must_confirm(portal, student)


def test_another_user_at_microsoft_is_asked_for_again(portal: Portal) -> None:
    student = with_user(portal)
    confirm(portal, portal.signed_in(student), OLD)
    register = portal.campus.one_password.register  # type: ignore[union-attr]
    assert register.agrees(student.key, student.mailbox_id or "")
    assert not register.agrees(student.key, "another-object-id")


def test_a_federated_domain_gets_no_password_and_nobody_is_asked(
    slapd: Slapd, migrated: Path, tmp_path: Path, federated: StandIn
) -> None:
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), mailboxes=at(federated, "federated"))
    student = with_user(portal)
    browser = portal.signed_in(student)
    before = writes(federated)
    assert change(portal, browser, NEW).status_code == 302
    assert works(portal, student, NEW)
    assert writes(federated) == before
    assert portal.campus.one_password is None
    assert browser.get("/mailbox/password").status_code == 302
    anchor = federated.property_of(student.mailbox_id or "", "onPremisesImmutableId")
    assert anchor == student.album.login
    portal.campus.close()


def test_no_password_stands_in_logs_registry_or_the_answers(
    portal: Portal, stand_in: StandIn, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    student = with_user(portal)
    browser = portal.signed_in(student)
    pages = [confirm(portal, browser, OLD), change(portal, browser, ACCENTED)]
    stand_in.fail(f"/v1.0/users/{student.mailbox_id}", method="PATCH", status=503, times=9)
    pages.append(change(portal, browser, NEW))
    pages.append(confirm(portal, browser, NEW))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    rows = "".join(str(row) for table in tables.metadata.sorted_tables for row in portal.registry.rows(table))
    for canary in ("anary", "anarek", "zebra-quilt", "otter-spoon"):
        assert canary not in caplog.text
        assert canary.encode() not in kept
        assert canary not in rows
        assert not [page for page in pages if canary in page.get_data(as_text=True)]
