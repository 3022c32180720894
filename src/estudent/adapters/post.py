"""Outgoing mail by SMTP (RFC 5321), one connection for many letters."""

from __future__ import annotations

import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, Self

from estudent.domain.letter import Letter
from estudent.ports import FarSideError, Misconfigured, Refused, Unavailable

Security = Literal["none", "starttls", "tls"]


class SmtpPost:
    """Hands letters to one mail server; TLS is always verified, and no letter is sent twice within a call.

    `turn` returns when other processes at the same mail server let this one send a letter.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender_name: str,
        sender_address: str,
        security: Security = "starttls",
        ca_file: Path | None = None,
        user: str | None = None,
        password: str | None = None,
        reply_to: str | None = None,
        per_minute: int = 0,
        turn: Callable[[], None] = lambda: None,
        timeout: float = 30.0,
    ) -> None:
        self._host, self._port, self._timeout = host, port, timeout
        self._sender = Address(sender_name, addr_spec=sender_address)
        self._reply_to = Address(addr_spec=reply_to) if reply_to else None
        self._security, self._ca_file = security, ca_file
        self._user, self._password = user, password
        self._interval = 60 / per_minute if per_minute else 0.0
        self._next, self._turn = 0.0, turn
        self._one_at_a_time = threading.Lock()
        self._connection: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> None:
        """Hand one letter over at the agreed pace."""
        message = composed(letter, self._sender, self._reply_to)
        with self._one_at_a_time:
            self._keep_pace()
            connection = self._connected()
            try:
                connection.send_message(message, self._sender.addr_spec, [letter.recipient])
            except (OSError, ValueError) as error:
                self._drop_when_broken(error)
                raise _meaning(error) from None

    def check(self) -> str:
        """Say that the mail server answers, and how safely."""
        with self._one_at_a_time:
            self._connected()
        signed_in = ", signed in" if self._user else ""
        return f"the mail server {self._host}:{self._port} answers (security: {self._security}{signed_in})"

    def close(self) -> None:
        """Say goodbye to the mail server."""
        with self._one_at_a_time:
            connection, self._connection = self._connection, None
            if connection is not None:
                _leave(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep_pace(self) -> None:
        """Wait until the next letter may go; an idle time is not made up for by a burst."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._turn()
        self._next = time.monotonic() + self._interval

    def _connected(self) -> smtplib.SMTP:
        """Return the open connection, a new one when the server dropped it meanwhile."""
        if self._connection is not None and _alive(self._connection):
            return self._connection
        try:
            self._connection = self._connect()
        except (OSError, ValueError) as error:
            self._connection = None
            raise _meaning(error, connecting=True) from None
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        greeting = self._sender.domain
        if self._security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, greeting, timeout=self._timeout, context=self._context()
            )
        else:
            connection = smtplib.SMTP(self._host, self._port, greeting, timeout=self._timeout)
        try:
            if self._security == "starttls":
                connection.starttls(context=self._context())
            if self._user:
                connection.login(self._user, self._password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)

    def _drop_when_broken(self, error: Exception) -> None:
        """Forget a connection of which nobody knows in which state it is."""
        polite = isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)
        if self._connection is not None and not polite:
            self._connection.close()
            self._connection = None


def composed(letter: Letter, sender: Address, reply_to: Address | None) -> EmailMessage:
    """Return the letter as multipart/alternative; Refused when a value would break out of its header."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message["To"] = Address(addr_spec=letter.recipient)
        message["Subject"] = letter.subject
        message["Message-ID"] = letter.message_id
        if reply_to:
            message["Reply-To"] = reply_to
    except (ValueError, IndexError, MessageError) as error:
        raise Refused(
            "the letter's address or subject is not fit for a header; correct the student's e-mail"
        ) from error
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers, please
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language  # after the content, which clears all Content-* headers
    return message


def _alive(connection: smtplib.SMTP) -> bool:
    try:
        return connection.noop()[0] == 250
    except OSError:
        return False


def _leave(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except OSError:
        connection.close()


def _meaning(error: Exception, connecting: bool = False) -> FarSideError:
    """Return what a failure means; the server's words are left out, for they repeat the recipient's address."""
    code = _code(error)
    if isinstance(error, ssl.SSLError | FileNotFoundError):
        return Misconfigured("TLS to the mail server failed; check its port, the security setting and the CA file")
    if isinstance(error, smtplib.SMTPAuthenticationError) and code >= 500:
        return Misconfigured(f"the mail server does not accept our user and password ({code}); correct them")
    if isinstance(error, smtplib.SMTPSenderRefused) and code >= 500 and code != 552:  # 552: the letter is too big
        return Misconfigured(f"the mail server does not let us send from our address ({code}); ask its administrators")
    if not connecting:
        return _meaning_for_letter(error, code)
    if isinstance(error, smtplib.SMTPNotSupportedError | ValueError):
        return Misconfigured("the mail server does not offer STARTTLS or sign-in; correct the settings of the post")
    return Unavailable(f"the mail server cannot be reached ({type(error).__name__}); try later")


def _meaning_for_letter(error: Exception, code: int) -> FarSideError:
    if code >= 500 or isinstance(error, smtplib.SMTPNotSupportedError | ValueError):
        shown = code or "its address needs SMTPUTF8"
        return Refused(f"the mail server refuses this letter or its recipient ({shown}); correct the student's e-mail")
    return Unavailable(f"the mail server did not take the letter ({code or type(error).__name__}); try later")


def _code(error: Exception) -> int:
    """Return the reply code (RFC 5321, 4.2), 0 without one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), 0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
