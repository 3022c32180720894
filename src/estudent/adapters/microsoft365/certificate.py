"""The application's certificate: whether it can sign, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from estudent.ports import Misconfigured

WARNED_BEFORE = timedelta(days=30)
SETTING = "ESTUDENT_MAILBOXES__CERTIFICATE"
MAKE_ANOTHER = (
    "make a new one and upload it to the application before you name it in the settings (docs/microsoft365.md)"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate whose private key stands in the same file."""

    not_before: datetime
    not_after: datetime

    def check(self, now: datetime) -> str:
        """Say until when it is good, with a warning in its last 30 days, or raise Misconfigured when it is not."""
        if now >= self.not_after:
            raise Misconfigured(f"the certificate of {SETTING} expired on {self.not_after:%Y-%m-%d}: {MAKE_ANOTHER}")
        if now < self.not_before:
            raise Misconfigured(f"the certificate of {SETTING} is not valid before {self.not_before:%Y-%m-%d}")
        left = self.not_after - now
        if left < WARNED_BEFORE:
            return f"WARNING: the certificate expires in {left.days} days, on {self.not_after:%Y-%m-%d}: {MAKE_ANOTHER}"
        return f"the certificate is good until {self.not_after:%Y-%m-%d}"


def read_certificate(path: Path) -> Certificate:
    """Read a PEM file with certificate and RSA key, which Entra wants; raise Misconfigured for anything else."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{SETTING} cannot be read: {error.strerror or 'no such file'}") from None
    try:
        certificate, key = load_pem_x509_certificate(content), load_pem_private_key(content, None)
    except (TypeError, ValueError):
        # The file holds a key: its content is repeated in no message.
        raise Misconfigured(
            f"{SETTING} must be a PEM file with a certificate and its unencrypted private key"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise Misconfigured(f"the key of {SETTING} must be RSA, as Entra wants it")
    if key.public_key() != certificate.public_key():
        raise Misconfigured(f"certificate and private key of {SETTING} do not belong together")
    return Certificate(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
