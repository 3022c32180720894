"""Signing in with a certificate: a JWT that only its private key can have signed (RFC 7523, section 2.2).

The numbers are of https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox.microsoft365.refusal import TokenRefused
from sandbox.microsoft365.seal import coded, decoded, uncoded
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import moment

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW = 300.0
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
PADDINGS: Mapping[str, padding.AsymmetricPadding] = {"RS256": padding.PKCS1v15(), "PS256": PSS}


class Assertions:
    """Knows the certificates that were uploaded to the application."""

    def __init__(self, client_id: str, files: Iterable[Path]) -> None:
        """Read them; raises ValueError for what is no certificate with an RSA key."""
        self._client_id = client_id
        self._keys: dict[str, RSAPublicKey] = {}
        for file in files:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            key = certificate.public_key()
            if not isinstance(key, RSAPublicKey):
                raise ValueError(f"{file.name} has no RSA key")
            for digest in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303 (the header x5t is a SHA-1 by RFC 7515)
                self._keys[coded(certificate.fingerprint(digest))] = key

    def check(self, assertion: str, audiences: Iterable[str], now: float) -> None:
        """Raise TokenRefused unless the application signed this for us and for now."""
        head, claims = _parts(assertion)
        self._check_signature(assertion, head)
        if not claims.get("iss") == claims.get("sub") == self._client_id:
            raise _refused(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
        if str(claims.get("aud")).lower() not in {each.lower() for each in audiences}:
            raise _refused(700023, "Client assertion audience claim does not match Realm issuer.")
        begins, ends = _moment({"nbf": 0, **claims}, "nbf"), _moment(claims, "exp")
        if not begins - SKEW <= now < ends + SKEW:
            words = f"Client assertion is not within its valid time range. Current time: {moment(now)}, assertion"
            words += f" valid from {moment(begins)}, expiry time of assertion {moment(ends)}."
            raise _refused(700024, words)

    def _check_signature(self, assertion: str, head: Json) -> None:
        thumbprint = str(head.get("x5t#S256") or head.get("x5t")).rstrip("=")  # which MSAL leaves on
        key, padded = self._keys.get(thumbprint), PADDINGS.get(str(head.get("alg")))
        if key is None or padded is None:
            words = (
                "The certificate with identifier used to sign the client assertion is not registered on application."
            )
            raise _refused(700027, f"{words} {_reason('The key was not found.', thumbprint)}")
        signed, _, signature = assertion.rpartition(".")
        try:
            key.verify(uncoded(signature), signed.encode(), padded, hashes.SHA256())
        except (InvalidSignature, ValueError):
            reason = "The provided signature value did not match the expected signature value."
            words = f"Client assertion contains an invalid signature. {_reason(reason, thumbprint)}"
            raise _refused(700027, words) from None


def _parts(assertion: str) -> tuple[Json, Json]:
    """Return header and claims, or refuse what is no JWT."""
    parts = assertion.split(".")
    head, claims = (decoded(part) for part in parts[:2]) if len(parts) == 3 else (None, None)
    if head is None or claims is None:
        raise _refused(50027, "JWT token is invalid or malformed.")
    return head, claims


def _moment(claims: Json, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise _refused(50027, f"JWT token is invalid or malformed: '{name}'.")
    return float(value)


def _reason(reason: str, thumbprint: str) -> str:
    return f"[Reason - {reason}, Thumbprint of key used by client: '{thumbprint}']"


def _refused(number: int, words: str) -> TokenRefused:
    return TokenRefused(401, "invalid_client", number, words)
