"""The SMTP side: who is refused, what is kept, when the line is cut."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.mail.exchange import NO_ANSWER, NOT_FOUND, Exchange
from sandbox.mail.faults import Faults
from sandbox.mail.letters import Letter, Letters
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
    """Takes letters in for all recipients but those of the refused domains and those whom Exchange does not know."""

    def __init__(
        self, letters: Letters, faults: Faults, refused_domains: Iterable[str], exchange: Exchange | None = None
    ) -> None:
        self._letters = letters
        self._faults = faults
        self._refused_domains = {domain.lower() for domain in refused_domains}
        self._exchange = exchange
        self._mailboxes: WeakKeyDictionary[Envelope, dict[str, None]] = WeakKeyDictionary()

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept the recipient, or say that there is none of the name (RFC 3463, 5.1.1 and 5.1.10)."""
        if address.rpartition("@")[2].lower() in self._refused_domains:
            return "550 5.1.1 The e-mail account that you tried to reach does not exist"
        refusal = await self._lead(envelope, address)
        if refusal:
            return refusal
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

    async def _lead(self, envelope: Envelope, address: str) -> str:
        """Note the mailbox that the address leads to, once for all addresses of it; return a refusal, or nothing."""
        if self._exchange is None or not self._exchange.serves(address):
            return ""
        try:
            mailbox = await self._exchange.mailbox(address)
        except httpx.HTTPError:
            return NO_ANSWER
        if mailbox is None:
            return NOT_FOUND
        self._mailboxes.setdefault(envelope, {})[mailbox] = None
        return ""

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        letter = Letter(
            envelope.mail_from or "", envelope.rcpt_tos, message_id(content), content, datetime.now(UTC),
            list(self._mailboxes.pop(envelope, ())),
        )  # fmt: skip
        self._letters.add(letter)


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
