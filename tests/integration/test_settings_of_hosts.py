"""The settings that roles render for flows and portal, for every inventory, as the application reads them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from estudent.settings import Settings
from lab import secrets

ROOT = Path(__file__).resolve().parents[2]
PLAY = """\
- name: What the {role}'s hosts are told
  hosts: {role}[0]
  gather_facts: false
  vars: {{ansible_connection: local, ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"}}
  roles: [{{role: {role}, when: false}}]
  tasks:
    - name: The settings are rendered
      ansible.builtin.template:
        src: "{{{{ templates_dir }}}}/hosts/{role}/{role}.toml.j2"
        dest: "{{{{ folder }}}}/{role}.toml"
        mode: "0600"
"""
MANAGED = {"sign_in": "managed", "tenant": "t", "client_id": "c", "certificate": "/etc/estudent/microsoft365.pem"}


def rendered(folder: Path, inventory: str, **further: Any) -> Path:
    """Return the folder in which the settings of an inventory's hosts are, with made up secrets."""
    names = secrets.Inventory(inventory, Path("unread")).names()
    (folder / "said.json").write_text(json.dumps(dict.fromkeys(names, "ż" * 40) | {"folder": str(folder)} | further))
    (folder / "play.yml").write_text("".join(PLAY.format(role=role) for role in ("portal", "worker")))
    program, inventories = Path(sys.executable).with_name("ansible-playbook"), without_vaults(folder)
    done = subprocess.run(
        [program, "-i", inventories / inventory, "-e", f"@{folder / 'said.json'}", folder / "play.yml"],
        cwd=ROOT,
        env=os.environ
        | {"ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"), "LAB": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def without_vaults(folder: Path) -> Path:
    """Return a copy of all inventories; those of this tree may hold vaults of a lab or an engineer."""
    unread = shutil.ignore_patterns("vault.yml")
    shutil.copytree(ROOT / "inventories", folder / "inventories", symlinks=True, ignore=unread)
    (folder / "templates").symlink_to(ROOT / "templates")
    return folder / "inventories"


def read(file: Path, patch: pytest.MonkeyPatch) -> Settings:
    patch.setenv("ESTUDENT_SETTINGS", str(file))
    return Settings()


@pytest.mark.parametrize("inventory", ["lab", "staging", "production"])
def test_every_inventory_says_what_flows_need_and_no_more_to_the_portal(
    inventory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rendered(tmp_path, inventory)
    worker, portal = (read(folder / f"{role}.toml", monkeypatch) for role in ("worker", "portal"))
    assert worker.mailboxes.sign_in == portal.mailboxes.sign_in == "federated"
    assert worker.mailboxes.tenant and worker.usos.consumer_key and worker.payments.key.get_secret_value() == "ż" * 40
    assert worker.statements.folder.is_absolute() and worker.statements.receivables.is_absolute()
    told = tomllib.loads((folder / "portal.toml").read_text())
    assert not told["mailboxes"] and not {"usos", "recruitment"} & set(told)
    # How numbers are made up stands in each of them; what hides whose they are is the worker's alone.
    assert told["payments"] == {name: getattr(worker.payments, name) for name in ("sort_code", "client_prefix")}
    assert told["statements"] == {"uncounted": worker.statements.uncounted}


def test_flows_and_the_desk_know_the_same_banks_that_number_by_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rendered(tmp_path, "production", uncounted_banks=["mbank"])
    worker, portal = (read(folder / f"{role}.toml", monkeypatch) for role in ("worker", "portal"))
    assert worker.statements.uncounted == portal.statements.uncounted == ["mbank"]


def test_the_portal_is_told_of_microsoft_365_where_students_sign_in_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rendered(tmp_path, "production", mailboxes=MANAGED)
    worker, portal = (read(folder / f"{role}.toml", monkeypatch) for role in ("worker", "portal"))
    assert portal.mailboxes == worker.mailboxes
    assert portal.mailboxes.sign_in == "managed" and portal.mailboxes.certificate
