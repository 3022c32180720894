"""Deployments through a real Prefect server and worker: form, check, approval, run, and how they are cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from estudent.adapters.ansible import processes
from estudent.domain.deployment import Play
from estudent.ports import Refused
from sandbox.orchestration import Orchestration
from tests.playing import CANARIES, Project, a_project, alive, command_of

pytestmark = pytest.mark.enable_socket
PATIENCE = 180


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return a_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def prefect(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestration]:
    """A server with a worker of the pool `deployments`."""
    folder = tmp_path_factory.mktemp("orchestration")
    (folder / "settings.toml").write_text(project.settings())
    with Orchestration(folder / "prefect", {"ESTUDENT_SETTINGS": str(folder / "settings.toml")}) as prefect:
        prefect.serve("deployments")
        yield prefect


def until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def asked(prefect: Orchestration, play: Play) -> str:
    """Start a deployment, wait until it asks, and return its run."""
    run = prefect.trigger("deploy", {"play": play.value, "check_only": False})
    until(lambda: prefect.state_of(run)["type"] == "PAUSED", f"the run did not ask: {prefect.state_of(run)}")
    return run


def _asks_again(state: dict[str, Any], before: str) -> bool:
    return bool(state["type"] == "PAUSED" and state["id"] != before)


def answered(prefect: Orchestration, run: str, *, agree: bool) -> dict[str, Any]:
    prefect.answer(run, {"agree": agree, "name": "Anna Nowak"})
    return prefect.wait_for(run)


def artifacts(prefect: Orchestration, run: str) -> dict[str, str]:
    return {each["key"]: each["data"] for each in prefect.artifacts_of(run)}


def log(prefect: Orchestration, run: str) -> list[str]:
    """Return what the completed run has said, once all of it has arrived; each of its processes sends its own part."""

    def so_far() -> list[str]:
        wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200, "sort": "TIMESTAMP_ASC"}
        return [each["message"] for each in prefect.post("/logs/filter", wanted)]

    until(lambda: any("Finished in state Completed" in line for line in so_far()), "no log")
    return so_far()


@pytest.fixture(scope="module")
def deployed(prefect: Orchestration, project: Project) -> str:
    """A run that was agreed to; before, nothing was there."""
    run = asked(prefect, Play.SITE)
    assert project.changed("one", "greeting") is None
    assert answered(prefect, run, agree=True)["type"] == "COMPLETED"
    return run


# the form


def test_the_form_offers_the_plays_and_starts_as_a_check(prefect: Orchestration) -> None:
    form = httpx.get(f"{prefect.url}/api/deployments/name/deploy/deploy").json()
    properties = form["parameter_openapi_schema"]["properties"]
    assert form["parameter_openapi_schema"]["definitions"]["Play"]["enum"] == [play.value for play in Play]
    assert set(properties) == {"play", "limit", "tags", "check_only"}
    assert form["parameters"] == {"play": "site", "check_only": True}
    assert all(each["description"] for each in properties.values())


@pytest.mark.parametrize("wrong", [{"play": "nothing"}, {"limit": "@/etc/passwd"}, {"limit": "-i x"}, {"tags": "a b"}])
def test_the_form_refuses_what_is_no_play_no_host_and_no_tag(prefect: Orchestration, wrong: dict[str, object]) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        prefect.trigger("deploy", {"play": "site", **wrong})


# check, approval, run


def test_a_check_alone_asks_nobody_and_changes_nothing(prefect: Orchestration, project: Project) -> None:
    run = prefect.trigger("deploy", {"play": "site", "limit": "one"})
    assert prefect.wait_for(run)["type"] == "COMPLETED"
    left = artifacts(prefect, run)
    assert set(left) == {"deploy-check", "deploy-check-recap"}
    assert "# What site on one would change" in left["deploy-check"]
    assert "```diff\n@@ -0,0 +1,2 @@\n+good morning\n+all\n```" in left["deploy-check"]
    assert project.changed("one", "greeting") is None


def test_what_was_agreed_to_is_done_and_its_recap_is_kept(
    prefect: Orchestration, project: Project, deployed: str
) -> None:
    assert project.changed("two", "greeting") == "good morning\nall\n"
    left = artifacts(prefect, deployed)
    assert set(left) == {"deploy-check", "deploy-check-recap", "deploy-run", "deploy-run-recap"}
    for host in ("one", "two"):
        assert f'"Host": "{host}", "Ok": 5, "Changed": 4, "Restarts": 0, "Failed": 0' in left["deploy-run-recap"]


def test_the_log_tells_tasks_hosts_and_who_agreed(prefect: Orchestration, deployed: str) -> None:
    said = log(prefect, deployed)
    assert said.count("TASK The greeting is written") == 3  # the check, the check after the answer, the run
    assert said.count("  one: changed") == 12
    assert said.index("Anna Nowak agreed") > said.index("Check of site: 8 changes would be made on 2 of 2 hosts")
    assert "Deployment of site: 8 changes made on 2 of 2 hosts" in said


def question(prefect: Orchestration, run: str) -> str:
    """Return what stood above the form of a run that has asked once."""
    states = httpx.get(f"{prefect.url}/api/flow_run_states/", params={"flow_run_id": run}).json()
    (keys,) = [state["state_details"]["run_input_keyset"] for state in states if state["type"] == "PAUSED"]
    return httpx.get(f"{prefect.url}/api/flow_runs/{run}/input/{keys['description']}").text


def test_the_question_says_what_would_happen(prefect: Orchestration, deployed: str) -> None:
    text = question(prefect, deployed)
    assert "8 changes would be made on 2 of 2 hosts" in text and "deploy-check" in text


def test_the_question_names_what_restarts_where_and_what_the_check_left_out(prefect: Orchestration) -> None:
    run = asked(prefect, Play.EDUROAM)
    text = question(prefect, run)
    assert "3 changes would be made on 2 of 2 hosts; 8 restarts: " in text
    assert "front (reload) on one, two; " in text and "server on one, two; " in text
    assert "1 task could not be checked, or had nothing to do" in text
    checked = artifacts(prefect, run)["deploy-check"]
    assert "## What would restart\n\n- day.timer on two\n" in checked
    assert (
        "## What the check left out\n\n" in checked and "\n- What only one of them has is written on one\n" in checked
    )
    answered(prefect, run, agree=True)
    restarts = [f'"Host": "{host}", "Ok": {ok}, "Changed": {changed}, "Restarts": {restarts}'
                for host, ok, changed, restarts in (("one", 5, 1, 3), ("two", 7, 2, 5))]  # fmt: skip
    left = artifacts(prefect, run)
    for recap in restarts:
        assert recap in left["deploy-check-recap"] and recap in left["deploy-run-recap"]


def test_who_does_not_agree_ends_the_run_and_nothing_is_changed(prefect: Orchestration, project: Project) -> None:
    run = asked(prefect, Play.SSO)
    assert answered(prefect, run, agree=False)["type"] == "COMPLETED"
    assert "Anna Nowak did not agree; nothing was changed" in log(prefect, run)
    assert not (project.folder / "changed" / "one-later").exists()


def test_an_answer_without_a_name_is_refused(prefect: Orchestration) -> None:
    run = asked(prefect, Play.SSO)
    refused = prefect.post(f"/flow_runs/{run}/resume", {"run_input": {"agree": True, "name": ""}})
    assert refused["status"] == "REJECT"
    assert prefect.state_of(run)["type"] == "PAUSED"
    answered(prefect, run, agree=False)


def test_a_task_that_can_t_be_checked_leaves_the_choice(prefect: Orchestration, project: Project) -> None:
    run = asked(prefect, Play.SSO)
    assert "“The file is read” on one: failed" in " ".join(log_so_far(prefect, run))
    assert answered(prefect, run, agree=True)["type"] == "COMPLETED"
    assert (project.folder / "changed" / "one-later").exists()


def log_so_far(prefect: Orchestration, run: str) -> list[str]:
    wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200}
    until(lambda: "Check of" in str(prefect.post("/logs/filter", wanted)), "no check in the log")
    return [each["message"] for each in prefect.post("/logs/filter", wanted)]


# how it goes wrong


def test_a_failed_play_fails_the_run_and_names_its_tasks(prefect: Orchestration) -> None:
    run = asked(prefect, Play.DATABASE)
    ended = answered(prefect, run, agree=True)
    assert ended["type"] == "FAILED"
    assert "“The thing is broken” on two: failed: no room on •••" in ended["message"]


def test_hosts_that_are_away_fail_the_check_and_nobody_is_asked(prefect: Orchestration) -> None:
    ended = prefect.wait_for(prefect.trigger("deploy", {"play": "cache", "check_only": False}))
    assert ended["type"] == "FAILED" and "on lost: unreachable" in ended["message"]


def test_who_agreed_is_asked_again_when_other_changes_are_found(prefect: Orchestration, project: Project) -> None:
    run = asked(prefect, Play.SITE)
    (project.folder / "changed" / "one" / "greeting").write_text("somebody was here")
    first = prefect.state_of(run)["id"]
    prefect.answer(run, {"agree": True, "name": "Anna Nowak"})
    # By the state's id, since a busy server may show nothing of what was between two questions.
    until(lambda: _asks_again(prefect.state_of(run), first), "the run did not ask again")
    assert project.changed("one", "greeting") == "somebody was here"
    assert answered(prefect, run, agree=True)["type"] == "COMPLETED"
    assert project.changed("one", "greeting") == "good morning\nall\n"


def test_a_run_that_waits_can_be_cancelled_and_keeps_nobody_off(prefect: Orchestration) -> None:
    waiting = asked(prefect, Play.SITE)
    assert prefect.wait_for(prefect.trigger("deploy", {"play": "site"}))["type"] == "COMPLETED"
    cancel(prefect, waiting)
    assert prefect.wait_for(waiting)["type"] == "CANCELLED"


def test_while_somebody_deploys_from_a_shell_a_run_is_refused(prefect: Orchestration, project: Project) -> None:
    with project.playbooks.alone():
        refused = prefect.wait_for(prefect.trigger("deploy", {"play": "site"}))
    assert refused["type"] == "FAILED" and "another deployment" in refused["message"]


def cancel(prefect: Orchestration, run: str) -> None:
    """Cancel as the UI's button does."""
    prefect.post(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})


