"""How a deployment's processes are ended, and its room removed, with processes that are none of Ansible's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from estudent.adapters.ansible import AnsiblePlaybooks, processes
from tests.playing import alive, command_of


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "estudent-deploy-0123-abcdefgh"
    folder.mkdir()
    return folder


def mark_of(room: Path) -> str:
    return f"UNDER_TEST={room}"


@contextmanager
def started(room: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that bears the room's mark, in a session of its own; end it where a test fails."""
    environment = {"UNDER_TEST": str(room), "PATH": os.defpath}
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until(said: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def guard_of(room: Path) -> int:
    """Wait until the guard has settled what it does when it is told to end, and return its process."""
    guards: list[int] = []

    def settled() -> bool:
        pids = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
        guards[:] = [pid for pid in pids if str(room).encode() in command_of(pid) and ignores(pid, signal.SIGINT)]
        return bool(guards)

    until(settled)
    return guards[0]


def ignores(pid: int, number: signal.Signals) -> bool:
    try:
        said = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return False
    return bool(int(said["SigIgn"], 16) >> (number - 1) & 1)


def test_what_a_block_leaves_ends_with_it_and_so_does_its_room(room: Path) -> None:
    with started(room, "sleep", "600") as left, processes.guarded(mark_of(room), room):
        (room / "file").touch()
    assert left.returncode == -signal.SIGTERM
    assert not room.exists()


def test_a_guard_that_is_told_to_end_with_all_others_stays_until_they_are_gone(room: Path) -> None:
    with started(room, "sleep", "600") as left, processes.guarded(mark_of(room), room):
        os.kill(guard_of(room), signal.SIGTERM)
    assert left.returncode == -signal.SIGTERM
    assert not room.exists()


def test_a_guard_knows_nothing_of_our_environment(room: Path) -> None:
    with processes.guarded(mark_of(room), room):
        assert Path(f"/proc/{guard_of(room)}/environ").read_bytes() == b""


def test_a_connection_is_ended_that_names_the_room_by_another_path(room: Path) -> None:
    title = f"ssh: /where/links/lead/{room.name}/ssh/1 [mux]"
    with subprocess.Popen(["bash", "-c", f"exec -a '{title}' sleep 600"], env={}) as kept_open:
        try:
            with processes.guarded(mark_of(room), room):
                until(lambda: command_of(kept_open.pid).startswith(title.encode()))
            assert kept_open.poll() == -signal.SIGTERM
        finally:
            kept_open.kill()


def test_what_is_started_while_others_end_is_told_to_end_as_well(room: Path) -> None:
    """What ends in an orderly way takes less than the time after which everything is killed."""
    ready = room / "ready"
    with started(room, "bash", "-c", f"trap 'sleep 600 & exit' TERM; touch {ready}; while :; do sleep 0.05; done"):
        until(ready.exists)
        begun = time.monotonic()
        processes.end(mark_of(room), room.name)
        assert time.monotonic() - begun < processes.PATIENCE
    assert processes.marked(mark_of(room)) == []


def test_what_does_not_want_to_end_is_killed(room: Path) -> None:
    ready = room / "ready"
    with started(room, "bash", "-c", f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done") as stubborn:
        until(ready.exists)
        processes.end(mark_of(room), room.name)
        assert not alive(stubborn.pid)


def test_a_number_that_a_thread_has_got_meanwhile_is_nobodys(room: Path) -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        assert thread.native_id
        processes._tell(thread.native_id, signal.SIGTERM, mark_of(room), room.name)
    finally:
        over.set()
        thread.join()


def test_nobody_is_told_who_has_got_the_number_of_a_process_that_ended(room: Path) -> None:
    """Between the look at all processes and a signal, a busy host may give a number anew."""
    with started(room, "sleep", "600") as ours, subprocess.Popen(["sleep", "600"], env={}) as stranger:
        try:
            for process in (stranger, ours):
                processes._tell(process.pid, signal.SIGTERM, mark_of(room), room.name)
            assert ours.wait(10) == -signal.SIGTERM
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_rooms_may_vanish_while_they_are_looked_for(tmp_path: Path) -> None:
    """As they do where a killed run's guard still clears up when the next deployment begins."""
    nowhere = tmp_path / "nowhere"
    playbooks = AnsiblePlaybooks(nowhere, nowhere, None, None, None, None, tmp_path / "lock")
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            shutil.rmtree(tempfile.mkdtemp(prefix=playbooks._prefix))

    coming = threading.Thread(target=come_and_go)
    coming.start()
    try:
        for _ in range(300):
            playbooks.rooms()
    finally:
        done.set()
        coming.join()
    assert playbooks.rooms() == set()
