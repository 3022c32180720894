"""How many days a certificate or a revocation list on the machine that runs Ansible holds; a missing one for none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase
from cryptography import x509

DOCUMENTATION = """
name: days_of_certificate
short_description: how many days a certificate or a list of revoked ones still holds
description: Returns the whole days until a PEM certificate or a DER revocation list ends; 0 where there is no file.
options:
  _terms:
    description: paths of certificates and lists
    required: true
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    """The lookup that Ansible finds by this file's name."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[int]:  # noqa: ARG002
        """Return the days of each path."""
        return [_days(Path(term)) for term in terms]


def _days(file: Path) -> int:
    if not file.exists():
        return 0
    content = file.read_bytes()
    if content.startswith(b"-----BEGIN"):
        end = x509.load_pem_x509_certificate(content).not_valid_after_utc
    else:
        end = x509.load_der_x509_crl(content).next_update_utc or datetime.now(UTC)
    return (end - datetime.now(UTC)).days
