"""Cmdlets in PowerShell beside us (facts 1.2, route D: the supported one): pwsh and ExchangeOnlineManagement.

One process lives as long as the adapter and runs one cmdlet at a time; it speaks JSON, one object a line
(`exchange.ps1`).
Not run against a real pwsh or a real tenant yet; the tests run a stand-in that speaks the same lines.
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

from estudent.adapters.microsoft365.aliases import Parameter
from estudent.adapters.microsoft365.errors import Busy, cmdlet_said
from estudent.adapters.microsoft365.refused_tokens import token_refused
from estudent.ports import FarSideError, Misconfigured, Refused, Unavailable

SCRIPT = Path(__file__).with_name("exchange.ps1")
LONGEST_LINE = 1 << 20
FAILED = "could not add aliases in Exchange"
NO_PWSH = "PowerShell cannot be started: install PowerShell 7.2 or newer, or correct ESTUDENT_MAILBOXES__PWSH"
NOT_CONNECTED = (
    "PowerShell cannot connect to Exchange: install the module ExchangeOnlineManagement for the user of this service, "
    "correct ESTUDENT_MAILBOXES__ORGANIZATION, and give the application its Exchange role"
)


class PowerShell:
    """A shell in a process of its own, started when it is first needed and again after it has ended.

    `start_seconds` is for importing the module and connecting, `cmdlet_seconds` for one cmdlet.
    """

    def __init__(
        self, pwsh: str, client_id: str, organization: str, certificate: Path | None,
        *, retries: int = 3, retry_delay: float = 3.0, start_seconds: float = 120.0, cmdlet_seconds: float = 60.0,
    ) -> None:  # fmt: skip
        self._pwsh, self._client_id, self._organization, self._certificate = pwsh, client_id, organization, certificate
        self._retries, self._retry_delay = retries, retry_delay
        self._start_seconds, self._cmdlet_seconds = start_seconds, cmdlet_seconds
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._asked = 0

    async def invoke(self, cmdlet: str, **parameters: Parameter) -> list[dict[str, Any]]:
        """Run a cmdlet, trying again while Exchange is busy; who is cut off while it runs may repeat it."""
        async with self._turn:
            for attempt in range(self._retries):
                try:
                    return await self._once(cmdlet, parameters)
                except Busy:
                    await asyncio.sleep(self._retry_delay * 2**attempt)
            return await self._once(cmdlet, parameters)

    async def close(self) -> None:
        """Let the process disconnect and end; one that does not is killed."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _once(self, cmdlet: str, parameters: dict[str, Parameter]) -> list[dict[str, Any]]:
        process = await self._running()
        self._asked += 1
        asked = {"id": self._asked, "cmdlet": cmdlet, "parameters": parameters}
        answer = await self._answer(process, self._asked, json.dumps(asked), self._cmdlet_seconds)
        if "kind" in answer:
            raise _meaning(answer)
        return list(answer.get("objects", ()))

    async def _running(self) -> Process:
        """Return the process, started and connected."""
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await self._start()
        answer = await self._answer(self._process, 0, None, self._start_seconds)
        if "kind" in answer:
            await self._kill()
            raise token_refused(str(answer.get("words", ""))) or Misconfigured(NOT_CONNECTED)
        return self._process

    async def _start(self) -> Process:
        if self._certificate is None or not self._organization:
            raise Misconfigured("PowerShell needs ESTUDENT_MAILBOXES__CERTIFICATE and ESTUDENT_MAILBOXES__ORGANIZATION")
        arguments = [
            "-NoLogo", "-NoProfile", "-NonInteractive", "-File", str(SCRIPT), "-AppId", self._client_id,
            "-Organization", self._organization, "-CertificateFile", str(self._certificate.absolute()),
        ]  # fmt: skip
        try:
            # Its error stream may name people and is read by nobody.
            return await asyncio.create_subprocess_exec(
                self._pwsh, *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=LONGEST_LINE
            )
        except OSError:
            raise Misconfigured(NO_PWSH) from None

    async def _answer(self, process: Process, number: int, asked: str | None, seconds: float) -> dict[str, Any]:
        """Send one line and return the one that answers it; whatever else happens ends the process."""
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 (both are pipes)
        try:
            if asked is not None:
                process.stdin.write(f"{asked}\n".encode())
                await process.stdin.drain()
            line = await asyncio.wait_for(process.stdout.readline(), seconds)
            answer = json.loads(line)
            if answer["id"] == number:
                return dict(answer)
        except (OSError, TimeoutError, KeyError, TypeError, ValueError):
            pass
        except asyncio.CancelledError:
            await self._kill()
            raise
        await self._kill()
        raise Unavailable(f"{FAILED}: PowerShell did not answer; try later")

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


def _meaning(answer: dict[str, Any]) -> FarSideError:
    """Return what a failed cmdlet means; its words are looked at and never passed on."""
    kind, words = str(answer.get("kind", "")), str(answer.get("words", ""))
    known = cmdlet_said(f"{kind} {words}")
    return known or Refused(f"{FAILED}: Exchange refused; look the mailbox up in its admin centre")
