"""One host of the lab: a root filesystem over the base, booted by systemd in a container with an address of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import cgroup, process
from lab.base import USER
from lab.network import BRIDGE, PREFIX, PROXY, Network

PATIENCE = 60
# systemd 257 does not boot on the first cgroup hierarchy; each host gets a place in the unified one (facts: lab).
BOOT = """
set -e
mkdir -p "/sys/fs/cgroup/$1"
echo $$ > "/sys/fs/cgroup/$1/cgroup.procs"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --boot --directory="$2" --machine="$3" --network-bridge="$4" --register=no --keep-unit \\
  --console=passive --resolv-conf=off --link-journal=no --capability=CAP_NET_ADMIN
"""
# A host that boots anew ends its container with this code; one whose power is cut, and that is this shell, stays dead.
POWER = """
boot=$1; shift
mount -t cgroup2 none /sys/fs/cgroup || exit
while setpriv --pdeathsig KILL bash -c "$boot" boot "$@"; [ $? = 133 ]; do :; done
"""
NETWORK = "[Match]\nName=host0\n[Network]\nAddress={address}/{prefix}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
APT_PROXY = 'Acquire::http::Proxy "{proxy}";\nAcquire::https::Proxy "{proxy}";\nAcquire::Languages "none";\n'


class NotReached(RuntimeError):
    """A host did not come up, or does not answer; says where its console's log is."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host by name; `lab` is the folder of its lab."""

    name: str
    address: str
    network: Network
    lab: Path

    @property
    def folder(self) -> Path:
        """Where its files are, as seen from this machine."""
        return self.lab / "hosts" / self.name

    @property
    def root(self) -> Path:
        """Its root filesystem, as seen from this machine."""
        return self.folder / "root"

    @property
    def is_running(self) -> bool:
        """Whether it has power."""
        return process.is_running(self._pid)

    def make(self, base: Path, hosts_file: str) -> None:
        """Lay its own files over the base: name, address, keys, the way to the registries."""
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        layers = f"lowerdir={base},upperdir={self.folder / 'upper'},workdir={self.folder / 'work'}"
        # Nothing of a lab outlives this machine's next start, so its disks need not wait for this machine's disk.
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"volatile,{layers}", self.root], check=True)
        etc = self.root / "etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(hosts_file)
        (etc / "systemd/network/10-host0.network").write_text(NETWORK.format(address=self.address, prefix=PREFIX))
        (etc / "apt/apt.conf.d/00lab").write_text(APT_PROXY.format(proxy=PROXY))
        self._make_keys()

    def boot(self) -> None:
        """Give it power; what was on its disk is there again."""
        arguments = [self._cgroup, str(self.root), self.name, BRIDGE]
        command = self.network.command(["bash", "-c", POWER, "power", BOOT, *arguments])
        process.start(command, self._pid, self.folder / "console.log")

    def await_ssh(self) -> None:
        """Wait until it takes orders. Raises NotReached."""
        deadline = time.monotonic() + PATIENCE
        while self.ssh("true", timeout=10).returncode:
            if time.monotonic() > deadline or not self.is_running:
                raise NotReached(f"{self.name} does not answer; its console's log: {self.folder / 'console.log'}")
            time.sleep(0.2)

    def ssh(self, command: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command on it over SSH, and return what it said; 124 is the code of one that took too long."""
        line = self.network.command(self.ssh_command(command))
        try:
            return subprocess.run(line, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(line, 124, "", f"no answer within {timeout} s")

    def ssh_command(self, *command: str) -> Sequence[str]:
        """Return the command line that reaches it from within the lab's network."""
        return ["ssh", "-F", str(self.lab / "ssh_config"), self.name, *command]

    def kill(self) -> None:
        """Cut its power: nothing on it gets to end in order."""
        cgroup.kill(self._cgroup)
        process.end(self._pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while self._has_link() and time.monotonic() < deadline:
            time.sleep(0.05)

    def unmount(self) -> None:
        """Take its filesystem away; one that is not mounted is no fault."""
        if self.root.is_mount():
            subprocess.run(["umount", "--lazy", self.root], check=True)

    @property
    def _cgroup(self) -> str:
        return f"estudent-{self.lab.name}-{self.name}"

    @property
    def _pid(self) -> Path:
        return self.folder / "host.pid"

    def _has_link(self) -> bool:
        shown = self.network.command(["ip", "link", "show", f"vb-{self.name}"])
        return not subprocess.run(shown, capture_output=True, check=False).returncode

    def _make_keys(self) -> None:
        key = self.root / "etc/ssh/ssh_host_ed25519_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", key], check=True)
        home = self.root / "home" / USER
        owner = home.stat()
        authorized = home / ".ssh/authorized_keys"
        authorized.parent.mkdir(mode=0o700)
        authorized.write_text((self.lab / "key.pub").read_text())
        for path in (authorized, authorized.parent):
            subprocess.run(["chown", f"{owner.st_uid}:{owner.st_gid}", path], check=True)
