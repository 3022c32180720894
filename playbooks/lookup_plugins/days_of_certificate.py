"""How many days a certificate on the machine that runs Ansible still holds; a missing one holds for none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase
from cryptography import x509

DOCUMENTATION = """
name: days_of_certificate
short_description: how many days a certificate still holds
description: Returns the whole days until a PEM certificate ends; 0 for a file that is not there.
options:
  _terms:
    description: paths of certificates
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
    return (x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc - datetime.now(UTC)).days
