"""How stand-ins that speak HTTP listen: on loopback unless told otherwise, with TLS where there is a certificate."""

from __future__ import annotations

import argparse
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stand-in listens, and what it shows there."""

    host: str = LOOPBACK
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(cls, asked: argparse.Namespace) -> Place:
        """Return the place that the command line names."""
        return cls(asked.host, asked.port, asked.certificate, asked.key)

    @property
    def scheme(self) -> str:
        """Return how this place is addressed."""
        return "https" if self.certificate else "http"

    def listener(self) -> socket.socket:
        """Return a socket that listens here.

        asyncio sees TCP only where the socket says so (IPPROTO_TCP); elsewhere it leaves Nagle's delay of 40 ms on.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(1024)
        return listener

    def address(self, listener: socket.socket) -> str:
        """Return where a socket that listens here is found."""
        host, port = listener.getsockname()[:2]
        return f"{self.scheme}://{host}:{port}"

    def context(self) -> ssl.SSLContext | None:
        """Return the TLS context of a server here; None without a certificate."""
        if not self.certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def server(self, app: ASGIApp) -> uvicorn.Server:
        """Return a server of the application that says where it listens once it does."""
        config = uvicorn.Config(
            app,
            ssl_certfile=self.certificate,
            ssl_keyfile=self.key,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        return _Doorbell(config, self)


class _Doorbell(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, place: Place) -> None:
        super().__init__(config)
        self._place = place

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            print(f"listening on {self._place.address(each)}", flush=True)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a place."""
    parser.add_argument("--host", default=LOOPBACK, help="the address to listen on; this machine alone by default")
    parser.add_argument("--port", type=int, default=0, help="of HTTP; 0 takes a free one")
    parser.add_argument("--certificate", type=Path, help="PEM, with its chain; with it TLS is spoken")
    parser.add_argument("--key", type=Path, help="PEM; the certificate's private key")
