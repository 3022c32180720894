"""Which ports each host declares: worked out by Ansible from roles and inventory, not read from the hosts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import yaml

from lab.secrets import PROJECT

PLAYBOOKS = PROJECT / "playbooks"
OPENED = re.compile(r'firewall_ports: "\{\{ (\w+) \}\}"')

FURTHER = re.compile(r"(?:import|include)_tasks: ([\w-]+\.yml)")


@dataclass(frozen=True, slots=True)
class Opening:
    """A port, and from where it is reached: groups, networks or everyone."""

    port: int
    protocol: str
    sources: frozenset[str]

    def is_for(self, address: str, groups: frozenset[str]) -> bool:
        """Tell whether a host of this address and these groups reaches it."""
        networks = [ip_network(source) for source in self.sources if "/" in source]
        inside = any(ip_address(address) in network for network in networks)
        return "everyone" in self.sources or bool(self.sources & groups) or inside


def declared(folder: Path) -> Mapping[str, frozenset[Opening]]:
    """Return each host's openings; the folder gets the play that asks for them."""
    play = folder / "declared.yml"
    play.write_text(yaml.safe_dump(list(_questions())))
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(PROJECT / "inventories/lab"),
        str(play),
    ]
    told = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")}
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT, env=os.environ | told)
    assert not run.returncode, run.stdout + run.stderr
    return _answers(json.loads(run.stdout))


def _questions() -> Iterator[dict[str, Any]]:
    for play in _plays():
        for role, tasks in _roles(play):
            for variable in sorted(_variables(role, tasks)):
                yield {
                    "hosts": play["hosts"],
                    "gather_facts": False,
                    "tasks": [
                        # Never run: importing it is enough to have its defaults.
                        {"ansible.builtin.import_role": {"name": role}, "tags": ["never", "not_in_tests"]},
                        {"ansible.builtin.debug": {"msg": "{{ " + variable + " }}"}},
                    ],
                }


def _plays() -> Iterator[dict[str, Any]]:
    for part in yaml.safe_load((PLAYBOOKS / "site.yml").read_text()):
        yield from yaml.safe_load((PLAYBOOKS / part["ansible.builtin.import_playbook"]).read_text())


def _roles(play: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each role and which of its files of tasks the play begins with."""
    for role in play.get("roles", []):
        yield role if isinstance(role, str) else role["role"], "main"
    for task in play.get("tasks", []):
        for name, part in task.items():
            if name.endswith(("import_role", "include_role")):
                yield part["name"], part.get("tasks_from", "main")


def _variables(role: str, tasks: str) -> set[str]:
    text = (PLAYBOOKS / "roles" / role / "tasks" / f"{tasks.removesuffix('.yml')}.yml").read_text()
    found = set(OPENED.findall(text))
    return found.union(*(_variables(role, further) for further in FURTHER.findall(text)))


def _answers(said: dict[str, Any]) -> Mapping[str, frozenset[Opening]]:
    found: dict[str, set[Opening]] = {}
    for play in said["plays"]:
        for task in play["tasks"]:
            for host, answer in task["hosts"].items():
                # Beside the answers, Ansible says that the roles' variables are of the right type.
                if isinstance(answer.get("msg"), list):
                    found.setdefault(host, set()).update(_openings(answer["msg"]))
    return {host: frozenset(openings) for host, openings in found.items()}


def _openings(answer: list[dict[str, Any]]) -> Iterator[Opening]:
    for part in answer:
        yield Opening(int(part["port"]), part.get("protocol", "tcp"), frozenset(part["from"]))
