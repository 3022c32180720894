"""Our own certificate authority, by the role's own tasks on this machine: what it revokes, and that it lists it."""

from __future__ import annotations

import re
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
