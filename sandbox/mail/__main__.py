"""Start the mail sink: python -m sandbox.mail --smtp-port 0 --port 0 --folder DIR."""

from __future__ import annotations

import argparse
import asyncio
import socket
import ssl
from pathlib import Path

import uvicorn

from sandbox.mail.faults import Faults
from sandbox.mail.letters import Letters
from sandbox.mail.pages import Pages
from sandbox.mail.reception import Reception, listen


def main() -> None:
    """Serve SMTP and HTTP until told to stop."""
    asyncio.run(serve(options().parse_args()))


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--port", type=int, default=0, help="of HTTP; 0 chooses a free one")
    parser.add_argument("--folder", type=Path, required=True, help="where the letters are kept")
    parser.add_argument("--certificate", type=Path, help="PEM; with it STARTTLS is offered")
    parser.add_argument("--key", type=Path, help="PEM; the certificate's private key")
    parser.add_argument("--refuse-domain", action="append", default=[], help="no recipient exists there; repeatable")
    return parser


async def serve(asked: argparse.Namespace) -> None:
    """Open both doors, say where they are, and serve until a signal ends it."""
    letters, faults = Letters(asked.folder), Faults()
    smtp = await listen(Reception(letters, faults, asked.refuse_domain), door(asked.smtp_port), tls(asked))
    print("smtp on {}:{}".format(*smtp.sockets[0].getsockname()), flush=True)
    config = uvicorn.Config(
        Pages(letters, faults).application(),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    await Doorbell(config).serve(sockets=[door(asked.port)])


class Doorbell(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            print("listening on http://{}:{}".format(*each.getsockname()), flush=True)


def door(port: int) -> socket.socket:
    """Return a socket of 127.0.0.1 that listens.

    asyncio does not see that its connections are TCP (their protocol number is 0) and leaves Nagle's delay on.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def tls(asked: argparse.Namespace) -> ssl.SSLContext | None:
    """Return the context of STARTTLS when a certificate was given."""
    if not asked.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(asked.certificate, asked.key)
    return context


if __name__ == "__main__":
    main()
