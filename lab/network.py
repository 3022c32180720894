"""The lab's own network: a namespace with a bridge, and one guarded way to the package registries."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import machine, process
from sandbox.daemon import free_port

BRIDGE, GATEWAY, PREFIX, PROXY_PORT = "lab0", "10.77.0.1", 24, 3128
PROXY = f"http://{GATEWAY}:{PROXY_PORT}"
PROXY_CONFIGURATION = """Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 600
MaxClients 200
LogLevel Error
ConnectPort 443
FilterDefaultDeny Yes
FilterType ere
Filter "{filter}"
"""


@dataclass(frozen=True, slots=True)
class Network:
    """The network of one lab; `folder` is where its helpers' files are."""

    namespace: str
    folder: Path

    def make(self, hosts_file: str) -> None:
        """Make the namespace, its bridge, its names and its way out."""
        names = Path("/etc/netns") / self.namespace
        names.mkdir(parents=True, exist_ok=True)
        (names / "hosts").write_text(hosts_file)
        (names / "resolv.conf").write_text("# The lab has no name server; its names are in the hosts file.\n")
        _ip("netns", "add", self.namespace)
        self._inside("link", "set", "lo", "up")
        self._inside("link", "add", BRIDGE, "type", "bridge", "forward_delay", "0")
        self._inside("address", "add", f"{GATEWAY}/{PREFIX}", "dev", BRIDGE)
        self._inside("link", "set", BRIDGE, "up")
        self._open_the_way_out()

    @property
    def exists(self) -> bool:
        """Whether its namespace is there."""
        return (Path("/run/netns") / self.namespace).exists()

    def remove(self) -> None:
        """Remove all of it; what is not there is no fault."""
        for helper in ("proxy-inside", "proxy-outside", "proxy"):
            process.end(self.folder / f"{helper}.pid")
        if self.exists:
            _ip("netns", "delete", self.namespace)
        names = Path("/etc/netns") / self.namespace
        for file in names.glob("*"):
            file.unlink()
        if names.exists():
            names.rmdir()

    def command(self, command: Sequence[str | Path]) -> list[str]:
        """Return a command line that runs in the lab's network and knows its names."""
        return ["ip", "netns", "exec", self.namespace, *map(str, command)]

    def set_link(self, host: str, state: str) -> None:
        """Pull a host's cable (`down`) or plug it in (`up`)."""
        self._inside("link", "set", f"vb-{host}", state)

    def _inside(self, *arguments: str) -> None:
        _ip("-n", self.namespace, *arguments)

    def _open_the_way_out(self) -> None:
        """Carry the proxy, which this machine's loopback has, over a unix socket to the lab's bridge."""
        port, filter_file, settings = free_port(), self.folder / "proxy.filter", self.folder / "proxy.conf"
        filter_file.write_text("".join(f"^{host.replace('.', '[.]')}$\n" for host in sorted(machine.registries())))
        settings.write_text(PROXY_CONFIGURATION.format(port=port, filter=filter_file))
        socket = self.folder / "proxy.socket"
        socket.unlink(missing_ok=True)
        self._helper("proxy", ["tinyproxy", "-d", "-c", settings])
        self._helper("proxy-outside", ["socat", f"UNIX-LISTEN:{socket},fork", f"TCP:127.0.0.1:{port}"])
        listen = f"TCP-LISTEN:{PROXY_PORT},bind={GATEWAY},fork,reuseaddr"
        self._helper("proxy-inside", self.command(["socat", listen, f"UNIX-CONNECT:{socket}"]))

    def _helper(self, name: str, command: Sequence[str | Path]) -> None:
        process.start(command, self.folder / f"{name}.pid", self.folder / f"{name}.log")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
