"""Opening a connection to a server: always through TLS or the unix socket, always with time limits."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from ldap3 import NONE, SAFE_SYNC, SIMPLE, Connection, Server, Tls

from estudent.adapters.ldap.errors import FOREIGN, Operation, meaning, speaking
from estudent.ports import Misconfigured

HIGHEST_PORT = 65535
URI = re.compile(
    r"(?P<scheme>ldaps?)://(?P<host>\[[0-9a-f:.]+\]|[^/:\[\]]+)(:(?P<port>\d{1,5}))?|ldapi://.+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where the directory is, in order of preference, as whom we come, and for how many seconds we wait."""

    uris: tuple[str, ...]
    bind_dn: str
    password: str = field(repr=False)
    ca_file: Path | None
    connect_seconds: int
    answer_seconds: int


class VerifiedTls(Tls):
    """TLS 1.2 or newer; OpenSSL itself verifies certificate and host name (RFC 6125).

    ldap3 would verify nothing unless told to, and compares names with a function that Python 3.12 dropped.
    """

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Begin TLS on an open socket, at once where `do_handshake`."""
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Python leaves a socket open that its server has reset before TLS began; here we can still close it.
        connection.socket.getpeername()
        connection.socket = context.wrap_socket(
            connection.socket, do_handshake_on_connect=do_handshake, server_hostname=self.sni
        )


def connect_to(uri: str, access: Access) -> Connection:
    """Return a bound connection to this server."""
    if not (access.bind_dn and access.password):
        raise Misconfigured("ESTUDENT_DIRECTORY__BIND_DN and ESTUDENT_DIRECTORY__PASSWORD must both be set")
    with speaking(Operation.OPEN):
        connection = Connection(
            _server(uri, access),
            user=access.bind_dn,
            password=access.password,
            authentication=SIMPLE,
            client_strategy=SAFE_SYNC,
            auto_referrals=False,
            check_names=False,
            return_empty_attributes=False,
            receive_timeout=access.answer_seconds,
        )
        try:
            _sign_in(connection, access)
        except BaseException:
            drop(connection)
            raise
        finally:
            # It would stand in the connection's repr, and thus in tracebacks that show variables.
            connection.password = None
    return connection


def tls_version(connection: Connection) -> str:
    """Return the version of TLS in use, or what stands in its place."""
    return (connection.socket.version() or "no TLS") if _is_encrypted(connection) else "the unix socket"


def hang_up(connection: Connection) -> None:
    """Say good-bye and close."""
    with suppress(*FOREIGN):
        connection.unbind()
    drop(connection)


def drop(connection: Connection) -> None:
    """Close without a word, even when opening failed half-way, which ldap3 leaves open."""
    if connection.socket is not None:
        connection.socket.close()
    connection.strategy.close()


def _server(uri: str, access: Access) -> Server:
    trimmed = uri.strip().rstrip("/")
    parts = URI.fullmatch(trimmed)
    if parts is None or int(parts["port"] or 0) > HIGHEST_PORT:
        raise Misconfigured(
            "ESTUDENT_DIRECTORY__URIS must be like ldaps://host, ldap://host:389 or ldapi://%2Frun%2Fldapi"
        )
    tls = _tls(unquote(parts["host"]).strip("[]"), access.ca_file) if parts["scheme"] else None
    return Server(trimmed, get_info=NONE, tls=tls, connect_timeout=access.connect_seconds)


def _tls(host: str, ca_file: Path | None) -> Tls:
    if ca_file is not None and not ca_file.is_file():
        raise Misconfigured(
            "ESTUDENT_DIRECTORY__CA_FILE is not there; it must hold the CA of the directory's certificate (PEM)"
        )
    return VerifiedTls(validate=ssl.CERT_REQUIRED, ca_certs_file=None if ca_file is None else str(ca_file), sni=host)


def _sign_in(connection: Connection, access: Access) -> None:
    connection.open(read_server_info=False)
    if not connection.server.ipc:
        # A server that lost its power says nothing; what it does not acknowledge is not waited for any longer.
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, access.connect_seconds * 1000)
    if not (connection.server.ssl or connection.server.ipc):
        connection.start_tls(read_server_info=False)
    if not (_is_encrypted(connection) or connection.server.ipc):
        raise Misconfigured("TLS was not begun, so the password was not sent; use ldaps:// in ESTUDENT_DIRECTORY__URIS")
    result = connection.bind(read_server_info=False)[1]
    connection.request = None
    if result["result"]:
        raise meaning(result["result"], Operation.OPEN)


def _is_encrypted(connection: Connection) -> bool:
    return isinstance(connection.socket, ssl.SSLSocket)
