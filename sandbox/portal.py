"""The portal behind gunicorn on loopback, as it is served for real, but without TLS: for this machine alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from sandbox.daemon import Daemon, on_ports

APPLICATION = "estudent.portal.app:from_settings()"


class ServedPortal:
    """Serves eStudent in `folder` on a port that stays the same from one start to the next, so that links go on."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, workers: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._environment, self._workers = folder.resolve(), environment, workers
        self._daemon = Daemon(self._folder, "portal")
        self.port = 0

    @property
    def url(self) -> str:
        """Where students find it."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """What gunicorn and the portal write."""
        return self._daemon.log

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._daemon.pid

    def start(self, prepare: Callable[[str], None]) -> None:
        """Serve; `prepare` is told the address before, since the settings name it."""
        self._daemon.claim()

        def listen(port: int) -> None:
            self.port = port
            prepare(self.url)
            self._daemon.start(self._command(), self._answers, env=self._environment)

        on_ports(self._folder / "portal.ports", 1, listen)

    def stop(self) -> None:
        """Stop serving."""
        self._daemon.stop()

    def _command(self) -> list[str]:
        options = ["--bind", f"127.0.0.1:{self.port}", "--workers", str(self._workers)]
        return [sys.executable, "-m", "gunicorn", "-c", "python:estudent.portal.serving", *options, APPLICATION]

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/static/portal.css", timeout=2).is_success
        except httpx.TransportError:
            return False
