"""The balancer: what is let in under which name, what the nodes are told, and that a node's death is not noticed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from testinfra.host import Host

from lab.host import Host as LabHost
from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.visiting import Answer, Visitor, ask

NAMES = ["estudent.uczelnia.example", "sso.uczelnia.example"]
ACCEPTABLE = {"OK", "INFO", "LOW", "DEBUG"}
NOT_CHECKED = "check failed because of connect problem"
"""What testssl.sh says of a check that it could not make, as on a busy machine; it says nothing of the server."""


@pytest.fixture
def edge1(host: HostNamed) -> Host:
    return host("edge1")


@pytest.fixture
def web2(lab: Lab, edge1: Host) -> Iterator[LabHost]:
    """A node whose power may be cut; it has it back afterwards."""
    await_all(edge1)
    yield lab.host("web2")
    lab.host("web2").kill()
    lab.host("web2").boot()
    lab.host("web2").await_ssh()
    await_all(edge1)


def get(name: str, path: str = "/", *, port: int = 443, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask the balancer for a page under a name."""
    return ask(name, path, port=port, headers=headers)


@pytest.mark.parametrize("name", NAMES)
def test_http_leads_to_https(name: str) -> None:
    answer = get(name, "/help?x=1", port=80)
    assert (answer.status, answer.headers["location"]) == (301, f"https://{name}/help?x=1")


def test_the_authority_s_list_of_revoked_certificates_is_where_certificates_say(edge1: Host) -> None:
    certificate = x509.load_pem_x509_certificate(edge1.file("/etc/ssl/estudent/host.pem").content)
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for name in point.full_name or []] == [f"http://{NAMES[0]}/revoked.crl"]
    answer = get(NAMES[0], "/revoked.crl", port=80)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pkix-crl")
    found = x509.load_der_x509_crl(answer.body)
    assert found.issuer == certificate.issuer
    assert found.next_update_utc is not None
    assert found.next_update_utc > datetime.now(UTC)
    assert found.get_revoked_certificate_by_serial_number(certificate.serial_number) is None


@pytest.mark.parametrize("name", NAMES)
def test_browsers_are_told_to_keep_to_https(name: str) -> None:
    assert get(name).headers.get_all("strict-transport-security") == ["max-age=63072000"]


def test_another_name_is_nobody_s() -> None:
    assert get("estudent.uczelnia.example", headers={"Host": "evil.example"}).status == 421
    assert get("estudent.uczelnia.example", port=80, headers={"Host": "evil.example"}).status == 421


def test_what_visitors_say_of_themselves_is_forgotten() -> None:
    # Only the balancer and the node itself may ask for /healthz; whoever could forge an address would be let in, too.
    for forged in ("10.77.0.51", "127.0.0.1", "10.77.0.21", "10.77.0.22"):
        names = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host")
        answer = get(NAMES[0], "/healthz", headers=dict.fromkeys(names, forged))
        assert answer.status == 403


def test_the_node_s_own_health_page_is_not_for_visitors() -> None:
    assert get("estudent.uczelnia.example", "/healthz").status == 403


def all_are_up(edge1: Host) -> bool:
    """Tell whether HAProxy finds both nodes of the portal well."""
    shown = str(edge1.check_output("estudent-balancer show"))
    return [line.split()[2] for line in shown.splitlines() if line.startswith("portal ")] == ["UP", "UP"]


def await_all(edge1: Host) -> None:
    """Go on when both nodes are well, as they are before each test and soon after one that disturbed them."""
    deadline = time.monotonic() + 60
    while not all_are_up(edge1):
        assert time.monotonic() < deadline, "not all nodes are well"
        time.sleep(0.5)


def await_down(edge1: Host) -> None:
    """Go on when HAProxy has found a node of the portal unwell."""
    deadline = time.monotonic() + 30
    while all_are_up(edge1):
        assert time.monotonic() < deadline, "all nodes are well"
        time.sleep(0.2)


def test_all_nodes_are_well(edge1: Host) -> None:
    await_all(edge1)


