"""Tests of real hosts: a lab has to be up and deployed (make lab-up), and they run in its network (make lab-test)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from lab.running import Lab

HERE = Path(__file__).parent
HostNamed = Callable[[str], Host]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests of hosts, and whatever they share, reach the lab; its network leads nowhere else."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.enable_socket)


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
