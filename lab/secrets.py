"""A fresh set of secrets for the lab, in Ansible Vault: `inventories/lab/group_vars/all/vault.yml`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PROJECT = Path(__file__).resolve().parents[1]
VAULT = PROJECT / "inventories/lab/group_vars/all/vault.yml"
PASSWORD = PROJECT / "var/lab/vault-password"


def password() -> str:
    """Return something that nobody guesses, of letters that need no quoting anywhere."""
    return secrets.token_hex(20)


def signing_key() -> str:
    """Return a private RSA key as PEM, as LemonLDAP::NG signs with."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def signing_identity() -> str:
    """Return a private key and the certificate of it that other sites keep, valid for twenty years."""
    pem = signing_key()
    key = serialization.load_pem_private_key(pem.encode(), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "single sign-on")])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=20 * 365))
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    return pem + certificate.public_bytes(serialization.Encoding.PEM).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "vault_certificates_authority_passphrase": password,
    "vault_directory_provisioner_password": password,
    "vault_directory_portal_password": password,
    "vault_directory_sso_password": password,
    "vault_directory_radius_password": password,
    "vault_directory_replicator_password": password,
    "vault_staff_admin1_password": password,
    "vault_staff_clerk1_password": password,
    "vault_staff_reader1_password": password,
    "vault_staff_operator1_password": password,
    "vault_database_estudent_flows_password": password,
    "vault_database_estudent_portal_password": password,
    "vault_database_prefect_password": password,
    "vault_database_sso_password": password,
    "vault_cache_password": password,
    "vault_registry_fingerprint_key": password,
    "vault_portal_secret_key": password,
    "vault_desk_client_secret": password,
    "vault_payments_key": password,
    "vault_orchestration_api_password": password,
    "vault_orchestration_session_key": password,
    "vault_sso_oidc_prefect_secret": password,
    "vault_standins_microsoft365_client_secret": password,
    "vault_standins_usos_consumer_secret": password,
    "vault_sso_key": password,
    "vault_sso_health_secret": password,
    "vault_sso_oidc_key": signing_key,
    "vault_sso_saml_identity": signing_identity,
    "vault_eduroam_access_point_secret": password,
    "vault_eduroam_national_secret": password,
    "vault_eduroam_cui_salt": password,
}
"""Every secret of the lab, and how it is made up."""


def make() -> None:
    """Make up whatever secret is missing; those that are there stay."""
    known = read() if VAULT.exists() and PASSWORD.exists() else {}
    missing = {name: made() for name, made in SECRETS.items() if name not in known}
    if missing:
        _write(known | missing)


def read() -> dict[str, str]:
    """Return the lab's secrets by their variables' names."""
    found: dict[str, str] = yaml.safe_load(_vault().decrypt(VAULT.read_bytes()))
    return found


def _write(known: dict[str, str]) -> None:
    PASSWORD.parent.mkdir(parents=True, exist_ok=True)
    if not PASSWORD.exists():
        _private(PASSWORD, secrets.token_hex(32).encode())
    _private(VAULT, _vault().encrypt(yaml.safe_dump(known)))


def _vault() -> VaultLib:
    return VaultLib([("default", VaultSecret(PASSWORD.read_bytes().strip()))])


def _private(file: Path, content: bytes) -> None:
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
    new.replace(file)
