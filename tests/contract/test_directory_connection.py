"""How the directory is reached: through TLS or not at all, in the face of dead, silent and wrong servers."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread, Timer
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest

from estudent.adapters.ldap.carrying import WINDOW
from estudent.adapters.ldap.connection import Access, VerifiedTls, connect_to, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Result
from estudent.domain.plan import Lock, Step, StepKind, plan
from estudent.ports import Misconfigured, Unavailable
from sandbox import certificates
from sandbox.daemon import free_port
from sandbox.slapd import Slapd
from tests.contract.directory_contract import a_new_entry, left_to_do, results, settle

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


class Doorway:
    """Makes directories that differ from the right one in what a test says, and closes them."""

    def __init__(self, slapd: Slapd) -> None:
        self.slapd = slapd
        self._open: list[LdapDirectory] = []

    def __call__(self, *uris: str, seconds: int = 5, **changes: Any) -> LdapDirectory:
        account = self.slapd.accounts["provisioner"]
        settings: dict[str, Any] = {
            "bind_dn": account.dn,
            "password": account.password,
            "suffix": self.slapd.suffix,
            "ca_file": self.slapd.ca_file,
            "connect_seconds": seconds,
            "answer_seconds": seconds,
            **changes,
        }
        directory = LdapDirectory(uris or [self.slapd.ldaps_uri], **settings)
        self._open.append(directory)
        return directory

    def close(self) -> None:
        for directory in self._open:
            directory.close()


@pytest.fixture
def doorway(slapd: Slapd) -> Iterator[Doorway]:
    made = Doorway(slapd)
    yield made
    made.close()


def dead() -> str:
    """A server that is not there."""
    return f"ldaps://127.0.0.1:{free_port()}"


class Impostor:
    """Takes one connection, remembers what came and answers every message with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.heard = b""
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener:
            client, _ = self._listener.accept()
        with client, suppress(ConnectionError):
            while heard := client.recv(65536):
                self.heard += heard
                client.sendall(self._answer)

    def close(self) -> None:
        self._thread.join(10)


