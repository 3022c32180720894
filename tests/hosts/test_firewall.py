"""A host's open ports are the declared ones, for those for whom they are declared, and no others."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from lab.running import Lab
from lab.secrets import PROJECT
from tests.hosts.conftest import HostNamed
from tests.hosts.declared import Opening, declared

INVENTORY = yaml.safe_load((PROJECT / "inventories/lab/hosts.yml").read_text())["all"]
# Run on one host: which of the others' ports let it in.
SCAN = """
import concurrent.futures, json, socket, sys
def is_open(door):
    try:
        socket.create_connection(door, 3).close()
    except OSError:
        return False
    return True
doors = [(address, port) for address, ports in json.loads(sys.argv[1]).items() for port in ports]
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    print(json.dumps([door for door, found in zip(doors, pool.map(is_open, doors)) if found]))
"""
# What listens on more than the loopback, as `ss` says it.
LISTENING = re.compile(r"^\S+\s+\S+\s+\S+\s+(?!127\.|\[::1\]|\S+%lo)\S+:(\d+)\s", re.MULTILINE)
Doors = set[tuple[str, int]]


@pytest.fixture(scope="module")
def openings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, frozenset[Opening]]:
    return declared(tmp_path_factory.mktemp("declared"))


@pytest.fixture(scope="module")
def addresses(lab: Lab) -> Mapping[str, str]:
    return {name: found.address for name, found in lab.hosts.items()}


def groups_of(name: str) -> frozenset[str]:
    return frozenset({"all"} | {group for group, told in INVENTORY["children"].items() if name in told["hosts"]})


def listens(host: HostNamed, name: str, protocol: str) -> set[int]:
    return {int(port) for port in LISTENING.findall(host(name).check_output(f"ss -Hln --{protocol}"))}


def test_what_a_host_lets_in_is_what_is_declared(
    host: HostNamed, openings: Mapping[str, frozenset[Opening]], addresses: Mapping[str, str]
) -> None:
    doors = {
        address: sorted(
            listens(host, name, "tcp") | {found.port for found in openings[name] if found.protocol == "tcp"}
        )
        for name, address in addresses.items()
    }

    def let_in(source: str) -> Doors:
        others = {address: ports for address, ports in doors.items() if address != addresses[source]}
        said = host(source).check_output(f"python3 -c {shlex.quote(SCAN)} {shlex.quote(json.dumps(others))}")
        return {(address, port) for address, port in json.loads(said)}

    with ThreadPoolExecutor() as pool:
        found = dict(zip(addresses, pool.map(let_in, addresses), strict=True))
    assert found == {source: declared_for(source, openings, addresses) for source in addresses}


def declared_for(source: str, openings: Mapping[str, frozenset[Opening]], addresses: Mapping[str, str]) -> Doors:
    return {
        (addresses[target], opening.port)
        for target in addresses
        for opening in openings[target]
        if target != source and opening.protocol == "tcp" and opening.is_for(addresses[source], groups_of(source))
    }


def test_udp_is_opened_where_it_is_declared_and_something_listens_there(
    host: HostNamed, openings: Mapping[str, frozenset[Opening]], addresses: Mapping[str, str]
) -> None:
    for name in addresses:
        wanted = {opening.port for opening in openings[name] if opening.protocol == "udp"}
        rules = host(name).check_output("nft list chain inet estudent services")
        assert {int(port) for port in re.findall(r"udp dport (\d+)", rules)} == wanted, name
        assert wanted <= listens(host, name, "udp"), name


def test_every_group_that_is_let_in_exists(openings: Mapping[str, frozenset[Opening]]) -> None:
    named = {source for found in openings.values() for opening in found for source in opening.sources}
    assert {source for source in named if "/" not in source} <= set(INVENTORY["children"]) | {"all", "everyone"}


def test_what_nobody_opened_is_refused_without_an_answer(host: HostNamed, addresses: Mapping[str, str]) -> None:
    source, target = sorted(addresses)[:2]
    host(target).check_output("systemd-run --unit=estudent-test-door --collect python3 -m http.server 8999")
    try:
        scan = f"python3 -c {shlex.quote(SCAN)} {shlex.quote(json.dumps({addresses[target]: [8999]}))}"
        assert json.loads(host(source).check_output(scan)) == []
    finally:
        host(target).check_output("systemctl stop estudent-test-door")
