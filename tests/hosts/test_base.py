"""The ground that every host stands on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from lab.running import Lab
from lab.secrets import PROJECT
from tests.hosts.conftest import HostNamed

HOSTS = sorted(yaml.safe_load((PROJECT / "inventories/lab/hosts.yml").read_text())["all"]["hosts"])
LYNIS_AT_LEAST = 80
ANSIBLE = Path(sys.executable).with_name("ansible")
each = pytest.mark.parametrize("name", HOSTS)


@each
def test_a_host_is_running_and_none_of_its_units_failed(host: HostNamed, name: str) -> None:
    assert host(name).run("systemctl is-system-running --wait").stdout.strip() == "running", host(name).check_output(
        "systemctl --failed --no-legend"
    )


@each
def test_ssh_takes_keys_of_known_users_only(host: HostNamed, name: str) -> None:
    settings = host(name).check_output("sshd -T").splitlines()
    assert {
        "permitrootlogin no",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "allowusers deploy",
        "authenticationmethods publickey",
        "x11forwarding no",
    } <= set(settings)


def test_root_does_not_get_in_though_the_key_is_right(host: HostNamed, lab: Lab) -> None:
    key = "/home/deploy/.ssh/authorized_keys"
    host("edge1").check_output(f"install -D -m 600 {key} /root/.ssh/authorized_keys")
    try:
        command = ["ssh", "-F", str(lab.folder / "ssh_config"), "-o", "BatchMode=yes", "-l", "root", "edge1", "true"]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Permission denied" in refused.stderr
    finally:
        host("edge1").check_output("rm /root/.ssh/authorized_keys")


@each
def test_security_upgrades_come_by_themselves_and_nothing_else_does(host: HostNamed, name: str) -> None:
    told = host(name).check_output("apt-config dump | grep -E 'Periodic|Origins'")
    origins = re.findall(r'Origins-Pattern:: "(.*)";', told)
    assert 'Periodic::Unattended-Upgrade "1"' in told
    assert origins
    assert all("Security" in origin for origin in origins)
    assert (
        host(name).check_output("systemctl is-active apt-daily.timer apt-daily-upgrade.timer").split() == ["active"] * 2
    )


@each
def test_the_journal_is_bounded_and_outlives_a_reboot(host: HostNamed, name: str) -> None:
    settings = host(name).check_output("systemd-analyze cat-config systemd/journald.conf")
    assert {"SystemMaxUse=1G", "MaxRetentionSec=30day", "Storage=persistent"} <= set(settings.split())
    assert host(name).file("/var/log/journal").is_directory


@each
def test_the_network_is_careful(host: HostNamed, name: str) -> None:
    files = [
        "all/rp_filter",
        "all/accept_redirects",
        "all/send_redirects",
        "all/accept_source_route",
        "all/log_martians",
    ]
    paths = " ".join(f"/proc/sys/net/ipv4/conf/{file}" for file in files)
    assert host(name).check_output(f"cat {paths}").split() == ["1", "0", "0", "0", "1"]


def test_a_change_of_a_watched_file_is_said_in_the_journal(host: HostNamed) -> None:
    edge1 = host("edge1")
    look = "systemctl start estudent-integrity && journalctl --sync && journalctl -u estudent-integrity --since -1min"
    edge1.check_output("systemctl start estudent-integrity")
    edge1.check_output("touch /etc/estudent-test")
    try:
        assert "/etc/estudent-test" in edge1.check_output(look)
    finally:
        edge1.check_output("rm /etc/estudent-test && systemctl start estudent-integrity")


@pytest.fixture
def lynis(host: HostNamed) -> Iterator[None]:
    """Have the auditor on all hosts, for as long as it is needed."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: host(name).check_output("apt-get -q -y install lynis"), HOSTS))
        yield
        list(pool.map(lambda name: host(name).check_output("apt-get -q -y purge lynis"), HOSTS))


@pytest.mark.usefixtures("lynis")
def test_an_auditor_finds_every_host_hardened(host: HostNamed) -> None:
    def audit(name: str) -> int:
        host(name).run("lynis audit system --quick --no-colors --quiet")
        return int(host(name).check_output("sed -n 's/^hardening_index=//p' /var/log/lynis-report.dat"))

    with ThreadPoolExecutor() as pool:
        found = dict(zip(HOSTS, pool.map(audit, HOSTS), strict=True))
    assert {name: index for name, index in found.items() if index < LYNIS_AT_LEAST} == {}, found


def units(*names: str, check: bool = False, reads: dict[str, list[str]] | None = None) -> str:
    """Have units run on outside1, as roles do; return what Ansible says."""
    asked = json.dumps({"names": names, "reads": reads or {}})
    command = [str(ANSIBLE), "outside1", "--become", "--module-name", "units", "--args", asked]
    done = subprocess.run([*command, *["--check"] * check], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_unit_that_was_stopped_and_disabled_is_found_started_and_enabled(host: HostNamed) -> None:
    outside1, timer = host("outside1"), "estudent-metrics.timer"
    outside1.check_output(f"systemctl disable --now {timer}")
    assert f"- {timer}" in units("ssh.service", timer, check=True)
    assert not outside1.service(timer).is_running
    assert "CHANGED" in units("ssh.service", timer)
    assert outside1.service(timer).is_running and outside1.service(timer).is_enabled
    assert "changed: false" in units("ssh.service", timer)


def test_a_unit_that_has_not_read_what_was_written_is_named_until_it_has(host: HostNamed) -> None:
    """A play that was killed between a file and its handler leaves no other trace."""
    outside1, folder = host("outside1"), "/run/read-by-a-test"
    reads = {"ssh.service": [f"{folder}", "/nowhere"]}
    outside1.check_output(f"mkdir -p {folder}/in && systemctl reload ssh.service")
    try:
        assert "changed: false" in units("ssh.service", reads=reads)
        outside1.check_output(f"touch {folder}/in/file")
        for _ in range(2):
            told = units("ssh.service", reads=reads)
            assert "CHANGED" in told and "behind_units:\n    - ssh.service" in told
        outside1.check_output("systemctl reload ssh.service")
        assert "changed: false" in units("ssh.service", reads=reads)
    finally:
        outside1.check_output(f"rm -r {folder}")


def test_a_unit_that_systemd_cannot_load_is_named() -> None:
    assert "systemd cannot load nobody.service" in units("ssh.service", "nobody.service")
