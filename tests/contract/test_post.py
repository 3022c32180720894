"""The port `Post`: one contract for the fake and for SMTP, and what happens when the mail server falters."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import httpx
import pytest

from estudent.adapters.post import SmtpPost, composed
from estudent.ports import Misconfigured, Refused, Unavailable
from sandbox.certificates import Certificates, issue
from sandbox.processes import Running, start
from tests.contract.post_contract import PostContract, World, a_letter
from tests.fakes import FakePost

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class FakeWorld(World):
    """The fake and its levers."""

    def __init__(self) -> None:
        self.post = self.fake = FakePost()

    def taken(self) -> list[str]:
        return [letter.message_id for letter in self.fake.sent]

    def refuse(self, recipient: str) -> None:
        self.fake.refuses.add(recipient)


class TestFakePost(PostContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


@dataclass(frozen=True)
class Sink:
    """The mail sink: where it takes letters, and what it shows of them."""

    url: str
    port: int
    http: httpx.Client = field(default_factory=httpx.Client)

    def adapter(self, **options: Any) -> SmtpPost:
        return SmtpPost(
            host="127.0.0.1", port=self.port, sender_name="Politechnika", sender_address="konta@po.example",
            **{"security": "none", "timeout": 5.0, **options},
        )  # fmt: skip

    def fail(self, **fault: Any) -> None:
        """Let the next letters meet a fault."""
        self.http.post(f"{self.url}/sandbox/faults", json=fault).raise_for_status()

    def messages(self) -> list[dict[str, Any]]:
        """Return what arrived, the oldest first."""
        newest: list[dict[str, Any]] = self.http.get(f"{self.url}/sandbox/messages?limit=1000").json()
        return newest[::-1]


class SmtpWorld(World):
    """The adapter and the sink behind it."""

    def __init__(self, post: SmtpPost, sink: Sink) -> None:
        self.post, self.sink = post, sink

    def taken(self) -> list[str]:
        return [message["message_id"] for message in self.sink.messages()]

    def refuse(self, recipient: str) -> None:
        """The sink refuses by domain."""
        assert recipient.endswith("gone.example")


def smtp_port(running: Running, log: Path) -> int:
    found = re.search(r"smtp on 127\.0\.0\.1:(\d+)", log.read_text())
    assert found, running.url
    return int(found[1])


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[Sink]:
    log = folder / "log"
    running = start("sandbox.mail", "--folder", str(folder), "--refuse-domain", "gone.example", *arguments, log=log)
    try:
        sink = Sink(running.url, smtp_port(running, log))
        with sink.http:
            yield sink
    finally:
        running.stop()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with started(tmp_path_factory.mktemp("mail")) as sink:
        yield sink


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def sealed_sink(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Sink]:
    """A sink that offers STARTTLS."""
    pair = ["--certificate", str(certificates.certificate), "--key", str(certificates.key)]
    with started(tmp_path_factory.mktemp("sealed"), *pair) as sink:
        yield sink


class TestSmtpPost(PostContract):
    @pytest.fixture
    def world(self, sink: Sink) -> Iterator[World]:
        with sink.adapter() as post:
            yield SmtpWorld(post, sink)


def test_a_letter_arrives_as_it_was_written(sink: Sink) -> None:
    letter = a_letter()
    with sink.adapter() as post:
        post.send(letter)
    arrived = sink.messages()[-1]
    assert (arrived["subject"], arrived["text"], arrived["html"]) == (letter.subject, letter.text, letter.html)
    assert arrived["envelope"] == {"from": "konta@po.example", "to": [letter.recipient]}


def test_a_letter_says_its_language_and_that_no_robot_should_answer() -> None:
    message = composed(a_letter(), Address("Politechnika", addr_spec="konta@po.example"), Address(addr_spec="c@po.pl"))
    assert message["Content-Language"] == "pl"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] == "c@po.pl"
    assert message["Date"]
    assert "List-Unsubscribe" not in message
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("address", ["", "nobody", "a@b.pl, c@d.pl", "a@b.pl\r\nBcc: c@d.pl", "<a@b.pl>, <c@d.pl>"])
def test_an_address_that_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        composed(a_letter(address), Address(addr_spec="konta@po.example"), None)


def test_letters_share_a_connection_and_survive_its_loss(sink: Sink) -> None:
    with sink.adapter() as post:
        post.send(a_letter())
        first = post._connection
        post.send(a_letter())
        assert post._connection is first
        assert first is not None
        first.close()
        post.send(letter := a_letter())
    assert sink.messages()[-1]["message_id"] == letter.message_id


def test_a_server_that_is_busy_is_asked_later(sink: Sink) -> None:
    sink.fail(code=451)
    with sink.adapter() as post:
        with pytest.raises(Unavailable):
            post.send(a_letter())
        post.send(a_letter())


def test_a_server_that_refuses_the_letter_refuses_it_for_good(sink: Sink) -> None:
    sink.fail(code=554)
    with sink.adapter() as post:
        with pytest.raises(Refused) as raised:
            post.send(a_letter())
        assert "@" not in str(raised.value)
        post.send(a_letter())


def test_a_letter_whose_answer_was_lost_is_not_sent_a_second_time_by_itself(sink: Sink) -> None:
    sink.fail(after_effect=True)
    letter = a_letter()
    with sink.adapter() as post:
        with pytest.raises(Unavailable):
            post.send(letter)
        post.send(a_letter())
    assert [each["message_id"] for each in sink.messages()].count(letter.message_id) == 1


def test_letters_keep_the_agreed_pace(sink: Sink) -> None:
    with sink.adapter(per_minute=600) as post:
        began = time.monotonic()
        for _ in range(4):
            post.send(a_letter())
    assert time.monotonic() - began >= 0.3


def test_a_server_without_starttls_is_not_trusted_with_letters(sink: Sink) -> None:
    with sink.adapter(security="starttls") as post, pytest.raises(Misconfigured):
        post.send(a_letter())


def test_a_server_without_sign_in_is_a_wrong_setting(sink: Sink) -> None:
    with sink.adapter(user="konta", password="secret") as post, pytest.raises(Misconfigured):
        post.check()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with Sink("", 9).adapter() as post, pytest.raises(Unavailable):
        post.check()


def test_a_letter_travels_sealed_to_a_server_that_our_authority_vouches_for(
    sealed_sink: Sink, certificates: Certificates
) -> None:
    with sealed_sink.adapter(security="starttls", ca_file=certificates.ca) as post:
        post.send(letter := a_letter())
    assert sealed_sink.messages()[-1]["message_id"] == letter.message_id


def test_a_server_that_nobody_vouches_for_gets_no_letter(sealed_sink: Sink) -> None:
    before = len(sealed_sink.messages())
    with sealed_sink.adapter(security="starttls") as post, pytest.raises(Misconfigured, match="CA file"):
        post.send(a_letter())
    assert len(sealed_sink.messages()) == before


def test_tls_to_a_port_that_does_not_speak_it_is_a_wrong_setting(sink: Sink) -> None:
    with sink.adapter(security="tls") as post, pytest.raises(Misconfigured):
        post.check()
