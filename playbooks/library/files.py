#!/usr/bin/python3
"""Put several files in place in one step: all of them, or none where one is refused."""

from __future__ import annotations

import grp
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: files
short_description: puts several files in place in one step
description:
  - Takes what the files hold, not where a template lies; use the template lookup.
  - One call for many files, where the template module needs two calls for each.
  - Folders that are missing are made (root's, 0755).
  - Every file is validated before the first is moved into place.
options:
  files:
    description: the files
    type: list
    elements: dict
    required: true
    suboptions:
      path: {type: path, required: true, description: where it lies}
      content: {type: str, required: true, description: what it holds}
      owner: {type: str, default: root, description: whose it is}
      group: {type: str, default: root, description: whose group it is}
      mode: {type: str, default: "0644", description: who may do what}
      validate: {type: str, description: a command that refuses a wrong file; %s stands for its path}
"""
RETURN = """
changed_paths:
  description: the files that were changed, for handlers that look at one of them
  type: list
  returned: always
"""
FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0644"},
    "validate": {"type": "str"},
}


def main() -> None:
    """Look, validate what differs, then write it."""
    module = AnsibleModule(
        {"files": {"type": "list", "elements": "dict", "required": True, "options": FILE}}, supports_check_mode=True
    )
    wanted = module.params["files"]
    differing = [file for file in wanted if _before(file) != file["content"]]
    diff = [_difference(file) for file in differing]
    _validate(module, [file for file in differing if file["validate"]])
    if not module.check_mode:
        for file in differing:
            _write(file)
    settled = {file["path"] for file in wanted if _settle_rights(module, file)}
    paths = sorted({file["path"] for file in differing} | settled)
    module.exit_json(changed=bool(paths), changed_paths=paths, diff=diff)


def _before(file: dict[str, Any]) -> str | None:
    try:
        return Path(file["path"]).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _validate(module: AnsibleModule, files: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory(prefix="ansible-files-") as folder:
        draft = Path(folder) / "draft"
        for file in files:
            draft.write_text(file["content"], encoding="utf-8")
            code, out, err = module.run_command(file["validate"].replace("%s", str(draft)))
            if code:
                module.fail_json(msg=f"{file['path']} is refused: {(err or out).strip()}")


def _difference(file: dict[str, Any]) -> dict[str, str]:
    return {
        "before_header": file["path"],
        "after_header": file["path"],
        "before": _before(file) or "",
        "after": file["content"],
    }


def _write(file: dict[str, Any]) -> None:
    """Write beside its place, with its rights before its name: nobody reads half of it, or what is not for them."""
    place = Path(file["path"])
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(file["content"])
    shutil.chown(new, file["owner"], file["group"])
    new.chmod(int(file["mode"], 8))
    new.replace(place)


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _settle_rights(module: AnsibleModule, file: dict[str, Any]) -> bool:
    if not Path(file["path"]).exists():
        return False
    if module.check_mode and not _is_group(file["group"]):
        # A check on a bare host: the package that brings the group would be installed first.
        return True
    return bool(module.set_fs_attributes_if_different(module.load_file_common_arguments(file), changed=False))


if __name__ == "__main__":
    main()