def test_the_death_of_a_node_is_hardly_noticed(
    web2: LabHost, edge1: Host, record_testsuite_property: Callable[[str, object], None]
) -> None:
    with Visitor(NAMES[0], "/help") as visitor:
        time.sleep(2)
        web2.kill()
        dead = time.monotonic()
        visitor.wait(lambda: not all_are_up(edge1), patience=30)
        noticed = time.monotonic() - dead
        time.sleep(8)
    failed = [answer for answer in visitor.answers if answer.status != 200]
    slowest = max(answer.seconds for answer in visitor.answers)
    figures = f"{len(visitor.answers)} requests, {len(failed)} failed, slowest {slowest:.2f} s, out in {noticed:.1f} s"
    record_testsuite_property("a node's death", figures)
    assert failed == [], figures
    assert slowest < 15, figures


def test_a_drained_node_gets_nobody_and_the_last_one_is_not_drained(edge1: Host) -> None:
    await_all(edge1)
    assert edge1.check_output("estudent-balancer drain portal web1") == "web1 is drained"
    try:
        assert edge1.check_output("estudent-balancer drain portal web1") == ""
        assert edge1.check_output("estudent-balancer drain portal web2") == ""
        assert all(get(NAMES[0], "/help").status == 200 for _ in range(10))
    finally:
        assert edge1.check_output("estudent-balancer serve portal web1") == "web1 serves"


def test_a_node_that_was_drained_while_it_was_down_is_served_again(edge1: Host, host: HostNamed) -> None:
    await_all(edge1)
    node = host("web2")
    node.check_output("systemctl stop nginx")
    try:
        await_down(edge1)
        assert edge1.check_output("estudent-balancer drain portal web2") == "web2 is drained"
    finally:
        node.check_output("systemctl start nginx")
    # HAProxy does not know yet that it is well, and shows it as down.
    assert edge1.check_output("estudent-balancer serve portal web2") == "web2 serves"
    await_all(edge1)


def test_certificates_of_nodes_are_verified(edge1: Host) -> None:
    lines = re.findall(r"^ +server .+", edge1.file("/etc/haproxy/haproxy.cfg").content_string, re.MULTILINE)
    assert lines
    assert all("ssl verify required ca-file" in line and "sni str(" in line for line in lines)


def test_the_log_names_nobody_and_no_query(edge1: Host) -> None:
    get(NAMES[0], "/nowhere-to-be-found?token=a-secret")
    get(NAMES[0], "/healthz?token=a-secret")
    log = edge1.check_output("journalctl -u haproxy.service --since -1min --no-pager")
    assert "a-secret" not in log
    assert "10.77.0.1:" not in log


@pytest.mark.parametrize("name", NAMES)
def test_testssl_finds_nothing_above_low(name: str, host: HostNamed, tmp_path: Path) -> None:
    findings = findings_of(name, host, tmp_path)
    if any(each["finding"] == NOT_CHECKED for each in findings):
        findings = findings_of(name, host, tmp_path)
    assert len(findings) > 100
    assert {each["id"]: each["finding"] for each in findings if each["severity"] not in ACCEPTABLE} == {}


def findings_of(name: str, host: HostNamed, folder: Path) -> list[dict[str, str]]:
    """Return testssl.sh's findings of a public name."""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    assert program, "testssl.sh is missing: apt-get install testssl.sh"
    authority, report = folder / "ca.pem", folder / "report.json"
    authority.write_text(host("edge1").file("/etc/ssl/estudent/ca.pem").content_string)
    options = f"--quiet --color 0 --warnings off --add-ca {authority} --ip 10.77.0.51 --nodns min".split()
    report.unlink(missing_ok=True)
    command = [program, *options, "--jsonfile", str(report), f"https://{name}/"]
    # Without the engine for Russia's algorithms, which nobody has and testssl.sh would warn of.
    subprocess.run(command, check=False, capture_output=True, timeout=900, env={**os.environ, "NO_ENGINE": "true"})
    found: list[dict[str, str]] = json.loads(report.read_text())
    problems = [each for each in found if each["id"] == "scanProblem"]
    assert problems == [], shlex.join(command)
    return found
