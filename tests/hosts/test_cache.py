"""The cache: reached by TLS and password, from those who need it; it forgets nothing."""

from __future__ import annotations

import shlex

import pytest
from testinfra.host import Host

from lab.running import Lab
from tests.hosts.conftest import HostNamed

REACH = "import socket; socket.create_connection(({name!r}, 6379), 3)"


@pytest.fixture
def data1(host: HostNamed) -> Host:
    return host("data1")


class Valkey:
    """The cache, asked on its host."""

    def __init__(self, host: Host, password: str) -> None:
        self._host, self._password = host, password

    def ask(self, *words: str, password: str | None = None) -> str:
        """Return the answer to one command, an error's words too."""
        tls = ["--tls", "--cacert", "/etc/ssl/estudent/ca.pem", "-h", "data1.uczelnia.example"]
        command = shlex.join(["valkey-cli", "--no-auth-warning", *tls, *words])
        secret = self._password if password is None else password
        return str(self._host.run(f"VALKEYCLI_AUTH={secret} REDISCLI_AUTH={secret} {command}").stdout.strip())


@pytest.fixture
def valkey(data1: Host, lab: Lab) -> Valkey:
    return Valkey(data1, lab.secret("vault_cache_password"))


def test_only_tls_is_spoken(data1: Host) -> None:
    plain = data1.run("valkey-cli -h data1.uczelnia.example PING")
    assert "PONG" not in plain.stdout


def test_nobody_gets_in_without_the_password(valkey: Valkey) -> None:
    assert "NOAUTH" in valkey.ask("PING", password="")
    assert valkey.ask("PING") == "PONG"


@pytest.mark.parametrize("command", ["CONFIG GET dir", "FLUSHALL", "KEYS *", "SHUTDOWN", "ACL LIST", "MONITOR"])
def test_whoever_has_the_password_works_with_data_and_administers_nothing(valkey: Valkey, command: str) -> None:
    assert "NOPERM" in valkey.ask(*command.split())


def test_only_who_needs_it_reaches_it(host: HostNamed) -> None:
    reach = REACH.format(name="data1.uczelnia.example")
    assert host("ops1").run(f"python3 -c {shlex.quote(reach)}").succeeded
    assert host("outside1").run(f"python3 -c {shlex.quote(reach)}").failed


def test_a_killed_process_has_lost_nothing_when_it_is_back(data1: Host, valkey: Valkey) -> None:
    queue, length = "tests:queue", 2000
    valkey.ask("DEL", queue)
    fill = "for i = 1, tonumber(ARGV[1]) do server.call('XADD', KEYS[1], '*', 'number', i) end"
    valkey.ask("EVAL", fill, "1", queue, str(length))
    data1.run_expect([0], "systemctl kill --signal SIGKILL valkey-server")
    data1.run_expect([0], "until systemctl is-active --quiet valkey-server; do sleep 0.2; done")
    assert valkey.ask("XLEN", queue) == str(length)
    valkey.ask("DEL", queue)


def test_a_full_cache_refuses_writes_and_throws_nothing_out(valkey: Valkey) -> None:
    keep, portion = "tests:keep", 20
    valkey.ask("SET", keep, "this")
    fill = "for i = 1, tonumber(ARGV[1]) do server.call('SET', KEYS[1] .. i, string.rep('x', 1000000)) end"
    # A script that has begun is not interrupted, so the cache is filled by many small ones.
    names = [f"tests:fill:{number}:" for number in range(20)]
    answers = [valkey.ask("EVAL", fill, "1", name, str(portion)) for name in names]
    try:
        assert "OOM" in answers[-1]
        assert "OOM" in valkey.ask("SET", "tests:one more", "x" * 1000)
        assert valkey.ask("GET", keep) == "this"
    finally:
        empty = "for i = 1, tonumber(ARGV[1]) do server.call('UNLINK', KEYS[1] .. i) end"
        for name in names:
            valkey.ask("EVAL", empty, "1", name, str(portion))
    assert valkey.ask("SET", keep, "that") == "OK"
    valkey.ask("DEL", keep)
