"""Tests of real hosts: a lab has to be up and deployed (make lab-up), and they run in its network (make lab-test)."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, sync_playwright
from testinfra.host import Host

from lab.running import Lab
from sandbox.browser import ARGUMENTS, find

HERE = Path(__file__).parent
WEB_SERVERS = ("edge1", "ops1", "outside1")
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


@pytest.fixture(scope="module")
def chromium(host: HostNamed) -> Iterator[Browser]:
    """A browser that lets the lab's certificates pass, as it would those of a known authority, and no others."""
    pinned = ",".join(_fingerprint(host(name).file("/etc/ssl/estudent/host.pem").content) for name in WEB_SERVERS)
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, f"--ignore-certificate-errors-spki-list={pinned}"]
        opened = playwright.chromium.launch(executable_path=find(), args=arguments, chromium_sandbox=False)
        yield opened
        opened.close()


def _fingerprint(certificate: bytes) -> str:
    """Return what Chromium calls a certificate's key."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    form = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(form).digest()).decode()
