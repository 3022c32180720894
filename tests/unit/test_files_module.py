"""The Ansible module that puts several files in place, run as Ansible runs it: a program that reads its arguments."""

from __future__ import annotations

import grp
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

MODULE = Path(__file__).parents[2] / "playbooks/library/files.py"
OWNER, GROUP = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name


def put(folder: Path, *files: dict[str, str], check: bool = False) -> Any:
    whole = [{"owner": OWNER, "group": GROUP, "mode": "0600", **file} for file in files]
    arguments = folder / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"files": whole, "_ansible_check_mode": check}}))
    run = subprocess.run([sys.executable, MODULE, arguments], capture_output=True, text=True, check=False)
    return json.loads(run.stdout)


def test_what_is_as_wanted_is_left_alone_by_run_and_check(tmp_path: Path) -> None:
    file = {"path": str(tmp_path / "new/settings"), "content": "a\n"}
    assert put(tmp_path, file)["changed_paths"] == [file["path"]]
    assert not put(tmp_path, file)["changed"]
    assert not put(tmp_path, file, check=True)["changed"]


def test_a_check_says_what_would_be_changed_and_changes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "settings"
    put(tmp_path, {"path": str(place), "content": "a\n"})
    assert put(tmp_path, {"path": str(place), "content": "b\n"}, check=True)["changed_paths"] == [str(place)]
    assert put(tmp_path, {"path": str(place), "content": "a\n", "mode": "0640"}, check=True)["changed"]
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("a\n", 0o600)


def test_a_check_goes_on_where_a_package_would_bring_the_group(tmp_path: Path) -> None:
    file = {"path": str(tmp_path / "settings"), "content": "a\n"}
    put(tmp_path, file)
    assert put(tmp_path, {**file, "group": "of-a-package"}, check=True)["changed_paths"] == [file["path"]]
    assert "of-a-package" in put(tmp_path, {**file, "group": "of-a-package"})["msg"]


def test_where_one_is_refused_none_is_put_in_place(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    said = put(
        tmp_path, {"path": str(good), "content": "a\n"}, {"path": str(bad), "content": "", "validate": "test -s %s"}
    )
    assert f"{bad} is refused" in said["msg"]
    assert not good.exists() and not bad.exists()
