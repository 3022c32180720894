#!/usr/bin/python3
"""Have several units run, now and after every boot, in one step."""

from __future__ import annotations

from dataclasses import dataclass

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: units
short_description: has several units run, now and after every boot
description:
  - One call for all units of a role, where systemd_service needs one for each.
  - Units whose files were changed are read anew, without being told to.
options:
  names: {type: list, elements: str, required: true, description: "units, with their endings"}
"""
RETURN = """
changed_units:
  description: the units that were enabled or started
  type: list
  returned: always
"""
PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload")
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

    @property
    def runs(self) -> bool:
        """Whether it runs, or is about to."""
        return self.ActiveState in RUNNING

    @property
    def comes_back(self) -> bool:
        """Whether it runs after a boot."""
        return self.UnitFileState in AFTER_BOOT


def main() -> None:
    """Look at all units, then enable and start those that need it."""
    module = AnsibleModule({"names": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True)
    units = _look(module)
    if any(unit.NeedDaemonReload == "yes" for unit in units) and not module.check_mode:
        _systemctl(module, "daemon-reload")
        units = _look(module)
    missing = [unit.name for unit in units if unit.LoadState not in {"loaded", "stub"}]
    if missing and not module.check_mode:
        module.fail_json(msg=f"systemd cannot load {', '.join(missing)}; systemctl status says why")
    resting = [unit.name for unit in units if not unit.comes_back]
    stopped = [unit.name for unit in units if not unit.runs]
    if not module.check_mode:
        _systemctl(module, "enable", *resting)
        _systemctl(module, "start", *stopped)
    changed = sorted({*resting, *stopped})
    module.exit_json(changed=bool(changed), changed_units=changed)


def _look(module: AnsibleModule) -> list[Unit]:
    names = module.params["names"]
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
