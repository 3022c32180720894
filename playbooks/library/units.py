#!/usr/bin/python3
"""Have several units run, now and after every boot, in one step; say which have not read what was written for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: units
short_description: has several units run, now and after every boot
description:
  - One call for all units of a role, where systemd_service needs one for each.
  - Units whose files were changed are read anew, without being told to.
  - A handler is forgotten with the play that was to run it. Whoever names what a unit reads is told, later as well,
    that the unit was neither started nor reloaded since, and can notify the handler again.
options:
  names: {type: list, elements: str, required: true, description: "units, with their endings"}
  reads:
    description: the files and folders that a unit, one of these or another, reads when it is started or reloaded
    type: dict
    default: {}
  starts_with:
    description: those that it reads only when it is started
    type: dict
    default: {}
"""
RETURN = """
changed_units:
  description: the units that were enabled or started
  type: list
  returned: always
behind_units:
  description: the units that run, and have not read what was changed since
  type: list
  returned: always
only_notifies:
  description: nothing was changed by this, it only has handlers run; who counts changes leaves it out
  type: bool
  returned: always
"""
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "StateChangeTimestampMonotonic",
    "ActiveEnterTimestampMonotonic",
)
RUNNING = frozenset({"active", "activating", "reloading"})
AFTER_BOOT = frozenset({"enabled", "static", "alias", "generated", "indirect"})


@dataclass(frozen=True)
class Unit:
    """What systemd knows of a unit."""

    name: str
    LoadState: str
    ActiveState: str
    UnitFileState: str
    NeedDaemonReload: str
    StateChangeTimestampMonotonic: str
    ActiveEnterTimestampMonotonic: str

    @property
    def runs(self) -> bool:
        """Whether it runs, or is about to."""
        return self.ActiveState in RUNNING

    @property
    def comes_back(self) -> bool:
        """Whether it runs after a boot."""
        return self.UnitFileState in AFTER_BOOT

    @property
    def started(self) -> float:
        """When it was last started; in seconds since 1970."""
        return _clock(self.ActiveEnterTimestampMonotonic)

    @property
    def read(self) -> float:
        """When it was last started or reloaded; in seconds since 1970."""
        return _clock(self.StateChangeTimestampMonotonic)


def main() -> None:
    """Look at all units, then enable and start those that need it."""
    arguments = {
        "names": {"type": "list", "elements": "str", "required": True},
        "reads": {"type": "dict", "default": {}},
        "starts_with": {"type": "dict", "default": {}},
    }
    module = AnsibleModule(arguments, supports_check_mode=True)
    units = _look(module, module.params["names"])
    if any(unit.NeedDaemonReload == "yes" for unit in units) and not module.check_mode:
        _systemctl(module, "daemon-reload")
        units = _look(module, module.params["names"])
    missing = [unit.name for unit in units if unit.LoadState not in {"loaded", "stub"}]
    if missing and not module.check_mode:
        module.fail_json(msg=f"systemd cannot load {', '.join(missing)}; systemctl status says why")
    resting = [unit.name for unit in units if not unit.comes_back]
    stopped = [unit.name for unit in units if not unit.runs]
    reads, starts_with = module.params["reads"], module.params["starts_with"]
    behind = {unit.name for unit in _look(module, list(reads)) if unit.runs and unit.read < _changed(reads[unit.name])}
    behind |= {
        unit.name
        for unit in _look(module, list(starts_with))
        if unit.runs and unit.started < _changed(starts_with[unit.name])
    }
    if not module.check_mode:
        _systemctl(module, "enable", *resting)
        _systemctl(module, "start", *stopped)
    changed = sorted({*resting, *stopped})
    module.exit_json(
        changed=bool(changed or behind),
        changed_units=changed,
        behind_units=sorted(behind),
        only_notifies=bool(behind and not changed),
    )


def _clock(microseconds: str) -> float:
    """Return a time of systemd's monotonic clock in seconds since 1970."""
    return time.time() - time.monotonic() + int(microseconds or 0) / 1e6


def _changed(paths: list[str]) -> float:
    """Return when any of these was last changed, or anything within; seconds since 1970."""
    return max((file.lstat().st_ctime for path in paths for file in _files(Path(path))), default=0.0)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():  # a link is changed by pointing it elsewhere
        yield from path.rglob("*")  # a folder too: what was removed from it is no longer read
    if path.exists():
        yield path


def _look(module: AnsibleModule, names: list[str]) -> list[Unit]:
    if not names:
        return []
    shown = _systemctl(module, "show", f"--property={','.join(PROPERTIES)}", *names)
    found = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n")]
    return [Unit(name, **block) for name, block in zip(names, found, strict=True)]


def _systemctl(module: AnsibleModule, verb: str, *arguments: str) -> str:
    """Return what it says; do nothing where there is nothing to do it to."""
    if not arguments and verb != "daemon-reload":
        return ""
    code, out, err = module.run_command(["systemctl", verb, *arguments])
    if code:
        module.fail_json(msg=f"systemctl {verb} {' '.join(arguments)}: {(err or out).strip()}")
    return str(out)


if __name__ == "__main__":
    main()
