"""The variables of all roles, for docs/inventory.md: `python -m lab.variables` writes the table anew."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
ROLES = PROJECT / "playbooks/roles"
PAGE = PROJECT / "docs/inventory.md"
MARK = "<!-- From the roles' argument specs, by `python -m lab.variables`; do not edit below. -->\n"


def options(role: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return a role's variables as its argument specs describe them."""
    return {name: option for spec in _specs(role).values() for name, option in (spec.get("options") or {}).items()}


def roles() -> list[Path]:
    """Return every role's folder."""
    return sorted(folder for folder in ROLES.iterdir() if (folder / "meta/argument_specs.yml").exists())


def asked(role: Path) -> set[str]:
    """Return the variables that an inventory has to say, since the role has no default for them."""
    return {name for name, option in options(role).items() if option.get("required")} - set(_defaults())


def page() -> str:
    """Return docs/inventory.md as it should be: what people wrote, then the tables."""
    written = PAGE.read_text().partition(MARK)[0]
    return written + MARK + "".join(_section(role) for role in roles())


def _section(role: Path) -> str:
    spec = _specs(role)["main"]
    rows = "".join(_row(name, option) for name, option in options(role).items())
    head = "| variable | kind | default | meaning |\n|---|---|---|---|\n"
    return f"\n## {role.name}\n\n{spec['short_description'].rstrip('.')}.\n" + (f"\n{head}{rows}" if rows else "")


def _row(name: str, option: Mapping[str, Any]) -> str:
    cells = (f"`{name}`", _kind(option), _default(option, name), _meaning(option))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _kind(option: Mapping[str, Any]) -> str:
    kind = str(option.get("type", "str"))
    if "choices" in option:
        return " or ".join(f"`{choice}`" for choice in option["choices"])
    return f"list of {option.get('elements', 'str')}" if kind == "list" else kind


def _default(option: Mapping[str, Any], name: str) -> str:
    if option.get("required") and name not in _defaults():
        return "**required**"
    if option.get("no_log"):
        return "a secret"
    found = _defaults()[name] if name in _defaults() else option.get("default")
    text = " ".join(yaml.safe_dump(found, default_flow_style=True, width=10_000, allow_unicode=True).split())
    text = text.removesuffix(" ...").strip()
    return "" if found is None else f"`{text}`" if len(text) <= 60 else "see the role's defaults"


def _meaning(option: Mapping[str, Any]) -> str:
    described = option.get("description", "")
    text = " ".join(described if isinstance(described, list) else [described])
    fields = ", ".join(f"`{name}`" for name in option.get("options") or {})
    return " ".join(f"{text}{f' Each: {fields}.' if fields else ''}".split())


@cache
def _specs(role: Path) -> Mapping[str, Any]:
    specs: Mapping[str, Any] = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
    return specs


@cache
def _defaults() -> Mapping[str, Any]:
    files = [role / "defaults/main.yml" for role in roles()]
    read = [yaml.safe_load(file.read_text()) or {} for file in files if file.exists()]
    return {name: value for defaults in read for name, value in defaults.items()}


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
