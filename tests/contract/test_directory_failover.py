"""Two servers of one directory: the first is used as long as it answers, and again once it is back."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from estudent.adapters.ldap.carrying import WINDOW
from estudent.adapters.ldap.connection import Access, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.reading import one
from estudent.adapters.ldap.servers import AWAY, Servers
from estudent.domain.outcome import Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import Unavailable
from sandbox.daemon import free_port
from sandbox.slapd import Slapd
from tests.contract.directory_contract import a_new_entry, left_to_do

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """A way to the server that can be shut: connections through it break, and new ones are refused."""

    def __init__(self, port_behind: int) -> None:
        self.port, self._behind = free_port(), port_behind
        self._sockets: list[socket.socket] = []

    @property
    def uri(self) -> str:
        return f"ldaps://127.0.0.1:{self.port}"

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self._sockets.append(listener)
        Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._behind))
            self._sockets += [client, server]
            for source, target in ((client, server), (server, client)):
                Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        return


@dataclass
class Pair:
    """The preferred server, which can be shut, and the other."""

    first: Door
    access: Access
    clock: Clock

    @property
    def second_uri(self) -> str:
        return self.access.uris[1]


@pytest.fixture
def pair(slapd: Slapd) -> Iterator[Pair]:
    account = slapd.accounts["provisioner"]
    door = Door(int(slapd.ldaps_uri.rpartition(":")[2]))
    door.open()
    access = Access((door.uri, slapd.ldaps_uri), account.dn, account.password, slapd.ca_file, 5, 5)
    yield Pair(door, access, Clock())
    door.shut()


def used(servers: Servers) -> str:
    line = servers.connect()
    hang_up(line.connection)
    return line.uri


def test_the_first_server_is_used_while_it_answers(pair: Pair) -> None:
    assert used(Servers(pair.access, pair.clock)) == pair.first.uri


def test_a_dead_server_is_not_tried_again_at_once(pair: Pair) -> None:
    servers = Servers(pair.access, pair.clock)
    pair.first.shut()
    assert used(servers) == pair.second_uri
    pair.first.open()
    assert used(servers) == pair.second_uri


def test_the_first_server_is_used_again_soon_after_it_is_back(pair: Pair) -> None:
    servers = Servers(pair.access, pair.clock)
    pair.first.shut()
    line = servers.connect()
    assert servers.is_best(line)
    pair.first.open()
    pair.clock.now += AWAY
    assert not servers.is_best(line)
    assert used(servers) == pair.first.uri
    hang_up(line.connection)


def test_a_server_that_is_still_away_costs_one_short_try(pair: Pair) -> None:
    servers = Servers(pair.access, pair.clock)
    pair.first.shut()
    assert used(servers) == pair.second_uri
    pair.clock.now += AWAY
    assert used(servers) == pair.second_uri
    line = servers.connect()
    assert servers.is_best(line)
    hang_up(line.connection)


def test_when_all_are_away_the_first_is_found_as_soon_as_it_is_back(pair: Pair) -> None:
    door = pair.first
    access = Access((door.uri, f"ldaps://127.0.0.1:{free_port()}"), *_rest(pair.access))
    servers = Servers(access, pair.clock)
    door.shut()
    with pytest.raises(Unavailable):
        servers.connect()
    door.open()
    assert used(servers) == door.uri


def _rest(access: Access) -> tuple[str, str, Path | None, int, int]:
    return access.bind_dn, access.password, access.ca_file, access.connect_seconds, access.answer_seconds


def test_a_question_lost_with_its_server_is_answered_by_the_other(pair: Pair, slapd: Slapd) -> None:
    pool = Pool(pair.access)
    people = f"ou=people,{slapd.suffix}"
    assert pool.ask(lambda connection: one(connection, people, ["1.1"])) is not None
    pair.first.shut()
    started = time.monotonic()
    assert pool.ask(lambda connection: one(connection, people, ["1.1"])) is not None
    assert time.monotonic() - started < 3
    pair.first.open()
    pool.close()


def test_many_steps_lost_with_their_server_are_taken_at_the_other(pair: Pair, slapd: Slapd) -> None:
    directory = LdapDirectory(pair.access.uris, pair.access.bind_dn, pair.access.password, slapd.suffix, slapd.ca_file)
    wanted = [a_new_entry() for _ in range(WINDOW + 50)]
    outcomes = directory.carry_out(Step(StepKind.ADD, each) for each in wanted)
    told = [next(outcomes)]
    pair.first.shut()
    told += outcomes
    assert [outcome.step.album for outcome in told] == [each.album for each in wanted]
    assert {outcome.result for outcome in told} == {Result.DONE}
    assert left_to_do(directory, *wanted) == []
    pair.first.open()
    directory.close()


def test_a_silent_server_is_given_up_after_seconds(pair: Pair) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    filler = [socket.socket() for _ in range(4)]
    for each in filler:
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
    silent = f"ldaps://127.0.0.1:{listener.getsockname()[1]}"
    bind_dn, password, ca_file, _, answer = _rest(pair.access)
    servers = Servers(Access((silent, pair.second_uri), bind_dn, password, ca_file, 1, answer), pair.clock)
    started = time.monotonic()
    assert used(servers) == pair.second_uri
    assert used(servers) == pair.second_uri
    assert time.monotonic() - started < 4
    for each in (*filler, listener):
        each.close()
