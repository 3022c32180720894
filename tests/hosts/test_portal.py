"""The portal on its nodes: locked up, with logs that name nobody, and there while it is reloaded and replaced."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testinfra.host import Host

from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.visiting import Answer, Visitor, ask

NODES = ["web1", "web2"]
PROJECT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
NAME = "estudent.uczelnia.example"
SERVICE = "estudent-portal.service"
EXPOSURE = re.compile(r"Overall exposure level for \S+: ([\d.]+)")

Note = Callable[[str, object], None]


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest, host: HostNamed) -> Host:
    """Each node of the portal."""
    return host(request.param)


@pytest.fixture
def web1(host: HostNamed) -> Host:
    return host("web1")


def get(path: str = "/", **headers: str) -> Answer:
    """Ask for a page as a browser does, through the balancer."""
    return ask(NAME, path, headers=headers)


@contextmanager
def visited(note: Note, what: str) -> Iterator[None]:
    """Let visitors come all the time; none may be turned away."""
    with Visitor(NAME, "/") as visitor:
        yield
    failed = [answer for answer in visitor.answers if answer.status != 200]
    slowest = max(answer.seconds for answer in visitor.answers)
    note(what, f"{len(visitor.answers)} requests, {len(failed)} failed, slowest {slowest:.2f} s")
    assert failed == []


def test_the_service_is_locked_up(node: Host) -> None:
    shown = str(node.check_output(f"systemd-analyze security --no-pager {SERVICE}"))
    found = EXPOSURE.search(shown)
    assert found, shown
    assert float(found[1]) <= 3


def test_the_settings_are_the_service_s_and_hold_nothing_that_is_not_the_portal_s(node: Host, lab: Lab) -> None:
    file = node.file("/etc/estudent/portal.toml")
    assert (file.user, file.group, file.mode) == ("root", "estudent", 0o640)
    others = (
        "database_estudent_flows_password",
        "directory_provisioner_password",
        "payments_key",
        "standins_microsoft365_client_secret",
    )
    assert not any(lab.secret(f"vault_{name}") in file.content_string for name in others)
    assert tomllib.loads(file.content_string)["portal"]["proxies"] == 1


def health(node: Host) -> str:
    """Return the status with which a node answers for its health, asked from within."""
    inside = (
        "import http.client as h, ssl; c = h.HTTPSConnection('127.0.0.1', context=ssl._create_unverified_context())"
    )
    asked = f"{inside}; c.request('GET', '/healthz', headers={{'Host': '{NAME}'}}); print(c.getresponse().status)"
    return str(node.check_output(f'python3 -c "{asked}"'))


def await_health(node: Host) -> None:
    """Go on when the node is well again: its new processes need a moment to start."""
    deadline = time.monotonic() + 60
    while health(node) != "200":
        assert time.monotonic() < deadline, "the node is not well"


def test_a_node_is_well_and_says_so_to_the_balancer_alone(node: Host) -> None:
    assert health(node) == "200"
    assert get("/healthz").status == 403


def test_pages_come_with_what_protects_them() -> None:
    headers = get().headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers or not re.search(r"\d", headers["server"])


def test_style_sheets_are_compressed_and_pages_are_not() -> None:
    page = get("/", **{"Accept-Encoding": "gzip"})
    found = re.search(rb'href="(/static/[^"]+\.css[^"]*)"', page.body)
    assert found, "the page has no style sheet"
    sheet = get(found[1].decode(), **{"Accept-Encoding": "gzip"})
    assert (sheet.status, sheet.headers["content-encoding"]) == (200, "gzip")
    assert page.headers["content-encoding"] is None


def test_a_style_sheet_that_did_not_change_is_not_sent_again() -> None:
    found = re.search(rb'href="(/static/[^"]+\.css[^"]*)"', get().body)
    assert found
    path = found[1].decode()
    assert get(path, **{"If-None-Match": str(get(path).headers["etag"])}).status == 304


def test_logs_name_nobody_and_no_query(host: HostNamed) -> None:
    assert get("/help?token=a-secret", Referer="https://a-referer.example/").status == 200
    logs = "".join(str(host(name).check_output("cat /var/log/nginx/portal.*.log")) for name in NODES)
    assert " GET /help 200 " in logs
    assert not any(word in logs for word in ("a-secret", "a-referer", "10.77.0.1 ", "Python"))


def test_logs_are_rotated(node: Host) -> None:
    shown = node.run("logrotate --debug /etc/logrotate.d/nginx")
    assert "/var/log/nginx/portal.access.log" in shown.stdout + shown.stderr


def test_a_large_form_is_refused_before_the_portal_sees_it() -> None:
    sent = get("/activate").status, ask(NAME, "/activate", form=b"a=" + b"a" * 300_000).status
    assert sent == (200, 413)


def test_a_large_header_is_refused_before_the_portal_sees_it() -> None:
    assert get("/", **{"X-Long": "a" * 40_000}).status in (400, 431)


def test_a_reload_turns_nobody_away(web1: Host, record_testsuite_property: Note) -> None:
    before = web1.check_output(f"systemctl show -p ExecMainPID {SERVICE}")
    with visited(record_testsuite_property, "reload"):
        for _ in range(3):
            web1.check_output(f"systemctl reload {SERVICE}")
            await_health(web1)
    assert web1.check_output(f"systemctl show -p ExecMainPID {SERVICE}") == before


def test_a_restart_of_one_node_turns_nobody_away(web1: Host, record_testsuite_property: Note) -> None:
    with visited(record_testsuite_property, "restart"):
        web1.check_output(f"systemctl restart {SERVICE} && sleep 5")


def test_a_killed_process_is_replaced(web1: Host) -> None:
    web1.check_output(f"systemctl kill --kill-whom=main --signal=SIGKILL {SERVICE} && sleep 8")
    assert web1.service(SERVICE).is_running
    assert get().status == 200


def test_replacing_all_nodes_turns_nobody_away(host: HostNamed, record_testsuite_property: Note) -> None:
    before = {name: host(name).check_output(f"systemctl show -p ExecMainPID {SERVICE}") for name in NODES}
    try:
        with visited(record_testsuite_property, "replacing both nodes"):
            play("--extra-vars", "portal_threads=9")
        now = {name: host(name).check_output(f"systemctl show -p ExecMainPID {SERVICE}") for name in NODES}
        assert all(now[name] != before[name] for name in NODES)
    finally:
        play()


def test_a_play_that_was_interrupted_is_run_again_and_goes_on(host: HostNamed, record_testsuite_property: Note) -> None:
    """Its engineer's machine dies when the first node is out and not back yet: nothing cleans up after it."""
    edge1 = host("edge1")
    try:
        with visited(record_testsuite_property, "a play that dies half-way"):
            killed_at("RUNNING HANDLER [portal : The portal is restarted]", "--extra-vars", "portal_threads=7")
            assert not serving(edge1) >= set(NODES), "it was killed before a node was taken out"
            play("--extra-vars", "portal_threads=7")
        assert serving(edge1) == set(NODES)
        assert all("--threads 7" in command_of(host(name)) for name in NODES)
        recap = play("--extra-vars", "portal_threads=7").partition("PLAY RECAP")[2]
        assert re.findall(r"changed=(\d+)", recap) == ["0", "0"]
    finally:
        play()


def killed_at(step: str, *options: str) -> None:
    """Deploy the portal's nodes, and kill Ansible with all its processes as soon as it begins a step."""
    command: list[str | Path] = [PLAYBOOK, "-i", "inventories/lab", *options, "playbooks/portal.yml"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        try:
            assert any(line.startswith(step) for line in run.stdout or ()), f"it never came to {step}"
        finally:
            os.killpg(run.pid, signal.SIGKILL)


def command_of(node: Host) -> str:
    """Return what the portal's process on a node was started with."""
    return str(node.check_output(f"tr '\\0' ' ' < /proc/$(systemctl show --value -p MainPID {SERVICE})/cmdline"))


def serving(edge1: Host) -> set[str]:
    """Return the nodes that HAProxy sends visitors to."""
    shown = (line.split() for line in str(edge1.check_output("estudent-balancer show")).splitlines())
    return {words[1] for words in shown if words[0] == "portal" and words[2] == "UP"}


def play(*options: str) -> str:
    """Deploy the portal's nodes, as an engineer would; return what was said."""
    command: list[str | Path] = [PLAYBOOK, "-i", "inventories/lab", *options, "playbooks/portal.yml"]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout.strip()
