"""The lab's hosts and the names that lead to them, read from `inventories/lab`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "inventories/lab"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which hosts there are, and where names lead."""

    domain: str
    addresses: Mapping[str, str]
    names: Mapping[str, str]

    def hosts_file(self) -> str:
        """Return all names as hosts(5) wants them."""
        hosts = [f"{address} {name}.{self.domain} {name}" for name, address in self.addresses.items()]
        public = [f"{address} {name}" for name, address in self.names.items()]
        return "\n".join(["127.0.0.1 localhost", *hosts, *public, ""])


def plan() -> Plan:
    """Return the lab's plan: each public name leads to the first host of the last group that carries it.

    A balancer is named after the groups behind it, so its address is the one that people get.
    """
    tree: dict[str, Any] = yaml.safe_load((FOLDER / "hosts.yml").read_text())["all"]
    shared: dict[str, Any] = yaml.safe_load((FOLDER / "group_vars/all/vars.yml").read_text())
    addresses = {name: str(data["address"]) for name, data in tree["hosts"].items()}
    names = {
        _filled_in(name, shared): addresses[next(iter(tree["children"][group]["hosts"]))]
        for group, carried in shared["service_names"].items()
        for name in carried
    }
    return Plan(str(shared["domain"]), addresses, names)


def _filled_in(text: str, values: Mapping[str, Any]) -> str:
    """Fill in plain `{{ name }}`s; the names of services need no more of Jinja."""
    found = re.sub(r"\{\{ *(\w+) *\}\}", lambda name: str(values[name[1]]), text)
    return found if found == text else _filled_in(found, values)
