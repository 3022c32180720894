"""Start the mail sink: python -m sandbox.mail --smtp-port 0 --port 0 --folder DIR."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

from sandbox import listening
from sandbox.listening import Place
from sandbox.mail.exchange import Exchange
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
    parser.add_argument("--folder", type=Path, required=True, help="where the letters are kept")
    parser.add_argument("--page-tls", action="store_true", help="TLS for the page too, not for SMTP alone")
    listening.describe(parser)
    parser.add_argument("--refuse-domain", action="append", default=[], help="no recipient exists there; repeatable")
    parser.add_argument("--exchange", default="", help="the address of sandbox.microsoft365, which knows the mailboxes")
    parser.add_argument("--exchange-domain", action="append", default=[], help="of these domains; repeatable")
    return parser


async def serve(asked: argparse.Namespace) -> None:
    """Open both doors, say where they are, and serve until a signal ends it."""
    letters, faults = Letters(asked.folder), Faults()
    exchange = Exchange(asked.exchange, asked.exchange_domain) if asked.exchange else None
    reception = Reception(letters, faults, asked.refuse_domain, exchange)
    page = Place.of(asked)
    post = replace(page, port=asked.smtp_port)
    smtp = await listen(reception, post.listener(), post.context())
    print("smtp on {}:{}".format(*smtp.sockets[0].getsockname()[:2]), flush=True)
    page = page if asked.page_tls else Place(page.host, page.port)
    await page.server(Pages(letters, faults).application()).serve(sockets=[page.listener()])


if __name__ == "__main__":
    main()
