"""An inventory's secrets, in Ansible Vault: `inventories/<inventory>/group_vars/all/vault.yml`.

`python -m lab.secrets staging` makes up what is missing; `--rotate vault_cache_password` makes it up anew.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PROJECT = Path(__file__).resolve().parents[1]
PASSWORD = PROJECT / "var/lab/vault-password"
NAME = re.compile(r"\bvault_[a-z0-9_]+\b")


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
"""Every secret that we make up, and how."""

GIVEN = {
    "vault_microsoft365_client_secret": "the application's secret at Microsoft 365",
    "vault_usos_consumer_secret": "the secret of the administrative consumer at USOS API",
    "vault_letters_password": "the password at the mail relay",
    "vault_eduroam_national1_secret": "the secret shared with the first national RADIUS server",
    "vault_eduroam_national2_secret": "the secret shared with the second national RADIUS server",
}
"""What others make up and tell us; whoever deploys enters it."""

KEPT = {
    "vault_registry_fingerprint_key": "people are found again by hashes that it keys",
    "vault_payments_key": "account numbers are derived from it",
    "vault_certificates_authority_passphrase": "it opens the authority's key (docs/runbooks/key-rotation.md)",
}
"""What must not be made up anew, and why."""


class Refused(Exception):
    """What was asked for would do harm, or names nothing."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """An inventory's vault, and the file with the vault's password, which is never in the repository."""

    name: str
    password: Path

    @property
    def folder(self) -> Path:
        """Where its hosts and variables are."""
        return PROJECT / "inventories" / self.name

    @property
    def vault(self) -> Path:
        """The encrypted file."""
        return self.folder / "group_vars/all/vault.yml"

    def read(self) -> dict[str, str]:
        """Return the secrets by their variables' names."""
        if not self.vault.exists():
            return {}
        found: dict[str, str] = yaml.safe_load(self._lock().decrypt(self.vault.read_bytes()))
        return found

    def write(self, known: dict[str, str]) -> None:
        """Encrypt the secrets; the vault's password is made up with the first of them."""
        self.password.parent.mkdir(parents=True, exist_ok=True)
        if not self.password.exists():
            _private(self.password, secrets.token_hex(32).encode())
        self.vault.parent.mkdir(parents=True, exist_ok=True)
        _private(self.vault, self._lock().encrypt(yaml.safe_dump(known)))

    def names(self) -> set[str]:
        """Return every secret that the inventory or a role's defaults name."""
        # An inventory may link to another's folders, into which rglob does not look.
        folders = [Path(folder) for folder, _, _ in os.walk(self.folder, followlinks=True)]
        said = [file for folder in folders for file in folder.glob("*.yml")]
        files = [*said, *(PROJECT / "playbooks/roles").glob("*/defaults/main.yml")]
        return {name for file in files if file != self.vault for name in NAME.findall(_text(file))}

    def _lock(self) -> VaultLib:
        return VaultLib([("default", VaultSecret(self.password.read_bytes().strip()))])


LAB = Inventory("lab", PASSWORD)


def make() -> None:
    """Make up whatever secret of the lab is missing; those that are there stay."""
    # Without its password the lab's vault is worth nothing, and so are the secrets in it.
    make_up(LAB, SECRETS, LAB.read() if PASSWORD.exists() else {})


def read() -> dict[str, str]:
    """Return the lab's secrets by their variables' names."""
    return LAB.read()


def make_up(inventory: Inventory, names: Iterable[str], known: dict[str, str]) -> list[str]:
    """Make up the secrets among `names` that are not `known`, and return which."""
    missing = {name: SECRETS[name]() for name in sorted(names) if name not in known}
    if missing:
        inventory.write(known | missing)
    return list(missing)


def rotate(inventory: Inventory, patterns: Iterable[str]) -> list[str]:
    """Make up anew the secrets that a pattern names, and return which."""
    known = inventory.read()
    chosen = {name for name in known for pattern in patterns if fnmatch(name, pattern)}
    if not chosen:
        raise Refused("no secret of this inventory is called so")
    for name in sorted(chosen):
        if name in KEPT:
            raise Refused(f"{name} stays as it is: {KEPT[name]}")
        if name not in SECRETS:
            raise Refused(f"{name} is made up by others; enter what they say: ansible-vault edit {inventory.vault}")
    return make_up(inventory, chosen, {name: value for name, value in known.items() if name not in chosen})


def main() -> int:
    """Do what the command line says; names are printed, secrets never."""
    asked = _arguments()
    inventory = Inventory(asked.inventory, asked.password_file or PROJECT / "var" / asked.inventory / "vault-password")
    if not (inventory.folder / "hosts.yml").exists():
        print(f"there is no inventory {inventory.folder}", file=sys.stderr)
        return 2
    if inventory.vault.exists() and not inventory.password.exists():
        print(f"{inventory.vault} is there, but its password is not in {inventory.password}", file=sys.stderr)
        return 2
    try:
        wanted = inventory.names()
        made = (
            rotate(inventory, asked.rotate)
            if asked.rotate
            else make_up(inventory, wanted & set(SECRETS), inventory.read())
        )
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print("\n".join(f"made up: {name}" for name in made) or "nothing was missing")
    for name in sorted(wanted - set(inventory.read())):
        print(f"to be entered by you (ansible-vault edit): {name}, {GIVEN.get(name, 'which nobody describes')}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.secrets", description=__doc__)
    parser.add_argument("inventory", help="lab, staging, production")
    parser.add_argument("--password-file", type=Path, help="the vault's password; var/<inventory>/vault-password")
    parser.add_argument("--rotate", action="append", default=[], metavar="PATTERN", help="make these up anew")
    return parser.parse_args()


def _text(file: Path) -> str:
    """Return a file without its comments."""
    return "\n".join(line for line in file.read_text().splitlines() if not line.lstrip().startswith("#"))


def _private(file: Path, content: bytes) -> None:
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
    new.replace(file)


if __name__ == "__main__":
    sys.exit(main())
