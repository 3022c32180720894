"""Prometheus asks everybody, knows what is an alert, and shows its pages to nobody but those who may log in."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml
from testinfra.host import Host

from lab.running import Lab
from lab.secrets import PROJECT
from tests.hosts.conftest import HostNamed
from tests.hosts.living import Outside
from tests.hosts.signing_on import trust

HOSTS = sorted(yaml.safe_load((PROJECT / "inventories/lab/hosts.yml").read_text())["all"]["hosts"])
OPERATIONS = "operations@uczelnia.example"
Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def ops1(host: HostNamed) -> Host:
    return host("ops1")


@pytest.fixture
def ask(ops1: Host) -> Ask:
    """Ask Prometheus, and get each answer's labels and value."""

    def answers(question: str) -> list[dict[str, Any]]:
        command = f"promtool query instant -o json http://127.0.0.1:9090 {shlex.quote(question)}"
        return [found["metric"] | {"is": float(found["value"][1])} for found in json.loads(ops1.check_output(command))]

    return answers


def until(said: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not said():
        if time.monotonic() > deadline:
            return False
        time.sleep(2)
    return True


def test_every_host_of_the_inventory_is_asked_and_answers(ask: Ask) -> None:
    assert {found["instance"]: found["is"] for found in ask('up{job="host"}')} == dict.fromkeys(HOSTS, 1.0)


@pytest.mark.parametrize("job", ["database", "balancer", "site", "prometheus"])
def test_services_are_asked_and_answer(ask: Ask, job: str) -> None:
    found = ask(f'up{{job="{job}"}}')
    assert found
    assert {each["is"] for each in found} == {1.0}


def test_the_pages_that_people_see_answer(ask: Ask) -> None:
    found = {each["instance"]: each["is"] for each in ask("probe_success")}
    names = ("estudent", "sso", "prefect")
    assert found == {f"https://{name}.uczelnia.example/": 1.0 for name in names}


def test_every_certificate_is_watched_and_holds_for_weeks(ask: Ask) -> None:
    left = ask('(estudent_certificate_end_timestamp_seconds{file="/etc/ssl/estudent/host.pem"} - time()) / 86400')
    assert sorted(each["instance"] for each in left) == HOSTS
    assert all(each["is"] > 21 for each in left)


def test_a_unit_that_failed_is_seen(host: HostNamed, ask: Ask) -> None:
    question = 'node_systemd_unit_state{instance="web1", name="estudent-test-fault.service", state="failed"} == 1'
    host("web1").run("systemd-run --unit=estudent-test-fault --wait false")
    try:
        assert until(lambda: bool(ask(question)), patience=60)
    finally:
        host("web1").check_output("systemctl reset-failed estudent-test-fault")


def test_a_backup_that_was_made_is_seen(host: HostNamed, ask: Ask) -> None:
    host("data1").check_output("estudent-backup-database")
    recent = 'time() - estudent_backup_timestamp_seconds{what="database"} < 300'
    assert until(lambda: bool(ask(recent)), patience=60)


def test_what_waits_in_the_registry_is_counted(ops1: Host, ask: Ask) -> None:
    ops1.check_output("systemctl start estudent-figures.service")
    file = ops1.file("/var/lib/prometheus/node-exporter/estudent-registry.prom")
    assert (file.user, file.mode) == ("root", 0o644)
    assert "estudent_requests_waiting" in file.content_string
    assert until(lambda: bool(ask('estudent_mailboxes{instance="ops1", state="stuck"}')), patience=60)
    assert ops1.check_output("systemctl is-enabled estudent-figures.timer") == "enabled"


def test_alerts_tell_what_they_should_and_nothing_else(ops1: Host) -> None:
    questions = (PROJECT / "tests/hosts/alerts.test.yml").read_text()
    ops1.check_output(f"printf %s {shlex.quote(questions)} > /tmp/alerts.test.yml")
    told = ops1.run("promtool test rules /tmp/alerts.test.yml")
    ops1.check_output("rm /tmp/alerts.test.yml")
    assert told.succeeded, told.stderr


def test_every_alert_links_to_what_there_is_to_read(ops1: Host) -> None:
    rules = yaml.safe_load(ops1.file("/etc/prometheus/estudent-rules.yml").content_string)
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert alerts
    missing = [rule["alert"] for rule in alerts if not _is_written(*rule["annotations"]["runbook"].partition("#")[::2])]
    assert missing == []


def _is_written(file: str, heading: str) -> bool:
    path = PROJECT / file
    if not path.exists():
        return False
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return not heading or heading in [re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings]


def test_alerts_reach_whoever_writes_the_letters(ask: Ask) -> None:
    assert [each["is"] for each in ask("prometheus_notifications_alertmanagers_discovered")] == [1.0]


def test_an_alert_becomes_a_letter_to_operations_with_its_runbook(host: HostNamed, ops1: Host) -> None:
    rules = yaml.safe_load(ops1.file("/etc/prometheus/estudent-rules.yml").content_string)
    runbook = rules["groups"][0]["rules"][0]["annotations"]["runbook"]
    # One that nothing else tells of: letters of an alert that goes on are minutes apart.
    name = f"OfATest{time.time_ns()}"
    alert = ["alert", "add", f"alertname={name}", "--annotation", f"runbook={runbook}"]
    ops1.check_output(shlex.join(["amtool", "--alertmanager.url=http://127.0.0.1:9093", *alert]))
    with httpx.Client(verify=trust(host("edge1")), timeout=60) as web:
        outside = Outside(web)
        assert until(lambda: any(name in each["subject"] for each in outside.letters(OPERATIONS)), patience=120)
        letter = next(each for each in outside.letters(OPERATIONS) if name in each["subject"])
    assert runbook in letter["html"]


def test_its_pages_are_on_the_loopback_and_figures_are_for_the_monitoring_only(host: HostNamed, lab: Lab) -> None:
    listening = host("ops1").check_output("ss -Hltn '( sport = 9090 or sport = 9093 or sport = 9115 )'")
    assert {line.split()[3] for line in listening.splitlines()} == {f"127.0.0.1:{port}" for port in (9090, 9093, 9115)}
    reach = f"import socket; socket.create_connection(({lab.host('web1').address!r}, 9100), 3)"
    assert host("ops1").run(f"python3 -c {shlex.quote(reach)}").succeeded
    assert host("web2").run(f"python3 -c {shlex.quote(reach)}").failed


def test_engineers_reach_the_pages_by_a_tunnel_and_on_other_hosts_there_is_none(host: HostNamed) -> None:
    assert "allowtcpforwarding local" in host("ops1").check_output("sshd -T")
    assert "allowtcpforwarding no" in host("web1").check_output("sshd -T")
