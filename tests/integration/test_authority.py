"""Our own certificate authority, by the role's own tasks on this machine: what it revokes, and that it lists it."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
PLAY = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {{name: {ROOT}/playbooks/roles/certificates, tasks_from: authority.yml}}
"""


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The authority's folder."""
    kept_up(tmp_path)
    return tmp_path


def kept_up(folder: Path, **more: object) -> int:
    """Let the role look after the authority in `folder`; return how much it changed."""
    play = folder / "play.yml"
    play.write_text(PLAY)
    settings = {
        "certificates_authority_folder": folder,
        "certificates_authority_name": "Politechnika Przykładowa, eStudent",
        "certificates_authority_passphrase": "a passphrase",
        "certificates_days": 180,
        "certificates_renewal_days": 60,
    } | more
    given = [word for name, value in settings.items() for word in ("--extra-vars", f"{name}='{value}'")]
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", "localhost,", *given, str(play)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.findall(r"changed=(\d+)", done.stdout)[-1])


def revoked(folder: Path) -> x509.CertificateRevocationList:
    """Return the list, once it is seen to be the authority's."""
    found = x509.load_der_x509_crl((folder / "revoked.crl").read_bytes())
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert found.is_signature_valid(key)
    assert found.issuer == authority.subject
    return found


def a_certificate(folder: Path, host: str) -> x509.Certificate:
    """Have the authority certify a host."""
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), b"a passphrase")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    authority, now = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), datetime.now(UTC)
    builder = x509.CertificateBuilder(
        authority.subject, x509.Name([]), key.public_key(), x509.random_serial_number(), now, now + timedelta(days=9)
    )
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "revoked").mkdir(exist_ok=True)
    (folder / f"revoked/{host}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate


def test_a_new_authority_has_revoked_nothing_and_says_so(authority: Path) -> None:
    assert list(revoked(authority)) == []
    assert kept_up(authority) == 0


def test_what_was_moved_aside_is_revoked_and_stays_so(authority: Path) -> None:
    lost = a_certificate(authority, "web1-2026-11-27")
    assert kept_up(authority) == 1
    assert [each.serial_number for each in revoked(authority)] == [lost.serial_number]
    assert kept_up(authority) == 0
    (authority / "revoked/web1-2026-11-27.pem").unlink()
    another = a_certificate(authority, "web2-2026-11-28")
    assert kept_up(authority) == 1
    assert {each.serial_number for each in revoked(authority)} == {lost.serial_number, another.serial_number}


def test_a_list_is_made_anew_before_it_ends(authority: Path) -> None:
    before = revoked(authority).next_update_utc
    assert before is not None
    assert 178 <= (before - datetime.now(UTC)).days <= 180
    assert kept_up(authority, certificates_renewal_days=180, certificates_days=190) == 1
    after = revoked(authority).next_update_utc
    assert after is not None
    assert after > before


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A project with the role in it, for which the host's certificates lie in the project's folder, owned by us."""
    shutil.copytree(ROOT / "playbooks/roles/certificates", tmp_path / "roles/certificates")
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    for file in (tmp_path / "roles").rglob("*.yml"):
        text = file.read_text().replace("/etc/ssl/estudent", f"{tmp_path}/ssl").replace("owner: root", f"owner: {user}")
        file.write_text(re.sub(r"(group|name): (root|estudent-tls)\n", rf"\1: {group}\n", text))
    (tmp_path / "play.yml").write_text("- {hosts: localhost, gather_facts: false, roles: [certificates]}\n")
    return tmp_path


def certified(project: Path, *, check: bool, **more: object) -> list[str]:
    """Let the role look after authority and host, or only look; return the tasks that changed something."""
    settings = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "certificates_authority_folder": str(project / "authority"),
        "certificates_authority_name": "Politechnika Przykładowa, eStudent",
        "certificates_authority_passphrase": "a passphrase",
        "certificates_names": ["web1.example"],
        "certificates_revoked_address": "http://estudent.example/revoked.crl",
        "certificates_shows_revoked": True,
        "domain": "example",
    } | more
    tool = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [tool, "--inventory", "localhost,", "--extra-vars", json.dumps(settings), str(project / "play.yml")]
    environment = os.environ | {"ANSIBLE_ROLES_PATH": str(project / "roles")}
    done = subprocess.run(
        command + ["--check"] * check,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    changed = re.findall(r"\[certificates : ([^\]]+)\] \**\n(?:\[WARNING\][^\n]*\n)*changed: ", done.stdout)
    assert len(changed) == int(re.findall(r"changed=(\d+)", done.stdout)[-1])
    return changed


SERVICES = "Services show the new certificate"


def test_a_check_of_a_host_s_certificate_says_what_the_run_does(host: Path) -> None:
    assert certified(host, check=True)[-1] == "The authority has a folder that only its owner reads"
    assert not (host / "authority").exists()
    assert certified(host, check=False)[-1] == SERVICES
    assert certified(host, check=True) == certified(host, check=False) == []
    ending = {"certificates_days": 300, "certificates_renewal_days": 200}
    expected = certified(host, check=True, **ending)
    assert len(expected) == 5 and expected[-1] == SERVICES
    assert certified(host, check=False, **ending) == expected


def test_a_check_says_that_an_authority_which_does_not_know_the_host_certifies_it_anew(host: Path) -> None:
    """As the deployer's does, which got its copy of the authority's folder before the host was there."""
    certified(host, check=False)
    for file in (host / "authority/hosts").iterdir():
        file.unlink()
    expected = certified(host, check=True)
    assert len(expected) == 3 and expected[-1] == SERVICES
    assert certified(host, check=False) == expected
