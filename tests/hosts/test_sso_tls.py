"""What testssl.sh says of single sign-on: nothing above LOW."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.hosts.conftest import HostNamed

ACCEPTABLE = {"OK", "INFO", "LOW", "DEBUG"}
OF_A_PRIVATE_AUTHORITY = {"cert_revocation", "OCSP_stapling", "DNS_CAArecord"}
"""The lab's authority has no service that says which certificates are revoked, and the lab has no DNS."""


def test_testssl_finds_nothing_above_low(host: HostNamed, tmp_path: Path) -> None:
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        pytest.fail("testssl.sh is missing: apt-get install testssl.sh")
    authority, report = tmp_path / "ca.pem", tmp_path / "report.json"
    authority.write_text(host("edge1").file("/etc/ssl/estudent/ca.pem").content_string)
    command: list[str | Path] = [
        program,
        "--quiet",
        "--color",
        "0",
        "--warnings",
        "off",
        "--add-ca",
        authority,
        "--ip",
        "10.77.0.51",
    ]
    done = subprocess.run(
        [*command, "--jsonfile", report, "https://sso.uczelnia.example"],
        capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    findings = json.loads(report.read_text())
    assert len(findings) > 100, done.stdout[-2000:]
    bad = [each for each in findings if each["severity"] not in ACCEPTABLE and each["id"] not in OF_A_PRIVATE_AUTHORITY]
    assert bad == []
