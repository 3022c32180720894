"""Tests of real hosts: a lab has to be up and deployed (make lab-up), and they run in its network (make lab-test)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
import testinfra
from pytest_socket import enable_socket
from testinfra.host import Host

from lab.running import Lab

HostNamed = Callable[[str], Host]


@pytest.fixture(scope="session", autouse=True)
def network() -> None:
    """Let tests reach the lab, and through it nothing else."""
    enable_socket()


@pytest.fixture(autouse=True)
def _sockets() -> Iterator[None]:
    """Keep sockets open for each test, though the quick tests forbid them."""
    enable_socket()
    yield


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab that is up."""
    running = Lab(os.environ["LAB"])
    assert running.network.exists, "no lab is up; make lab-up boots and deploys one"
    return running


@pytest.fixture(scope="session")
def host(lab: Lab) -> HostNamed:
    """Give a host by name, over SSH, as root."""
    known: dict[str, Host] = {}

    def named(name: str) -> Host:
        if name not in known:
            known[name] = testinfra.get_host(
                f"ssh://deploy@{name}",
                ssh_config=str(lab.folder / "ssh_config"),
                sudo=True,
                controlpersist=60,
                controlpath=str(lab.folder / "ssh" / "test-%%r@%%h-%%p"),
            )
        return known[name]

    return named


@pytest.fixture(scope="session")
def public(lab: Lab) -> str:
    """Return the domain under which the lab's public names are."""
    return "uczelnia.example"