class LossyLine:
    """A unix socket before slapd's own; it can swallow the next answers, hanging up each time."""

    def __init__(self, slapd: Slapd, path: Path) -> None:
        self.uri = f"ldapi://{quote(str(path), safe='')}"
        self.to_lose = 0
        self._there = unquote(slapd.ldapi_uri.removeprefix("ldapi://"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with self._listener:
            while True:
                client, _ = self._listener.accept()
                if client.recv(1, socket.MSG_PEEK) == b"q":
                    client.close()
                    return
                self._threads.append(Thread(target=self._pass_on, args=(client,)))
                self._threads[-1].start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._there)
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data or (ready is server and self._loses()):
                        return
                    (server if ready is client else client).sendall(data)

    def _loses(self) -> bool:
        self.to_lose -= 1
        return self.to_lose >= 0

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(unquote(self.uri.removeprefix("ldapi://")))
            last.sendall(b"q")
            for thread in self._threads:
                thread.join(10)


@pytest.fixture
def line(slapd: Slapd, tmp_path: Path) -> Iterator[LossyLine]:
    made = LossyLine(slapd, tmp_path / "line")
    yield made
    made.close()


# TLS


@pytest.mark.parametrize(("scheme", "said"), [("ldaps", "TLSv1.3"), ("ldap", "TLSv1.3"), ("ldapi", "the unix socket")])
def test_every_way_in_is_safe(doorway: Doorway, scheme: str, said: str) -> None:
    uri = {"ldaps": doorway.slapd.ldaps_uri, "ldap": doorway.slapd.ldap_uri, "ldapi": doorway.slapd.ldapi_uri}[scheme]
    sentence = doorway(f"{uri}/").check()
    assert sentence.startswith(f"{uri} through {said} holds ou=people,{doorway.slapd.suffix}")


def both_ways(slapd: Slapd) -> tuple[str, str]:
    return slapd.ldaps_uri, slapd.ldap_uri


@pytest.mark.parametrize("way", [0, 1], ids=["ldaps", "StartTLS"])
def test_an_unknown_authority_is_refused(doorway: Doorway, tmp_path: Path, way: int) -> None:
    directory = doorway(both_ways(doorway.slapd)[way], ca_file=certificates.issue(tmp_path).ca)
    with pytest.raises(Misconfigured, match=r"certificate was not signed by ESTUDENT_DIRECTORY__CA_FILE"):
        directory.check()


@pytest.mark.parametrize("way", [0, 1], ids=["ldaps", "StartTLS"])
def test_the_systems_authorities_are_trusted_where_no_file_is_given(doorway: Doorway, way: int) -> None:
    with pytest.raises(Misconfigured, match="certificate was not signed"):
        doorway(both_ways(doorway.slapd)[way], ca_file=None).check()


@pytest.mark.parametrize("way", [0, 1], ids=["ldaps", "StartTLS"])
def test_another_host_name_than_the_certificates_is_refused(doorway: Doorway, way: int) -> None:
    uri = both_ways(doorway.slapd)[way].replace("127.0.0.1", "127.1")  # the same address by another name
    with pytest.raises(Misconfigured, match=r"is for another host than ESTUDENT_DIRECTORY__URIS names"):
        doorway(uri).check()


def test_where_starttls_is_refused_nothing_more_is_said(doorway: Doorway) -> None:
    refusal = bytes.fromhex("300c0201") + b"%c" + bytes.fromhex("78070a010204000400")
    # ldap3 counts messages over all connections, so the impostor must be asked with the number it will answer.
    impostor = Impostor(refusal.replace(b"%c", bytes([next_message_number()])))
    with pytest.raises(Misconfigured, match="refuses StartTLS"):
        doorway(f"ldap://127.0.0.1:{impostor.port}").check()
    impostor.close()
    assert b"1.3.6.1.4.1.1466.20037" in impostor.heard
    assert b"cn=provisioner" not in impostor.heard


def next_message_number() -> int:
    """Set ldap3's counter back, so that the number fits one byte."""
    from ldap3 import Server  # noqa: PLC0415

    Server._message_counter = 41  # type: ignore[attr-defined]
    return 42


def test_a_server_without_tls_hears_no_password(doorway: Doorway) -> None:
    impostor = Impostor(b"this is not TLS\r\n")
    with pytest.raises(Misconfigured, match=r"does not speak TLS 1\.2 or newer"):
        doorway(f"ldaps://127.0.0.1:{impostor.port}").check()
    impostor.close()
    assert b"cn=provisioner" not in impostor.heard


# Settings


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        (
            {"password": "wrong"},
            r"49 invalidCredentials; correct ESTUDENT_DIRECTORY__BIND_DN and ESTUDENT_DIRECTORY__PASSWORD",
        ),
        (
            {"bind_dn": "cn=nobody,dc=student,dc=example,dc=pl"},
            r"correct ESTUDENT_DIRECTORY__BIND_DN and ESTUDENT_DIRECTORY__PASSWORD",
        ),
        ({"bind_dn": "nobody"}, r"34 invalidDNSyntax; correct ESTUDENT_DIRECTORY__BIND_DN"),
        ({"password": ""}, r"ESTUDENT_DIRECTORY__BIND_DN and ESTUDENT_DIRECTORY__PASSWORD must both be set"),
        ({"bind_dn": ""}, r"ESTUDENT_DIRECTORY__BIND_DN and ESTUDENT_DIRECTORY__PASSWORD must both be set"),
        (
            {"suffix": "dc=other,dc=pl"},
            r"the directory holds dc=student,dc=example,dc=pl; correct ESTUDENT_DIRECTORY__SUFFIX",
        ),
        ({"suffix": "dc=law,dc=student,dc=example,dc=pl"}, r"is not to be seen; correct ESTUDENT_DIRECTORY__SUFFIX"),
        ({"ca_file": Path("nowhere.pem")}, r"ESTUDENT_DIRECTORY__CA_FILE is not there"),
        ({"ca_file": Path(__file__)}, r"directory"),
    ],
)
def test_the_check_names_the_setting_that_is_wrong(doorway: Doorway, changes: dict[str, Any], blamed: str) -> None:
    with pytest.raises(Misconfigured, match=blamed):
        doorway(**changes).check()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "localhost",
        "http://localhost",
        "ldaps://",
        "ldaps://host/dc=x",
        "ldaps://a:b",
        "ldaps://h:99999",
        "ldapi://",
    ],
)
def test_an_address_that_is_none_is_named_as_wrong(doorway: Doorway, uri: str) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_DIRECTORY__URIS"):
        doorway(uri).find([a_new_entry().album])


def test_no_address_is_wrong_too(slapd: Slapd) -> None:
    with pytest.raises(Misconfigured, match=r"ESTUDENT_DIRECTORY__URIS names no server"):
        LdapDirectory([], "cn=x", "secret", slapd.suffix).check()


