"""The SMTP side: who is refused, what is kept, when the line is cut."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.mail.faults import Faults
from sandbox.mail.letters import Letters
from sandbox.mail.reading import message_id

LARGEST = 1_000_000  # bytes of a letter, announced in EHLO (RFC 1870)
NAME = "mail.sandbox.invalid"


PLAIN = re.compile(r"<([\w.%+=-]+@[\w.-]+)>\s*(.*)", re.ASCII)


class Conversation(SMTP):
    """One connection; plain addresses spare the parser of header fields, which takes an eighth of all the time."""

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        plain = PLAIN.fullmatch(arg)
        return (plain[1], plain[2]) if plain else super()._getaddr(arg)


class Reception:
    """Takes letters in for all recipients but those of the refused domains."""

    def __init__(self, letters: Letters, faults: Faults, refused_domains: Iterable[str]) -> None:
        self._letters = letters
        self._faults = faults
        self._refused_domains = {domain.lower() for domain in refused_domains}

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept the recipient, or say that there is none of the name (RFC 3463, 5.1.1)."""
        if address.rpartition("@")[2].lower() in self._refused_domains:
            return "550 5.1.1 The e-mail account that you tried to reach does not exist"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the letter and then say so, or do what the next fault orders."""
        fault = self._faults.next()
        if fault and not fault.after_effect:
            return fault.reply()
        self._keep(envelope)
        if fault:
            await _hang_up(server)
        return "250 2.0.0 OK: kept"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        self._letters.add(envelope.mail_from or "", envelope.rcpt_tos, message_id(content), content, datetime.now(UTC))


async def _hang_up(server: SMTP) -> None:
    """Cut the line; aiosmtpd cancels us as soon as it notices."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    await asyncio.get_running_loop().create_future()


async def listen(reception: Reception, door: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
    """Serve SMTP at the socket, with STARTTLS (RFC 3207) where there is a certificate."""
    loop = asyncio.get_running_loop()

    def conversation() -> SMTP:
        return Conversation(
            reception,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=NAME,
            ident="sandbox",
            tls_context=tls,
            loop=loop,
        )

    return await loop.create_server(conversation, sock=door)
