"""A lab as a whole: made, found again, taken down."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import base, cgroup, inventory, machine, secrets
from lab.base import USER
from lab.host import Host
from lab.network import PROXY, Network

FOLDER = Path("/var/lib/estudent-lab")
SSH_CONFIG = """Host *
  User {user}
  IdentityFile {lab}/key
  IdentitiesOnly yes
  UserKnownHostsFile {lab}/known_hosts
  StrictHostKeyChecking yes
  ConnectTimeout 3
  LogLevel ERROR
"""


@dataclass(frozen=True, slots=True)
class Lab:
    """The lab of this name; several can run at once, since none sees another's network."""

    name: str

    @property
    def folder(self) -> Path:
        """Where all its files are."""
        return FOLDER / self.name

    @property
    def network(self) -> Network:
        """Its network."""
        return Network(f"estudent-{self.name}", self.folder)

    @property
    def hosts(self) -> Mapping[str, Host]:
        """Its hosts by name, booted or not."""
        addresses = inventory.plan().addresses
        return {name: Host(name, address, self.network, self.folder) for name, address in addresses.items()}

    def host(self, name: str) -> Host:
        """Return a host by name."""
        return self.hosts[name]

    def secret(self, name: str) -> str:
        """Return a variable of the lab's vault."""
        return secrets.read()[name]

    def up(self, names: Sequence[str] = ()) -> None:
        """Boot these hosts, or all, each from nothing; what a lab of this name left behind goes first."""
        machine.fit()
        self.down()
        machine.allow_many_watches()
        secrets.make()
        self.folder.mkdir(parents=True)
        self.network.make(inventory.plan().hosts_file())
        self.add(names or list(self.hosts))

    def add(self, names: Sequence[str]) -> None:
        """Boot these hosts too, in the network that is there."""
        self._make_key()
        hosts = [self.host(name) for name in names]
        system = base.ready()
        for host in hosts:
            host.make(system, inventory.plan().hosts_file())
        self._know(hosts)
        for host in hosts:
            host.boot()
        for host in hosts:
            host.await_ssh()

    def down(self) -> None:
        """Cut the power of all hosts and leave nothing behind but the base system."""
        for host in self.hosts.values():
            host.kill()
            host.unmount()
        if self.folder.exists() or self.network.exists:
            self.network.remove()
        for stray in _mounts_under(self.folder):
            subprocess.run(["umount", "--lazy", stray], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        if not any(FOLDER.glob("*")):
            shutil.rmtree(FOLDER, ignore_errors=True)
            cgroup.leave()

    def environment(self) -> dict[str, str]:
        """Return what Ansible and the tests need to know, beside this process's own environment."""
        sockets = self.folder / "ssh"
        sockets.mkdir(exist_ok=True)
        return {
            **os.environ,
            "LAB": self.name,
            "LAB_PROXY": PROXY,
            "ANSIBLE_CONFIG": str(inventory.PROJECT / "ansible.cfg"),
            "ANSIBLE_INVENTORY": str(inventory.FOLDER),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(secrets.PASSWORD),
            "ANSIBLE_PRIVATE_KEY_FILE": str(self.folder / "key"),
            "ANSIBLE_SSH_COMMON_ARGS": f"-F {self.folder}/ssh_config",
            # Other labs have the same addresses, and must not find these connections.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
        }

    def _make_key(self) -> None:
        key = self.folder / "key"
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", key], check=True)
        (self.folder / "ssh_config").write_text(SSH_CONFIG.format(user=USER, lab=self.folder))

    def _know(self, hosts: Sequence[Host]) -> None:
        """Note the hosts' own keys, so that nobody is asked whether to trust them."""
        with (self.folder / "known_hosts").open("a") as known:
            for host in hosts:
                key = " ".join((host.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2])
                known.write(f"{host.name},{host.address},{host.name}.{inventory.plan().domain} {key}\n")


def _mounts_under(folder: Path) -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [mount for mount in reversed(mounts) if mount.startswith(f"{folder}/")]
