"""The postman on a real mail server: letters arrive within a second, and nothing that breaks down loses one."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from estudent.adapters.registry.tables import message
from estudent.domain.one_time_code import Purpose
from estudent.portal.postman import Postman
from estudent.settings import LetterSettings
from sandbox import processes
from sandbox.slapd import Slapd
from tests.portal.letters import code_of, secret_of
from tests.portal.world import Portal, a_portal

pytestmark = pytest.mark.enable_socket


class Sink:
    """The mail server of the sandbox."""

    def __init__(self, folder: Path) -> None:
        self.running = processes.start("sandbox.mail", "--folder", str(folder), log=folder / "log.txt")
        found = re.search(r"smtp on 127\.0\.0\.1:(\d+)", (folder / "log.txt").read_text())
        assert found
        self.port = int(found[1])

    def letters(self) -> list[dict[str, Any]]:
        """Return what arrived, the oldest first."""
        newest: list[dict[str, Any]] = httpx.get(f"{self.running.url}/sandbox/messages").json()
        return newest[::-1]

    def fail(self, **fault: Any) -> None:
        """Let the next letters meet a fault."""
        httpx.post(f"{self.running.url}/sandbox/faults", json=fault).raise_for_status()


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    (tmp_path / "mail").mkdir()
    sink = Sink(tmp_path / "mail")
    yield sink
    sink.running.stop()


@pytest.fixture
def posting(slapd: Slapd, migrated: Path, tmp_path: Path, sink: Sink) -> Iterator[Portal]:
    """A portal whose letters go to the sink."""
    letters = LetterSettings(host="127.0.0.1", port=sink.port, security="none", per_minute=0)
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), letters=letters)
    yield portal
    portal.campus.close()


@pytest.fixture
def postman(posting: Portal) -> Iterator[Postman]:
    postman = Postman(lambda: posting.campus.acting("portal", "postman"), poll=0.05)
    yield postman
    postman.stop()


def soon(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.02)


def later(portal: Portal) -> None:
    """Let the wait before another try be over."""
    portal.clock.turn(minutes=10)


def test_a_code_arrives_within_a_second(posting: Portal, postman: Postman, sink: Sink) -> None:
    whose = posting.a_student(in_directory=False)
    postman.nudge()
    posting.campus.codes.send(whose.key, "recovery")
    begun = time.monotonic()
    postman.nudge()
    soon(lambda: len(sink.letters()) == 1)
    assert time.monotonic() - begun < 1
    (letter,) = sink.letters()
    assert letter["envelope"]["to"] == [whose.email]
    for part in (letter["text"], letter["html"]):
        assert code_of(posting, Purpose.RECOVERY) in part and f"/activate#{secret_of(posting)}" in part
    soon(lambda: posting.campus.messages.waiting() == 0)
    assert posting.campus.journal.of(whose.key)[-1].step == "sent recovery"


def test_without_a_nudge_a_letter_goes_at_the_next_look(posting: Portal, postman: Postman, sink: Sink) -> None:
    whose = posting.a_student(in_directory=False)
    postman.nudge()
    soon(lambda: any(thread.name == "postman" for thread in threading.enumerate()))
    posting.campus.messages.queue(whose.key, "activated")
    soon(lambda: len(sink.letters()) == 1)


def test_a_mail_server_that_is_busy_or_gone_loses_nothing(posting: Portal, postman: Postman, sink: Sink) -> None:
    whose = posting.a_student(in_directory=False)
    sink.fail(code=451)
    posting.campus.messages.queue(whose.key, "activated")
    postman.nudge()
    soon(lambda: posting.registry.rows(message)[0]["attempts"] == 1)
    assert sink.letters() == [] and posting.registry.rows(message)[0]["problem"]
    later(posting)
    soon(lambda: len(sink.letters()) == 1)


def test_a_registry_that_breaks_down_does_not_end_the_postman(
    posting: Portal, postman: Postman, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    whose = posting.a_student(in_directory=False)
    posting.campus.messages.queue(whose.key, "activated")
    with posting.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE message RENAME TO gone")
    postman.nudge()
    soon(lambda: "letters wait" in caplog.text)
    time.sleep(0.3)
    assert caplog.text.count("letters wait") == 1, "a long trouble is told once"
    with posting.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO message")
    soon(lambda: len(sink.letters()) == 1)


def test_a_letter_that_cannot_be_written_stops_no_other(posting: Portal, postman: Postman, sink: Sink) -> None:
    whose = posting.a_student(in_directory=False)
    posting.campus.messages.queue(whose.key, "a kind without a folder")
    postman.nudge()
    soon(lambda: posting.registry.rows(message)[0]["not_before"] > posting.clock())
    posting.campus.messages.queue(whose.key, "activated")
    soon(lambda: len(sink.letters()) == 1)
    assert posting.campus.messages.waiting() == 1


def test_two_postmen_share_the_letters(posting: Portal, postman: Postman, sink: Sink) -> None:
    other = Postman(lambda: posting.campus.acting("portal", "postman"), poll=0.05)
    students = [posting.a_student(in_directory=False) for _ in range(30)]
    for whose in students:
        posting.campus.messages.queue(whose.key, "activated")
    postman.nudge()
    other.nudge()
    soon(lambda: posting.campus.messages.waiting() == 0)
    other.stop()
    assert sorted(letter["envelope"]["to"][0] for letter in sink.letters()) == sorted(each.email for each in students)


def test_a_postman_that_was_stopped_is_gone(posting: Portal, postman: Postman) -> None:
    before = threading.active_count()
    postman.nudge()
    postman.stop()
    assert threading.active_count() <= before


def test_a_forked_worker_gets_a_postman_of_its_own(posting: Portal, postman: Postman, sink: Sink) -> None:
    whose = posting.a_student(in_directory=False)
    postman.nudge()
    postman.stop()
    posting.campus.database.close()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            threading.Timer(20, lambda: os._exit(2)).start()
            posting.campus.messages.queue(whose.key, "activated")
            postman.nudge()
            soon(lambda: posting.campus.messages.waiting() == 0)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    soon(lambda: len(sink.letters()) == 1)
