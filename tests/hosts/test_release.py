"""The release on its hosts: complete, the same everywhere, nobody's to change, and imported from where it should be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from testinfra.host import Host

from tests.hosts.conftest import HostNamed

PROJECT = Path(__file__).resolve().parents[2]
PACK = PROJECT / "playbooks/roles/release/files/pack.py"
HOSTS = ["ops1", "web1", "web2", "outside1"]
CURRENT = "/opt/estudent/current"
PYTHON = f"{CURRENT}/.venv/bin/python"


def packed(folder: Path) -> dict[str, object]:
    """Pack the tree into this folder."""
    done = subprocess.run([sys.executable, PACK, folder], check=True, capture_output=True, text=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_same_tree_is_the_same_release_byte_by_byte(tmp_path: Path) -> None:
    first, second = packed(tmp_path / "a"), packed(tmp_path / "b")
    assert first["id"] == second["id"]
    assert Path(str(first["archive"])).read_bytes() == Path(str(second["archive"])).read_bytes()


def test_all_hosts_use_one_release(host: HostNamed) -> None:
    assert len({str(host(name).check_output(f"readlink {CURRENT}")) for name in HOSTS}) == 1


@pytest.mark.parametrize("name", HOSTS)
def test_every_file_is_as_it_was_packed(host: HostNamed, name: str) -> None:
    checked = host(name).run(f"cd {CURRENT} && sha256sum --check --quiet RELEASE")
    assert checked.succeeded, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", HOSTS)
def test_code_and_flows_come_from_the_release_and_packages_fit_together(host: HostNamed, name: str) -> None:
    release = str(host(name).check_output(f"readlink -f {CURRENT}"))
    modules = "import estudent.cli, flows, prefect, gunicorn, sys"
    asked = f"{modules}; print(estudent.__file__, flows.__file__, sys.version_info[:2])"
    found = host(name).check_output(f"cd / && runuser -u estudent -- {PYTHON} -c '{asked}'")
    assert found == f"{release}/src/estudent/__init__.py {release}/flows/__init__.py (3, 13)"


def test_only_those_hosts_have_a_program_that_need_it(host: HostNamed) -> None:
    def has(name: str, module: str) -> bool:
        return bool(host(name).run(f"{PYTHON} -c 'import {module}'").succeeded)

    assert [name for name in HOSTS if has(name, "ansible")] == ["ops1"]
    assert [name for name in HOSTS if has(name, "aiosmtpd")] == ["outside1"]
    assert [name for name in HOSTS if has(name, "pytest") or has(name, "mypy")] == []


@pytest.mark.parametrize("name", HOSTS)
def test_the_service_s_account_can_change_nothing_of_it(host: HostNamed, name: str) -> None:
    writable = host(name).check_output("find /opt/estudent ! -type l '(' -perm /o+w -o ! -user root ')' | head")
    assert writable == ""
    assert host(name).user("estudent").shell == "/usr/sbin/nologin"


def test_the_command_finds_the_templates(host: HostNamed) -> None:
    asked = 'from estudent.adapters.rendering import _folder; print((_folder() / "portal").is_dir())'
    assert host("web1").check_output(f"cd / && {PYTHON} -c '{asked}'") == "True"


def test_old_releases_go_but_for_three(host: HostNamed) -> None:
    assert len(str(host("web1").check_output("ls /opt/estudent/releases")).split()) <= 3


def test_a_release_that_was_half_unpacked_is_unpacked_anew(host: HostNamed) -> None:
    web1 = host("web1")
    archive = str(web1.check_output("ls -t /var/cache/estudent/estudent-*.tar.gz | head -1"))
    web1.check_output(
        "mkdir -p /opt/estudent/releases/.half.new/src && touch /opt/estudent/releases/.half.new/src/stray"
    )
    try:
        done = web1.check_output(f"/usr/local/sbin/estudent-release unpack {archive} releases/half")
        assert done == "unpacked releases/half"
        assert not web1.file("/opt/estudent/releases/half/src/stray").exists
        assert web1.run("cd /opt/estudent/releases/half && sha256sum --check --quiet RELEASE").succeeded
    finally:
        web1.check_output("rm -rf /opt/estudent/releases/half /opt/estudent/releases/.half.new")


def test_no_secret_is_in_a_release(host: HostNamed) -> None:
    vaults = host("web1").check_output(f"find {CURRENT}/inventories -name vault.yml -exec head -qn1 {{}} +")
    assert set(str(vaults).splitlines()) <= {"$ANSIBLE_VAULT;1.1;AES256"}


def home_of(host: Host) -> str:
    """Return where the application's account lives."""
    return str(host.user("estudent").home)


def test_the_account_is_the_same_on_all_hosts(host: HostNamed) -> None:
    assert {home_of(host(name)) for name in HOSTS} == {"/var/lib/estudent"}
