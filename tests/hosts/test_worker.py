"""Workers: a feed becomes accounts, a killed worker costs nothing but time, a stopped one ends its runs in order."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from testinfra.host import Host

from lab.running import Lab
from sandbox.sample import Sample, generate, write_csv
from tests.hosts.conftest import HostNamed
from tests.hosts.orchestrating import Prefect, await_that
from tests.hosts.signing_on import SUFFIX

FOLDER = "/var/lib/estudent/recruitment"
STUDENTS = 1500
DETECTION = 120
QUARTER = 15 * 60


@pytest.fixture
def ops1(host: HostNamed) -> Host:
    return host("ops1")


@pytest.fixture
def prefect(lab: Lab) -> Prefect:
    return Prefect(lab)


@pytest.fixture(scope="module")
def sample(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """Have recruitment export students of a seed that no other test uses; they stay in the lab."""
    made = generate(STUDENTS, int(uuid4()) % 1_000_000, broken=False)
    file = tmp_path_factory.mktemp("export") / f"rekrutacja-{uuid4().hex[:8]}.csv"
    write_csv(made, file)
    bring(lab, file)
    yield made
    lab.host("ops1").ssh(f"sudo rm -f {FOLDER}/{file.name}")


def bring(lab: Lab, file: Path) -> None:
    """Copy a file into recruitment's folder, under its name when it is whole."""
    target = f"{FOLDER}/{file.name}"
    words = f"sudo install -o estudent -g estudent -m 0640 /dev/stdin {target}.part && sudo mv {target}.part {target}"
    command = lab.network.command(lab.host("ops1").ssh_command(words))
    subprocess.run(command, input=file.read_bytes(), check=True)


class Registry:
    """The registry, asked on its host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def count(self, query: str) -> int:
        """Return the number that a query returns."""
        return int(self._host.check_output(f"runuser -u postgres -- psql -At estudent -c {shlex.quote(query)}"))


@pytest.fixture
def registry(host: HostNamed) -> Registry:
    return Registry(host("data1"))


class Directory:
    """The directory, asked on its host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def albums(self) -> list[str]:
        """Return the album numbers of all entries."""
        found = self._host.check_output(f"slapcat -F /etc/ldap/slapd.d -b {SUFFIX} -a '(employeeNumber=*)'")
        lines = str(found).splitlines()
        return [line.split(": ")[1] for line in lines if line.startswith("employeeNumber: ")]


@pytest.fixture
def directory(host: HostNamed) -> Directory:
    return Directory(host("directory1"))


def numbers(sample: Sample) -> set[str]:
    """Return the album numbers of those who have one."""
    return {row.album_number for row in sample.students if row.album_number}


def test_a_feed_becomes_accounts(prefect: Prefect, sample: Sample, directory: Directory) -> None:
    assert prefect.ended(prefect.start("recruitment-sync", {"mode": "apply"}), 300)["type"] == "COMPLETED"
    assert prefect.ended(prefect.start("accounts", {"mode": "apply"}), 300)["type"] == "COMPLETED"
    found = directory.albums()
    assert numbers(sample) <= set(found)
    assert len(found) == len(set(found))


def test_the_clock_starts_runs_by_itself(prefect: Prefect) -> None:
    """Every quarter of an hour there is a run of `requests`; somebody else than this test started one."""
    found = prefect.runs("requests")
    assert any(run["auto_scheduled"] and run["state"]["type"] == "SCHEDULED" for run in found)
    assert any(run["auto_scheduled"] and run["run_count"] for run in found)


