"""The mail sink: what it keeps, whom it refuses, what it shows."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox import certificates, processes

pytestmark = pytest.mark.enable_socket
SENDER = "estudent@example.pl"
NO_SUCH_DOMAIN = "gone.example.pl"


@dataclass(frozen=True)
class Sink:
    """A running sink, and how to talk to it."""

    running: processes.Running
    smtp_port: int
    authority: Path

    def connect(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="test.invalid", timeout=10)

    def send(self, letter: EmailMessage) -> None:
        with self.connect() as connection:
            connection.send_message(letter)

    def get(self, path: str, **query: Any) -> Any:
        return self.page(path, **query).json()

    def page(self, path: str, **query: Any) -> httpx.Response:
        return httpx.get(f"{self.running.url}{path}", params=query).raise_for_status()

    def letters_to(self, recipient: str) -> Any:
        return self.get("/sandbox/messages", to=recipient)

    def order(self, **fault: Any) -> None:
        httpx.post(f"{self.running.url}/sandbox/faults", json=fault).raise_for_status()


def start(folder: Path) -> Sink:
    issued = certificates.issue(folder / "certificates")
    running = processes.start(
        "sandbox.mail",
        *("--folder", str(folder / "mail"), "--refuse-domain", NO_SUCH_DOMAIN),
        *("--certificate", str(issued.certificate), "--key", str(issued.key)),
        log=folder / "log.txt",
    )
    said = [line for line in (folder / "log.txt").read_text().splitlines() if line.startswith("smtp on ")]
    return Sink(running, int(said[-1].rpartition(":")[2]), issued.ca)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    sink = start(tmp_path_factory.mktemp("sink"))
    yield sink
    sink.running.stop()


@pytest.fixture
def student() -> str:
    return f"s{uuid4().hex}@student.example.pl"


def a_letter(to: str, subject: str = "Twoje konto", text: str = "Dzień dobry", html: str = "") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = SENDER, to, subject
    letter["Message-ID"] = f"<{uuid4().hex}@example.pl>"
    letter.set_content(text)
    if html:
        letter.add_alternative(html, subtype="html")
    return letter


def test_an_accepted_letter_is_shown_as_it_was_written(sink: Sink, student: str) -> None:
    letter = a_letter(student, "Żółta gęś: konto założone", "Zażółć gęślą jaźń\n", "<p>Zażółć</p>\n")
    sink.send(letter)
    [kept] = sink.letters_to(student)
    assert kept["envelope"] == {"from": SENDER, "to": [student]}
    assert kept["message_id"] == letter["Message-ID"]
    assert (kept["subject"], kept["text"], kept["html"]) == (
        "Żółta gęś: konto założone",
        "Zażółć gęślą jaźń\n",
        "<p>Zażółć</p>\n",
    )


def test_letters_are_found_by_recipient_in_any_case_and_by_nobody_elses(sink: Sink, student: str) -> None:
    sink.send(a_letter(student))
    assert len(sink.letters_to(student.upper())) == 1
    assert sink.letters_to(f"x{student}") == []


def test_the_newest_letter_comes_first_and_only_as_many_as_asked_for(sink: Sink, student: str) -> None:
    for subject in ("one", "two", "three"):
        sink.send(a_letter(student, subject))
    found = sink.get("/sandbox/messages", to=student, limit=2)
    assert [letter["subject"] for letter in found] == ["three", "two"]


def test_letters_are_found_from_a_moment_on(sink: Sink, student: str) -> None:
    sink.send(a_letter(student))
    [letter] = sink.letters_to(student)
    assert len(sink.get("/sandbox/messages", to=student, since=letter["received_at"])) == 1
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert sink.get("/sandbox/messages", to=student, since=later.isoformat()) == []


def test_a_question_that_makes_no_sense_is_refused(sink: Sink) -> None:
    assert httpx.get(f"{sink.running.url}/sandbox/messages?since=yesterday").status_code == 400
    assert httpx.post(f"{sink.running.url}/sandbox/faults", content=b"[]").status_code == 400
    assert httpx.get(f"{sink.running.url}/messages/999999").status_code == 404


def test_a_letter_sent_twice_is_accepted_twice_and_counted_once(sink: Sink, student: str) -> None:
    before = sink.get("/sandbox/count")
    letter = a_letter(student)
    sink.send(letter)
    sink.send(letter)
    after = sink.get("/sandbox/count")
    assert {name: after[name] - before[name] for name in after} == {"accepted": 2, "distinct": 1, "recipients": 1}


def test_a_recipient_of_a_refused_domain_does_not_exist_and_the_others_get_the_letter(sink: Sink, student: str) -> None:
    gone = f"someone@{NO_SUCH_DOMAIN}"
    with sink.connect() as connection:
        refused = connection.sendmail(SENDER, [gone, student], a_letter(student).as_string())
    assert refused[gone][0] == 550
    assert [letter["envelope"]["to"] for letter in sink.letters_to(student)] == [[student]]


def test_a_letter_for_refused_recipients_alone_is_not_taken(sink: Sink) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        sink.send(a_letter(f"someone@{NO_SUCH_DOMAIN}"))


def test_an_ordered_fault_refuses_as_many_letters_and_keeps_none_of_them(sink: Sink, student: str) -> None:
    sink.order(code=451, times=2)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            sink.send(a_letter(student))
    assert sink.letters_to(student) == []
    sink.send(a_letter(student))
    assert len(sink.letters_to(student)) == 1


def test_after_the_effect_the_letter_is_kept_though_the_line_is_cut_before_the_answer(sink: Sink, student: str) -> None:
    sink.order(after_effect=True)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        sink.send(a_letter(student))
    assert len(sink.letters_to(student)) == 1


def test_a_letter_over_a_megabyte_is_refused_when_announced_and_when_it_comes(sink: Sink, student: str) -> None:
    large = a_letter(student, text="a line of a long letter\n" * 50_000).as_bytes().replace(b"\n", b"\r\n")
    with sink.connect() as connection, pytest.raises(smtplib.SMTPSenderRefused, match="552"):
        connection.sendmail(SENDER, student, large)
    with sink.connect() as connection:
        connection.helo()
        connection.mail(SENDER)
        connection.rcpt(student)
        assert connection.data(large)[0] == 552
    assert sink.letters_to(student) == []


def test_letters_travel_encrypted_when_the_sender_asks_for_it(sink: Sink, student: str) -> None:
    with sink.connect() as connection:
        connection.starttls(context=ssl.create_default_context(cafile=str(sink.authority)))
        connection.send_message(a_letter(student))
    assert len(sink.letters_to(student)) == 1


def test_an_answered_letter_outlives_a_power_cut_of_the_process(tmp_path: Path, student: str) -> None:
    sink = start(tmp_path)
    with sink.connect() as connection:
        connection.send_message(a_letter(student))
        sink.running.kill()
    sink = start(tmp_path)
    try:
        assert len(sink.letters_to(student)) == 1
    finally:
        sink.running.stop()


def test_the_inbox_is_searched_by_a_part_of_the_recipient(sink: Sink, student: str) -> None:
    sink.send(a_letter(student, "a subject that is there once"))
    assert "a subject that is there once" in sink.page("/", to=student[3:12]).text
    assert "a subject that is there once" not in sink.page("/", to="nobody").text


def test_a_hostile_letter_is_shown_as_text_and_locked_in_a_frame(sink: Sink, student: str) -> None:
    script = "<script>alert(1)</script>"
    sink.send(a_letter(student, script, f'{script} "> https://example.pl/?a=1&b=2.', f'">{script}'))
    number = sink.letters_to(student)[0]["id"]
    page = sink.page(f"/messages/{number}")
    for html in (page.text, sink.page("/", to=student).text):
        assert "<script" not in html
    assert 'sandbox=""' in page.text
    assert 'srcdoc="&#34;&gt;&lt;script&gt;' in page.text
    assert 'href="https://example.pl/?a=1&amp;b=2"' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