def test_an_account_that_may_not_see_the_people_is_named(doorway: Doorway) -> None:
    account = doorway.slapd.accounts["radius"]
    with pytest.raises(
        Misconfigured, match=r"ou=people,.* is not to be seen; .* readable for ESTUDENT_DIRECTORY__BIND_DN"
    ):
        doorway(bind_dn=account.dn, password=account.password, suffix=f"ou=services,{doorway.slapd.suffix}").check()


def test_the_password_is_in_no_text_about_the_connection(doorway: Doorway) -> None:
    account = doorway.slapd.accounts["provisioner"]
    access = Access((doorway.slapd.ldaps_uri,), account.dn, account.password, doorway.slapd.ca_file, 5, 5)
    connection = connect_to(doorway.slapd.ldaps_uri, access)
    assert account.password not in repr(access) + repr(connection) + str(connection.request)
    hang_up(connection)


def test_a_socket_that_its_server_reset_before_tls_is_still_ours_to_close(slapd: Slapd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        theirs, _ = listener.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        select.select([ours], [], [], 5)
        opening: Any = SimpleNamespace(socket=ours)
        with pytest.raises(OSError, match="not connected"):
            VerifiedTls(ca_certs_file=str(slapd.ca_file), sni="localhost").wrap_socket(opening, do_handshake=True)
        assert opening.socket.fileno() != -1, "the socket was taken away, and nobody can close it"


def test_making_a_directory_connects_to_nothing() -> None:
    LdapDirectory([dead()], "", "", "")


# Servers that are away


def test_the_next_server_is_asked_when_one_is_dead(doorway: Doorway) -> None:
    gone = dead()
    directory = doorway(gone, doorway.slapd.ldaps_uri)
    assert left_to_do(directory, a_new_entry()) == [StepKind.ADD]
    assert directory.check().endswith(f"SCHAC, but {gone} did not answer")


def test_when_no_server_answers_it_is_worth_trying_later(doorway: Doorway) -> None:
    with pytest.raises(Unavailable, match=r"answers at ESTUDENT_DIRECTORY__URIS, then try again"):
        doorway(dead(), dead()).check()


def test_a_name_that_nobody_knows_is_worth_trying_later(doorway: Doorway) -> None:
    with pytest.raises(Unavailable):
        doorway("ldaps://directory.invalid").check()


def test_a_silent_server_is_not_waited_for_long(doorway: Doorway) -> None:
    impostor, before = Impostor(b""), time.monotonic()
    with pytest.raises(Unavailable):
        doorway(f"ldaps://127.0.0.1:{impostor.port}", seconds=1).check()
    impostor.close()
    assert time.monotonic() - before < 3


def test_a_restart_between_two_questions_goes_unnoticed(doorway: Doorway, tmp_path: Path) -> None:
    with Slapd(tmp_path, durable=False) as own:
        account = own.accounts["provisioner"]
        directory = doorway(own.ldaps_uri, bind_dn=account.dn, password=account.password, ca_file=own.ca_file)
        wanted = a_new_entry()
        settle(directory, wanted)
        own.stop()
        own.start()
        assert left_to_do(directory, wanted) == []


def test_what_a_killed_server_left_undone_is_done_by_the_next_plan(doorway: Doorway, tmp_path: Path) -> None:
    wanted = [a_new_entry() for _ in range(3 * WINDOW)]
    with Slapd(tmp_path) as own:
        directory = of_its_own(own, doorway)
        outcomes = directory.carry_out(plan(wanted, directory.find([entry.album for entry in wanted])))
        before = [next(outcomes).result for _ in range(WINDOW)]
        kill(own)
        started = time.monotonic()
        after = list(outcomes)
        assert set(before) == {Result.DONE}
        assert {outcome.result for outcome in after[WINDOW:]} == {Result.FAILED}
        assert [outcome.step.album for outcome in after] == [entry.album for entry in wanted[WINDOW:]]
        assert "then try again" in after[-1].detail
        assert time.monotonic() - started < 2
        own.start()
        done = {outcome.step.album for outcome in after if outcome.result is Result.DONE}
        assert done <= directory.find([entry.album for entry in wanted]).keys()
        assert {outcome.result for outcome in settle(directory, *wanted)} == {Result.DONE}
        assert left_to_do(directory, *wanted) == []


def test_a_server_killed_amid_many_adds_has_all_that_was_called_done(doorway: Doorway, tmp_path: Path) -> None:
    wanted = [a_new_entry() for _ in range(3 * WINDOW)]
    with Slapd(tmp_path) as own:
        directory = of_its_own(own, doorway)
        outcomes = directory.carry_out(Step(StepKind.ADD, entry) for entry in wanted)
        told = [next(outcomes)]
        murder = Timer(0.02, kill, [own])
        murder.start()
        told += outcomes
        murder.join()
        assert [outcome.step.album for outcome in told] == [entry.album for entry in wanted]
        assert {outcome.result for outcome in told} == {Result.DONE, Result.FAILED}
        own.start()
        done = {outcome.step.album for outcome in told if outcome.result is Result.DONE}
        assert done <= directory.find([entry.album for entry in wanted]).keys()
        assert {outcome.result for outcome in settle(directory, *wanted)} == {Result.DONE}
        assert left_to_do(directory, *wanted) == []


def of_its_own(slapd: Slapd, doorway: Doorway) -> LdapDirectory:
    account = slapd.accounts["provisioner"]
    return doorway(slapd.ldaps_uri, bind_dn=account.dn, password=account.password, ca_file=slapd.ca_file)


def kill(slapd: Slapd) -> None:
    assert slapd.pid
    os.kill(slapd.pid, signal.SIGKILL)
    while slapd.pid:
        time.sleep(0.01)


# Answers that are lost


def known(directory: LdapDirectory) -> Entry:
    """An entry that is there, over a connection that is open."""
    entry = a_new_entry()
    settle(directory, entry)
    return entry


def test_an_entry_whose_answer_was_lost_is_there_once(line: LossyLine, doorway: Doorway) -> None:
    directory, wanted = doorway(line.uri), a_new_entry()
    known(directory)
    line.to_lose = 1
    assert results(directory, Step(StepKind.ADD, wanted)) == [Result.DONE]
    assert left_to_do(directory, wanted) == []


@pytest.mark.parametrize("after", [{"surname": "Nowak"}, {"lock": Lock.BARRED}, {"personal_unique_code": "urn:x"}])
def test_a_change_whose_answer_was_lost_is_done(line: LossyLine, doorway: Doorway, after: dict[str, Any]) -> None:
    directory = doorway(line.uri)
    before = known(directory)
    if "personal_unique_code" in after:
        after = {"personal_unique_code": f"{before.personal_unique_code}9"}
    steps = list(plan([replace(before, **after)], directory.find([before.album])))
    line.to_lose = 1
    assert results(directory, *steps) == [Result.DONE]
    assert left_to_do(directory, replace(before, **after)) == []


def test_after_two_lost_answers_the_next_plan_finds_what_was_done(line: LossyLine, doorway: Doorway) -> None:
    directory, wanted, next_one = doorway(line.uri), a_new_entry(), a_new_entry()
    known(directory)
    line.to_lose = 2
    steps = Step(StepKind.ADD, wanted), Step(StepKind.ADD, next_one)
    assert results(directory, *steps) == [Result.FAILED, Result.FAILED]
    assert left_to_do(directory, wanted, next_one) in ([StepKind.ADD], [])
    assert {outcome.result for outcome in settle(directory, wanted, next_one)} <= {Result.DONE}
    assert left_to_do(directory, wanted, next_one) == []


def test_many_entries_whose_answers_were_lost_are_there_once(line: LossyLine, doorway: Doorway) -> None:
    directory, wanted = doorway(line.uri), [a_new_entry() for _ in range(60)]
    known(directory)
    line.to_lose = 1
    assert set(results(directory, *(Step(StepKind.ADD, each) for each in wanted))) == {Result.DONE}
    assert left_to_do(directory, *wanted) == []


def test_of_many_changes_whose_answers_were_lost_each_is_settled(line: LossyLine, doorway: Doorway) -> None:
    directory, there = doorway(line.uri), [a_new_entry() for _ in range(40)]
    settle(directory, *there)
    wanted = [replace(each, surname="Nowak", lock=Lock.BARRED) for each in there]
    gone = Step(StepKind.LOCK, a_new_entry())
    steps = [*plan(wanted, directory.find([each.album for each in wanted])), gone]
    line.to_lose = 1
    assert results(directory, *steps) == [*[Result.DONE] * 80, Result.REFUSED]
    assert left_to_do(directory, *wanted) == []
