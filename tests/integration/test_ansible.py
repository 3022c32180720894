"""Deployments with the real ansible-runner, on this machine: what is told, what is hidden, how they end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from estudent.adapters.ansible import AnsiblePlaybooks, processes
from estudent.adapters.ansible.vault import values_in
from estudent.domain.deployment import Happening, HostRecap, Order, Outcome, Play, What
from estudent.ports import Misconfigured, Refused
from estudent.services.deploy_hosts import DeployHosts
from tests.playing import CANARIES, IN_A_FILE, Project, a_project, alive, command_of

ROOT = Path(__file__).resolve().parents[2]
DIES_HARD = """
import sys
from pathlib import Path
from tests.playing import Project
from estudent.domain.deployment import Order, Play
from estudent.services.deploy_hosts import DeployHosts
deploy = DeployHosts(Project(Path(sys.argv[1])).playbooks)
with deploy.alone():
    deploy(Order(Play.BASE), check=True, tell=lambda happening: print(happening, flush=True))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return a_project(tmp_path_factory.mktemp("project"))


def carried_out(project: Project, play: Play, *, check: bool) -> Outcome:
    deploy = DeployHosts(project.playbooks)
    with deploy.alone():
        return deploy(Order(play), check=check, tell=lambda _: None)


@pytest.fixture(scope="module")
def checked(project: Project) -> Outcome:
    """What a check of everything says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_AUTH_STRING", "operator:secret")
        patch.setenv("ESTUDENT_REGISTRY__URL", "postgresql://")
        return carried_out(project, Play.SITE, check=True)


@pytest.fixture(scope="module")
def broken(project: Project) -> Outcome:
    """What a play says in which tasks fail."""
    return carried_out(project, Play.DATABASE, check=True)


@pytest.fixture
def slow(project: Project) -> Iterator[tuple[threading.Event, threading.Thread]]:
    """A play that is in the midst of a command which takes ten minutes."""
    stop, begun, deploy = threading.Event(), threading.Event(), DeployHosts(project.playbooks)

    def tell(happening: Happening) -> None:
        if happening.what is What.TASK:
            begun.set()

    def play() -> None:
        with deploy.alone():
            deploy(Order(Play.BASE), check=True, tell=tell, stop=stop.is_set)

    thread = threading.Thread(target=play)
    thread.start()
    assert begun.wait(60)
    wait_until_asleep(project)
    yield stop, thread
    stop.set()
    thread.join()


def wait_until_asleep(project: Project) -> list[int]:
    """Wait until the command runs on both hosts, and return all processes of the deployment."""
    deadline = time.monotonic() + 60
    while sum(b"sleep" in command_of(pid) for pid in processes.marked(project.mark)) < 2:
        assert time.monotonic() < deadline, "the play did not begin its command"
        time.sleep(0.1)
    return processes.marked(project.mark)


# what is told


def test_a_check_shows_what_would_be_written_and_writes_nothing(project: Project, checked: Outcome) -> None:
    shown = {(each.host, tuple(each.differences[0].lines())) for each in checked.changes if "greeting" in each.task}
    assert shown == {(host, ("@@ -0,0 +1,2 @@", "+good morning", "+all")) for host in ("one", "two")}
    assert project.changed("one", "greeting") is None


def test_tasks_and_hosts_are_told_in_their_order(checked: Outcome) -> None:
    told = [str(each) for each in checked.happenings]
    assert told[:2] == ["PLAY Everything is in place", "TASK The folder is there"]
    assert set(told[2:4]) == {"  one: changed", "  two: changed"}
    assert told[4] == "TASK The greeting is written"


def test_the_recap_counts_every_host(checked: Outcome) -> None:
    assert checked.recap == (HostRecap("one", ok=5, changed=4), HostRecap("two", ok=5, changed=4))
    assert checked.well and checked.worth_asking
    assert checked.summary() == "8 changes would be made on 2 of 2 hosts"


def test_a_failed_task_is_named_with_its_host_and_message(broken: Outcome) -> None:
    assert not broken.well
    assert "“The thing is broken” on two: failed: no room on •••" in broken.complaint()


def test_a_silent_task_that_fails_is_named_without_its_message(broken: Outcome) -> None:
    assert "“The silent thing is broken” on one: failed: the task handles secrets" in broken.complaint()


def test_a_host_that_is_away_is_named_and_leaves_nothing_to_agree_to(project: Project) -> None:
    outcome = carried_out(project, Play.CACHE, check=True)
    assert not outcome.well and not outcome.worth_asking
    assert "“The host answers” on lost: unreachable" in outcome.complaint()


def test_a_file_that_is_no_play_is_told(project: Project) -> None:
    outcome = carried_out(project, Play.DIRECTORY, check=True)
    assert outcome.recap == () and not outcome.well
    assert "YAML parsing failed" in outcome.complaint()


def test_a_failure_on_one_host_stops_the_others_but_what_was_changed_is_put_in_force(project: Project) -> None:
    outcome = carried_out(project, Play.PORTAL, check=False)
    assert "“One of two is broken” on two: failed" in outcome.complaint()
    written = {each.name for each in (project.folder / "changed").glob("*-*")}
    assert written == {f"{host}-{what}" for host in ("one", "two") for what in ("first", "in-force")}


def test_a_run_changes_the_hosts_and_a_second_one_nothing(project: Project, checked: Outcome) -> None:
    assert carried_out(project, Play.SITE, check=False).summary() == "8 changes made on 2 of 2 hosts"
    assert project.changed("two", "greeting") == "good morning\nall\n"
    again = carried_out(project, Play.SITE, check=False)
    assert again.well and again.changes == []


# what restarts


@pytest.fixture(scope="module")
def restarting(project: Project) -> tuple[Outcome, Outcome, Outcome]:
    """What a check says of settings that services read, the run after it, and a second one."""
    check, *runs = (carried_out(project, Play.EDUROAM, check=check) for check in (True, False, False))
    return check, runs[0], runs[1]


def test_a_check_counts_and_names_restarts_as_the_run_then_does(restarting: tuple[Outcome, Outcome, Outcome]) -> None:
    checked, done, _ = restarting
    assert [(each.host, each.changed, each.restarts) for each in checked.recap] == [("one", 1, 3), ("two", 2, 5)]
    assert [(each.changed, each.restarts) for each in done.recap] == [(1, 3), (2, 5)]
    assert checked.restarts == done.restarts
    assert checked.restarts == {
        "day.timer": ["two"],
        "front (reload)": ["one", "two"],
        "night.timer": ["two"],
        "server": ["one", "two"],
        "“What else reads them is told”": ["one", "two"],
    }
    said = "; 8 restarts: day.timer on two; front (reload) on one, two; night.timer on two; server on one, two; "
    assert f"3 changes would be made on 2 of 2 hosts{said}" in checked.summary()
    assert f"3 changes made on 2 of 2 hosts{said}" in done.summary()


def test_a_check_restarts_nothing_and_leaves_no_handler_out_that_would_run(
    project: Project, restarting: tuple[Outcome, Outcome, Outcome]
) -> None:
    checked, done, _ = restarting
    skipped = {(each.task, each.host) for each in checked.happenings if each.what is What.SKIPPED and each.handler}
    assert skipped == {("The other file is read", "one"), ("The other file is read", "two")}
    assert checked.left_out == {"What only one of them has is written": ["one"]}
    told = [each.task for each in checked.happenings if each.what is What.TASK]
    assert "The server is restarted" in told
    restarted = {file.name for file in (project.folder / "changed/two-units").iterdir()}
    assert restarted == {"server", "front", "day.timer", "night.timer"} and not done.left_out


def test_a_second_run_restarts_nothing(restarting: tuple[Outcome, Outcome, Outcome]) -> None:
    again = restarting[2]
    assert again.well and again.changes == [] and again.summary() == "nothing was changed on 2 hosts"


def test_a_restart_that_was_missed_is_told_without_a_change(project: Project) -> None:
    """A play that was cut off before its handlers leaves settings that a service has not read."""
    carried_out(project, Play.EDUROAM, check=False)
    (project.folder / "changed/one-settings").chmod(0o640)
    (project.folder / "changed/one-settings").chmod(0o600)
    checked = carried_out(project, Play.EDUROAM, check=True)
    assert checked.summary() == "nothing would change on 2 hosts; 1 restart: server on one"
    done = carried_out(project, Play.EDUROAM, check=False)
    assert done.summary() == "nothing was changed on 2 hosts; 1 restart: server on one"


def test_a_check_says_what_it_left_out_where_a_restart_may_hide(project: Project) -> None:
    checked = carried_out(project, Play.ORCHESTRATION, check=True)
    assert checked.well and checked.restarts == {}
    assert checked.left_out == {"What the check can't do is done": ["one"]}
    done = carried_out(project, Play.ORCHESTRATION, check=False)
    assert done.restarts == {"hidden": ["one"]} and done.left_out == {}
    assert "“What is not installed yet is restarted” on one: failed" in done.complaint()


# what is hidden


def test_a_silent_task_shows_that_it_changes_something_and_not_what(checked: Outcome) -> None:
    silent = [each for each in checked.changes if each.task == "The secret is kept"]
    assert [(each.hidden, each.differences) for each in silent] == [(True, ()), (True, ())]


def test_no_secret_is_told_in_any_form(checked: Outcome, broken: Outcome) -> None:
    told = f"{checked!r}{broken!r}{checked.complaint()}{broken.complaint()}"
    assert [canary for canary in CANARIES if canary in told] == []
    assert "canary" not in told and "Y2FuYXJ5" not in told  # the beginning of each, in base64


def test_what_stands_beside_a_secret_is_still_shown(checked: Outcome) -> None:
    (difference,) = next(each.differences for each in checked.changes if "configuration" in each.task)
    assert "password = •••\n" in difference.after and "single = •••\n" in difference.after
    assert difference.after.endswith("port = 389\n")


def test_nothing_of_a_deployment_is_left_on_the_disk(project: Project, checked: Outcome) -> None:
    assert project.playbooks.rooms() == set()


def test_a_room_is_closed_to_others(project: Project, slow: object) -> None:
    (room,) = project.playbooks.rooms()
    assert room.stat().st_mode & 0o777 == 0o700
    assert list(room.glob("mitogen_unix_*.sock"))
    kept = b"".join(file.read_bytes() for file in room.rglob("*") if file.is_file())
    assert [canary for canary in CANARIES if canary.encode() in kept] == []


def test_a_vault_that_does_not_open_stops_the_deployment(project: Project, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("another")
    ours = project.playbooks
    playbooks = AnsiblePlaybooks(ours.project, ours.inventory, None, wrong, None, None, tmp_path / "lock")
    with pytest.raises(Misconfigured, match="does not open"):
        playbooks.check()
    with pytest.raises(Misconfigured, match="VAULT_PASSWORD_FILE"):
        AnsiblePlaybooks(ours.project, ours.inventory, None, None, None, None, tmp_path / "lock").check()


def test_secrets_in_a_linked_folder_are_hidden_too(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    group_vars = project.folder / "inventory/group_vars"
    (group_vars / "all").rename(tmp_path / "elsewhere")
    (group_vars / "all").symlink_to(tmp_path / "elsewhere")
    assert IN_A_FILE in values_in([project.folder / "inventory"], project.folder / "password")


# how it ends


def test_a_deployment_that_is_stopped_leaves_no_process(
    project: Project, slow: tuple[threading.Event, threading.Thread]
) -> None:
    stop, thread = slow
    pids = processes.marked(project.mark)
    assert len(pids) >= 5  # ansible-playbook, a worker and a command for each host
    stop.set()
    thread.join(12)
    assert not thread.is_alive()
    assert [pid for pid in pids if alive(pid)] == [] and processes.marked(project.mark) == []


def test_a_second_deployment_is_refused_while_one_runs(project: Project, slow: object) -> None:
    with pytest.raises(Refused, match="another deployment"):
        carried_out(project, Play.SITE, check=True)


def test_ansible_and_its_commands_stop_when_their_starter_is_killed(project: Project) -> None:
    pids = killed_while_asleep(project)
    deadline = time.monotonic() + 20
    while any(map(alive, pids)) or project.playbooks.rooms():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_next_deployment_clears_up_what_is_left_of_a_killed_one(project: Project) -> None:
    pids = killed_while_asleep(project)
    with DeployHosts(project.playbooks).alone():
        assert [pid for pid in pids if alive(pid)] == []
        assert project.playbooks.rooms() == set()


def killed_while_asleep(project: Project) -> list[int]:
    """Kill whoever has started a play that sleeps, and return the play's processes."""
    command = [sys.executable, "-c", DIES_HARD, str(project.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as starter:
        pids = wait_until_asleep(project)
        starter.send_signal(signal.SIGKILL)
    return pids


def test_a_connection_kept_open_is_ended_though_it_shows_nothing_but_its_title() -> None:
    title = "ssh: /tmp/estudent-deploy-0123-x/ssh/1 [mux]"
    with subprocess.Popen(["bash", "-c", f"exec -a '{title}' sleep 600"], env={}) as kept_open:
        until_titled(kept_open.pid, title)
        assert processes.marked("NAME=value", "estudent-deploy-4567-") == []
        processes.end("NAME=value", "estudent-deploy-0123-")
        assert kept_open.wait(5) == -signal.SIGTERM


def until_titled(pid: int, title: str) -> None:
    deadline = time.monotonic() + 10
    while not command_of(pid).startswith(title.encode()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
