"""The project's plays, carried out by ansible-playbook."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_runner.interface import init_runner
from ansible_runner.runner import Runner

from estudent.adapters.ansible import processes
from estudent.adapters.ansible.events import Event, Listener
from estudent.adapters.ansible.lock import locked
from estudent.adapters.ansible.vault import values_in
from estudent.domain.deployment import Happening, HostRecap, Order
from estudent.domain.masking import Mask
from estudent.ports import Misconfigured

GRACE = 5.0
OURS, MEANT = ("ESTUDENT_", "PREFECT_"), ("ESTUDENT_RELEASE_FOLDER",)
"""What of our environment Ansible has no business to know, as it holds passwords; and what is meant for plays."""


@dataclass(frozen=True, slots=True)
class AnsiblePlaybooks:
    """Plays of `project` on the hosts of `inventory`, to which `further_inventory` may add; paths are absolute."""

    project: Path
    inventory: Path
    further_inventory: Path | None
    vault_password: Path | None
    private_key: Path | None
    known_hosts: Path | None
    lock: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other deployment off this host; what a killed one left behind is cleared away."""
        self._examine()
        with locked(self.lock):
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def play(
        self, order: Order, *, check: bool, tell: Callable[[Happening], None], stop: Callable[[], bool]
    ) -> tuple[HostRecap, ...]:
        """Carry out a play and tell what happens; after `stop` says so, end within seconds and leave no process."""
        listener = Listener(Mask(self._secrets()))

        def hear(event: Event) -> bool:
            if happening := listener.hear(event):
                tell(happening)
            return False  # Nothing is kept on the disk.

        with self._room() as room:
            self._runner(room, order, check, event_handler=hear, cancel_callback=self._cancelling(stop)).run()
        return listener.recap

    def check(self) -> str:
        """Return in one sentence what could be deployed from here, or raise Misconfigured."""
        self._examine()
        plays = len(list((self.project / "playbooks").glob("[a-z]*.yml")))
        return f"{plays} plays for the hosts of {self.inventory.name}; {len(self._secrets())} secrets are hidden"

    @property
    def _mark(self) -> str:
        """What marks our processes; the lock's holder owns all that bear it."""
        return f"UNDER_DEPLOYMENT_LOCK={self.lock}"

    def _runner(self, room: Path, order: Order, check: bool, **handlers: Any) -> Runner:
        runner = init_runner(
            private_data_dir=str(room),
            project_dir=str(self.project),
            ident="run",
            playbook=f"playbooks/{order.play.value}.yml",
            inventory=[str(each) for each in self._inventories],
            limit=order.limit or None,
            tags=order.tags or None,
            cmdline="--diff --check" if check else "--diff",
            envvars=self._environment(room),
            quiet=True,
            suppress_env_files=True,
            fact_cache_type="",
            **handlers,
        )
        kept = {name: value for name, value in runner.config.env.items() if name in MEANT or not name.startswith(OURS)}
        runner.config.env = kept | dict(mark.split("=", 1) for mark in (self._mark, _mark_of(room)))
        return runner

    def _environment(self, room: Path) -> dict[str, str]:
        """Return Ansible's settings for this run: nothing is kept outside its room, host keys are verified."""
        ours = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "TMPDIR": str(room),  # for Mitogen's sockets, which a killed run leaves behind
            "ANSIBLE_CONFIG": str(self.project / "ansible.cfg"),
            "ANSIBLE_HOME": str(room / "home"),
            "ANSIBLE_LOCAL_TEMP": str(room / "tmp"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(room / "ssh"),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_NOCOLOR": "True",
            "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "False",
        }
        if self.vault_password:
            ours["ANSIBLE_VAULT_PASSWORD_FILE"] = str(self.vault_password)
        if self.private_key:
            ours["ANSIBLE_PRIVATE_KEY_FILE"] = str(self.private_key)
        if self.known_hosts:
            ours["ANSIBLE_SSH_COMMON_ARGS"] = f"-o UserKnownHostsFile={shlex.quote(str(self.known_hosts))}"
        return ours

    def _cancelling(self, stop: Callable[[], bool]) -> Callable[[], bool]:
        """Return what ansible-runner asks once a second: first Ansible is told to stop, after a while it is killed."""
        asked_at: list[float] = []

        def cancelled() -> bool:
            if not stop():
                return False
            if not asked_at:
                asked_at.append(time.monotonic())
                processes.interrupt(self._mark)
            return time.monotonic() - asked_at[0] > GRACE

        return cancelled

    @contextmanager
    def _room(self) -> Iterator[Path]:
        """Make a folder that nobody else can read; what is started in it ends with it, also where we are killed."""
        room = Path(tempfile.mkdtemp(prefix=self._prefix))
        with processes.guarded(_mark_of(room), room):
            (room / "env").mkdir(mode=0o700)
            # In a file, as ansible-runner loses settings that are given as arguments together with suppress_env_files.
            settings = {"pexpect_timeout": 1, "suppress_output_file": True}
            (room / "env" / "settings").write_text(json.dumps(settings), encoding="utf-8")
            yield room

    @property
    def _prefix(self) -> str:
        return f"estudent-deploy-{hashlib.sha256(bytes(self.lock)).hexdigest()[:8]}-"

    def rooms(self) -> set[Path]:
        """Return the folders of a deployment that goes on, or was killed."""
        return {each for each in Path(tempfile.gettempdir()).glob(f"{self._prefix}*") if _is_own(each)}

    def _clear(self) -> None:
        processes.end(self._mark, self._prefix)
        for room in self.rooms():
            shutil.rmtree(room, ignore_errors=True)

    def _secrets(self) -> set[str]:
        folders = [each if each.is_dir() else each.parent for each in self._inventories]
        keys = {self.private_key.read_text(encoding="utf-8")} if self.private_key else set()
        return keys | values_in([*folders, self.project / "playbooks"], self.vault_password)

    @property
    def _inventories(self) -> list[Path]:
        return [self.inventory, *([self.further_inventory] if self.further_inventory else [])]

    def _examine(self) -> None:
        needed = {"PROJECT": self.project / "playbooks", "INVENTORY": self.inventory}
        optional = {
            "FURTHER_INVENTORY": self.further_inventory,
            "VAULT_PASSWORD_FILE": self.vault_password,
            "PRIVATE_KEY_FILE": self.private_key,
            "KNOWN_HOSTS_FILE": self.known_hosts,
        }
        for name, path in {**needed, **optional}.items():
            if path is not None and not os.access(path, os.R_OK):
                raise Misconfigured(f"ESTUDENT_DEPLOYMENT__{name}: {path} is not there, or cannot be read")


def _mark_of(room: Path) -> str:
    """Return what marks the processes of one run; those of the next bear the same lock's mark, not this."""
    return f"UNDER_DEPLOYMENT_ROOM={room}"


def _is_own(folder: Path) -> bool:
    """Tell whether a folder is ours; the guard of a killed run may have removed it just now."""
    try:
        return folder.lstat().st_uid == os.getuid()
    except FileNotFoundError:
        return False
