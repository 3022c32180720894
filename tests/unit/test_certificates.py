"""The sandbox's certificates: what they say, who may read their keys, and when they are renewed."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from sandbox.certificates import Certificates, issue

NOW = datetime.now(UTC)
# Python 3.13 demands this by default; we demand it on 3.11 too.
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN


def handshake(files: Certificates, name: str) -> None:
    """Shake hands over a socket pair as a strict client that expects `name`."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(files.ca))
    client.verify_flags |= STRICT
    near, far = socket.socketpair()
    with near, far:
        thread = threading.Thread(target=serve, args=(server, far))
        thread.start()
        try:
            client.wrap_socket(near, server_hostname=name).close()
        finally:
            near.close()
            thread.join()


def serve(context: ssl.SSLContext, far: socket.socket) -> None:
    try:
        context.wrap_socket(far, server_side=True).close()
    except OSError:
        far.close()


def contents(files: Certificates) -> list[bytes]:
    return [file.read_bytes() for file in (files.ca, files.certificate, files.key)]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_strict_client_accepts_this_machine_by_name_and_by_address(tmp_path: Path, name: str) -> None:
    handshake(issue(tmp_path), name)


def test_another_machine_cannot_pass_with_it(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(issue(tmp_path), "directory.example.pl")


def test_the_authority_may_sign_certificates_and_nothing_else(tmp_path: Path) -> None:
    authority = x509.load_pem_x509_certificate(issue(tmp_path).ca.read_bytes())
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)


@pytest.mark.parametrize("key", ["ca.key", "server.key"])
def test_only_the_owner_reads_the_keys(tmp_path: Path, key: str) -> None:
    issue(tmp_path)
    assert stat.S_IMODE((tmp_path / key).stat().st_mode) == 0o600


def test_what_is_valid_is_kept(tmp_path: Path) -> None:
    before = contents(issue(tmp_path, now=NOW))
    assert contents(issue(tmp_path, now=NOW + timedelta(days=80))) == before


def test_a_certificate_with_less_than_a_week_left_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    before = contents(issue(tmp_path, now=NOW))
    after = contents(issue(tmp_path, now=NOW + timedelta(days=84)))
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_when_the_authority_runs_out_both_are_new(tmp_path: Path) -> None:
    before = contents(issue(tmp_path, now=NOW - timedelta(days=820)))
    renewed = issue(tmp_path, now=NOW)
    assert not set(before) & set(contents(renewed))
    handshake(renewed, "localhost")


def test_a_damaged_key_is_replaced(tmp_path: Path) -> None:
    issue(tmp_path).key.write_text("not a key")
    handshake(issue(tmp_path), "localhost")