def test_a_killed_worker_costs_a_run_and_nobody_gets_anything_twice(
    prefect: Prefect, sample: Sample, registry: Registry, ops1: Host
) -> None:
    prefect.ended(prefect.start("recruitment-sync", {"mode": "apply"}), 300)
    before = registry.count("SELECT count(*) FROM letter WHERE sent_at IS NOT NULL")
    run = prefect.start("letters", {"mode": "apply"})
    sent = "SELECT count(*) FROM letter WHERE sent_at IS NOT NULL"
    await_that(lambda: registry.count(sent) >= before + 20, 120)
    ops1.run_expect([0], "systemctl kill --signal SIGKILL 'estudent-worker@*.service'")
    assert prefect.state(run)["type"] == "RUNNING"
    assert await_that(lambda: prefect.state(run)["type"] == "CRASHED", DETECTION) < DETECTION
    # Letters that the killed run had in hand wait ten minutes; all others go now.
    assert prefect.ended(prefect.start("letters", {"mode": "apply"}), 300)["type"] in ("COMPLETED", "FAILED")
    twice = "SELECT count(*) FROM (SELECT student_id FROM letter GROUP BY student_id, kind HAVING count(*) > 1) AS t"
    assert registry.count(twice) == 0


def test_workers_are_back_after_they_were_killed(prefect: Prefect, ops1: Host) -> None:
    killed = prefect.under_way()
    ops1.run_expect([0], "systemctl kill --signal SIGKILL 'estudent-worker@*.service'")
    await_that(lambda: ops1.run("systemctl is-active estudent-worker@1 estudent-worker@2").rc == 0, 30)
    assert prefect.ended(prefect.start("accounts", {"mode": "rehearse"}), 120)["type"] == "COMPLETED"
    # Until it is noticed that they are dead, they count as running, here and for whoever looks at the pages.
    for run in killed:
        prefect.ended(run, DETECTION)


def until_long_before_the_next_quarter() -> None:
    """Wait over the end of this quarter of an hour, when a run of requests ends by itself and the next one follows."""
    left = QUARTER - time.time() % QUARTER
    if left < DETECTION:
        time.sleep(left + 10)


def being_served(prefect: Prefect, ops1: Host) -> str:
    """Return the run that serves students' requests, started here if there is none.

    One from before the workers' start died with their predecessors; until that is noticed it counts as running, and
    then another is started by itself.
    """
    until_long_before_the_next_quarter()
    start = int(ops1.check_output('date -d "$(systemctl show -P ActiveEnterTimestamp estudent-worker@1)" +%s'))

    def running() -> tuple[list[str], list[str]]:
        """Return the dead and the living."""
        dead, living = list[str](), list[str]()
        for each in prefect.runs("requests"):
            if each["state"]["type"] == "RUNNING":
                begun = datetime.fromisoformat(each["start_time"]).timestamp()
                (living if begun > start else dead).append(each["id"])
        return dead, living

    dead, living = running()
    for each in dead:
        prefect.ended(each, DETECTION)
    if not dead and not living:
        prefect.start("requests", {"minutes": 15})
    await_that(lambda: running()[1], 60)
    return running()[1][0]


def test_a_stopped_worker_lets_its_runs_end(prefect: Prefect, ops1: Host) -> None:
    run = being_served(prefect, ops1)
    ops1.run_expect([0], "systemctl restart estudent-workers.target")
    assert prefect.state(run)["type"] == "COMPLETED"
    assert prefect.ended(prefect.start("accounts", {"mode": "rehearse"}), 120)["type"] == "COMPLETED"


def test_students_requests_are_served_again_at_once_when_a_worker_was_killed(prefect: Prefect, ops1: Host) -> None:
    run = being_served(prefect, ops1)
    ops1.run_expect([0], "systemctl kill --signal SIGKILL 'estudent-worker@*.service'")
    await_that(lambda: prefect.state(run)["type"] == "CRASHED", DETECTION)

    def others_run() -> bool:
        return any(each["state"]["type"] == "RUNNING" and each["id"] != run for each in prefect.runs("requests"))

    await_that(others_run, 60)


def test_secrets_are_read_by_the_workers_account_alone(ops1: Host) -> None:
    settings = ops1.file("/etc/estudent/worker.toml")
    assert (settings.user, settings.group, settings.mode & 0o777) == ("root", "estudent", 0o640)
    assert ops1.file("/etc/estudent/worker.env").mode & 0o077 == 0


def test_every_system_answers_a_worker(ops1: Host) -> None:
    command = "runuser -u estudent -- /opt/estudent/current/.venv/bin/estudent doctor"
    done = ops1.run(f"set -a; . /etc/estudent/worker.env; exec {command}")
    assert done.succeeded, done.stdout
