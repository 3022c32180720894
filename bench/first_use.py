"""What the first mailbox costs a process, which loads Microsoft's SDK for it, and what the second one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from estudent.domain.album_number import AlbumNumber
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import Mailboxes
from sandbox.microsoft365.options import CLIENT, TENANT
from sandbox.processes import start

DOMAIN = "student.example.pl"
SECRET = {"MICROSOFT365_CLIENT_SECRET": "the sandbox's secret"}
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Use:
    """Seconds and megabytes (resident, the whole process) of the first mailbox, and seconds of the second."""

    seconds: float
    megabytes: float
    second: float


def first_use() -> Use:
    """Measure it in a process of its own, against a stand-in."""
    with TemporaryDirectory(prefix="bench-") as folder:
        tenant = start("sandbox.microsoft365", "--folder", folder, env=SECRET, log=Path(folder) / "log")
        try:
            command = [sys.executable, "-m", "bench.first_use", tenant.url]
            said = subprocess.run(command, env={**os.environ, **SECRET}, capture_output=True, check=True, text=True)
        finally:
            tenant.stop()
    return Use(**json.loads(said.stdout))


def _measure(url: str) -> Use:
    begun, before = time.monotonic(), _resident()
    from estudent.adapters.microsoft365 import Microsoft365  # noqa: PLC0415 - its import is what is measured

    with Microsoft365(
        tenant_id=TENANT, client_id=CLIENT, client_secret=SECRET["MICROSOFT365_CLIENT_SECRET"],
        domain=DOMAIN, graph_url=f"{url}/v1.0", exchange_url=url, authority=url,
    ) as tenant:  # fmt: skip
        _make(tenant, 100_001)
        first = time.monotonic()
        megabytes = (_resident() - before) / 2**20
        _make(tenant, 100_002)
        return Use(first - begun, megabytes, time.monotonic() - first)


def _make(tenant: Mailboxes, number: int) -> None:
    album = AlbumNumber(str(number))
    addresses = (f"{album.login}.student@{DOMAIN}", f"{album.login}@{DOMAIN}")
    wanted = Mailbox(album, *addresses, "Łucja", "Żak", "Łucja Żak", "pl")
    (outcome,) = tenant.carry_out([Step(StepKind.ADD, wanted)])
    if outcome.result is not Result.DONE:
        raise RuntimeError(outcome.told)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


if __name__ == "__main__":
    use = _measure(sys.argv[1])
    sys.stdout.write(json.dumps(asdict(use)))
