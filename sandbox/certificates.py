"""A throw-away certificate authority, and a certificate of it for servers on this machine."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MARGIN = timedelta(days=7)
LIFE_OF_AUTHORITY = timedelta(days=825)
LIFE_OF_CERTIFICATE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority to trust, and the certificate and key that a server shows."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Application:
    """PEM files: the certificate to upload, and the credential, which is the certificate with its private key."""

    public: Path
    credential: Path


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


def for_application(folder: Path, name: str = "application", *, now: datetime | None = None) -> Application:
    """Make a self-signed certificate with an RSA key, as is uploaded to an application in Entra."""
    moment = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"eStudent {name}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(hours=1))
        .not_valid_after(moment + LIFE_OF_CERTIFICATE)
        .sign(key, hashes.SHA256())
    )
    files = Application(folder / f"{name}.crt", folder / f"{name}.pem")
    public = certificate.public_bytes(serialization.Encoding.PEM)
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    _write(files.credential, key.private_bytes(encoding, shape, serialization.NoEncryption()) + public, 0o600)
    _write(files.public, public, 0o644)
    return files


def issue(folder: Path, *, now: datetime | None = None) -> Certificates:
    """Return certificates for localhost and 127.0.0.1 that hold for a week or more; what does so already is kept."""
    moment = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority = _kept(files.ca, folder / "ca.key", moment)
    if authority is None:
        authority = _authority(moment)
        _store(authority, files.ca, folder / "ca.key")
    server = _kept(files.certificate, files.key, moment)
    if server is None or not _issued_by(server, authority):
        _store(_server(authority, moment), files.certificate, files.key)
    return files


def _kept(certificate: Path, key: Path, moment: datetime) -> _Pair | None:
    """Return the stored pair if it can be read, belongs together and stays valid for a week."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if not isinstance(secret, EllipticCurvePrivateKey) or found.public_key() != secret.public_key():
        return None
    valid = found.not_valid_before_utc <= moment and moment + MARGIN <= found.not_valid_after_utc
    return _Pair(found, secret) if valid else None


def _issued_by(server: _Pair, authority: _Pair) -> bool:
    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _authority(moment: datetime) -> _Pair:
    """Make an authority that VERIFY_X509_STRICT accepts (RFC 5280: critical key usage, key identifiers)."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "eStudent sandbox, trusted nowhere else")])
    builder = (
        _builder((name, name), key, key, moment, LIFE_OF_AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _server(authority: _Pair, moment: datetime) -> _Pair:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    builder = (
        _builder((name, authority.certificate.subject), key, authority.key, moment, LIFE_OF_CERTIFICATE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    names: tuple[x509.Name, x509.Name],
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    moment: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    """Begin a certificate for (subject, issuer) with what all have; it starts an hour ago, for clocks that are slow."""
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(hours=1))
        .not_valid_after(moment + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _store(pair: _Pair, certificate: Path, key: Path) -> None:
    secret = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, secret, 0o600)
    _write(certificate, pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Replace the file in one step; nobody else can read it before its mode is set."""
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
        handle.write(content)
    new.replace(file)