def sleeping(prefect: Orchestration, project: Project) -> tuple[str, list[int]]:
    """Start a deployment that takes ten minutes, wait until it does, and return the run and its processes."""
    run = prefect.trigger("deploy", {"play": "base"})
    until(
        lambda: sum(b"sleep" in command_of(pid) for pid in processes.marked(project.mark)) == 2,
        "the play did not begin",
    )
    return run, processes.marked(project.mark)


def test_a_cancelled_run_leaves_no_process(prefect: Orchestration, project: Project) -> None:
    run, pids = sleeping(prefect, project)
    cancel(prefect, run)
    until(lambda: not processes.marked(project.mark), "processes were left")
    assert prefect.wait_for(run, 60)["type"] == "CANCELLED"
    until(lambda: not any(map(alive, pids)), "processes were left that had lost their mark")


def test_no_secret_stands_in_prefect_or_the_logs(prefect: Orchestration, deployed: str) -> None:
    for path in (path for path in prefect.folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert [canary for canary in CANARIES if canary.encode() in content] == [], path.name


def test_a_worker_that_is_stopped_takes_ansible_with_it(prefect: Orchestration, project: Project) -> None:
    """It stands last: afterwards there is no worker any more. What its run kept goes with the next deployment."""
    _, pids = sleeping(prefect, project)
    prefect.worker.terminate()
    until(lambda: not processes.marked(project.mark), "processes were left")
    until(lambda: not any(map(alive, pids)), "processes were left that had lost their mark")
    until(lambda: clears_up(project), "the next deployment did not begin, or did not clear up")


def clears_up(project: Project) -> bool:
    """Begin a deployment, once the run's own process has let go, and tell whether nothing of the run is left."""
    try:
        with project.playbooks.alone():
            return project.playbooks.rooms() == set()
    except Refused:
        return False
