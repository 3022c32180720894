"""Entries added by Ansible: `community.general.ldap_entry` in a loop, on this machine, with Ansible's own strategy.

The module needs python-ldap, which comes from Debian's python3-ldap for Debian's Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.adding import access
from bench.asked import insist
from bench.memory import watched
from estudent.adapters.ldap.attributes import attributes_of
from estudent.adapters.ldap.escaping import dn_of
from estudent.domain.directory_entry import Entry
from sandbox import debian
from sandbox.slapd import Slapd

PYTHON = Path("/usr/bin/python3")
PACKAGES = ("python3-ldap",)
MODULES = "usr/lib/python3/dist-packages"
PASSWORD = "BENCH_LDAP_PASSWORD"  # noqa: S105 - the variable's name
CONFIGURATION = "[defaults]\nretry_files_enabled = False\nnocows = True\n[connection]\npipelining = True\n"


@dataclass(frozen=True, slots=True)
class Looped:
    """Seconds for each entry, those of a play without any taken off, and the megabytes of Ansible's processes."""

    seconds: float
    peak: float


def measure(slapd: Slapd, entries: Sequence[Entry]) -> Looped:
    """Let Ansible add them; raise NotInstallable where the module cannot be had, RuntimeError where it fails."""
    modules = _modules()
    without, _ = _play(slapd, [], modules)
    seconds, peak = _play(slapd, entries, modules)
    return Looped((seconds - without) / len(entries), peak)


def _modules() -> Path:
    """Return where python-ldap for Debian's Python is: installed, or unpacked."""
    if not PYTHON.exists():
        raise debian.NotInstallable(f"there is no {PYTHON}, for which Debian's python3-ldap is made")
    modules = Path("/") / MODULES
    if not _has_ldap(modules):
        modules = debian.unpacked(PACKAGES) / MODULES
    if not _has_ldap(modules):
        raise debian.NotInstallable(f"{PYTHON} cannot import what {' '.join(PACKAGES)} brings")
    return modules


def _has_ldap(modules: Path) -> bool:
    environment = os.environ | {"PYTHONPATH": str(modules)}
    command = [str(PYTHON), "-c", "import ldap"]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def _play(slapd: Slapd, entries: Sequence[Entry], modules: Path) -> tuple[float, float]:
    """Run the play; return its seconds and megabytes."""
    folder = slapd.folder / "ansible"
    folder.mkdir(exist_ok=True)
    (folder / "ansible.cfg").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "play.json").write_text(json.dumps([_of(slapd, entries, modules)]), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), PASSWORD: access(slapd).password}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(folder / "play.json")]
    begun = time.monotonic()
    with (
        (folder / "log").open("w+b") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as running,
        watched(running.pid) as peak,
    ):
        running.wait()
        seconds = time.monotonic() - begun
    said = (folder / "log").read_text(encoding="utf-8", errors="replace")
    insist(running.returncode == 0, f"ansible-playbook failed: {said[-1500:]}")
    return seconds, peak.megabytes


def _of(slapd: Slapd, entries: Sequence[Entry], modules: Path) -> dict[str, object]:
    """Return a play that adds these entries; JSON is YAML."""
    module = {
        "server_uri": slapd.ldaps_uri,
        "bind_dn": access(slapd).bind_dn,
        "bind_pw": f"{{{{ lookup('ansible.builtin.env', '{PASSWORD}') }}}}",
        "ca_path": str(slapd.ca_file),
        "dn": "{{ item.dn }}",
        "objectClass": "{{ item.classes }}",
        "attributes": "{{ item.attributes }}",
    }
    task = {
        "name": "Every student has an entry",
        "community.general.ldap_entry": module,
        "loop": [_item(slapd, each) for each in entries],
        "loop_control": {"label": "{{ item.dn }}"},
    }
    return {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": str(PYTHON)},
        "environment": {"PYTHONPATH": str(modules)},
        "tasks": [task],
    }


def _item(slapd: Slapd, entry: Entry) -> dict[str, object]:
    attributes = attributes_of(entry)
    classes = attributes.pop("objectClass")
    return {"dn": dn_of(entry.album, slapd.suffix), "classes": classes, "attributes": attributes}
