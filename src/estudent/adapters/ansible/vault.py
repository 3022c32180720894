"""Every value that the vault holds, so that it can be hidden wherever it might appear."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import dedent

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, get_file_vault_secret

from estudent.ports import Misconfigured

HEADER = b"$ANSIBLE_VAULT;"
ENCRYPTED = re.compile(rb"^[ \t]*\$ANSIBLE_VAULT;[^\n]*\n(?:[ \t]*[0-9a-f]+[ \t]*\n?)+", re.MULTILINE)


def values_in(folders: Iterable[Path], password_file: Path | None) -> set[str]:
    """Return the password itself and all that it opens in these folders, whole files and single values."""
    blocks = [(file, block) for folder in folders for file in _files(folder) for block in _encrypted(file)]
    if password_file is None:
        if blocks:
            raise Misconfigured(f"{blocks[0][0]} is encrypted; set ESTUDENT_DEPLOYMENT__VAULT_PASSWORD_FILE")
        return set()
    vault, password = _opened(password_file)
    return {password, *(value for file, block in blocks for value in _leaves(_plain(vault, file, block)))}


def _opened(password_file: Path) -> tuple[VaultLib, str]:
    try:
        secret = get_file_vault_secret(filename=str(password_file), loader=DataLoader())
        secret.load()
    except (AnsibleError, OSError):
        raise Misconfigured(f"{password_file} holds no password for the vault that can be read") from None
    return VaultLib([("default", secret)]), secret.bytes.decode()


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files, those in linked folders too, as Ansible reads them."""
    for path, _, names in os.walk(folder, followlinks=True):
        yield from (file for file in (Path(path, name) for name in sorted(names)) if file.is_file())


def _encrypted(file: Path) -> list[bytes]:
    """Return the encrypted parts of a file; a file that cannot be read cannot be used by a play either."""
    try:
        content = file.read_bytes()
    except PermissionError:
        return []
    return [dedent(found.decode()).encode() for found in ENCRYPTED.findall(content)] if HEADER in content else []


def _plain(vault: VaultLib, file: Path, block: bytes) -> object:
    try:
        text = vault.decrypt(block).decode()
    except AnsibleError:
        raise Misconfigured(f"the vault's password does not open {file}") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _leaves(value: object) -> Iterator[str]:
    """Yield every text and number in a tree of values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
