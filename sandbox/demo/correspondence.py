"""A teacher writes to students by their album numbers, and the letters are looked for in their mailboxes."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable
from email.message import EmailMessage

import httpx

from estudent.domain.album_number import AlbumNumber
from sandbox import certificates
from sandbox.university import MAIL_DOMAIN, University

TEACHER = "wykladowca@uczelnia.example"
MOST = 10_000


def write_to_aliases(university: University, albums: Iterable[AlbumNumber]) -> dict[str, str]:
    """Send each student one letter to s<album number>@…; return the Message-IDs of those taken, by album number."""
    context = ssl.create_default_context(cafile=str(certificates.issue(university.folder / "certificates").ca))
    sent = {}
    with smtplib.SMTP("localhost", int(university.smtp_port()), timeout=30) as post:
        post.starttls(context=context)
        for album in albums:
            letter = _letter(album)
            try:
                post.send_message(letter)
            except smtplib.SMTPRecipientsRefused:
                continue
            sent[album.digits] = str(letter["Message-ID"])
    return sent


def arrived(university: University, sent: dict[str, str]) -> int:
    """Count the letters that lie in the primary mailbox of the student whom they were for."""
    users = httpx.get(f"{university.microsoft365.url}/sandbox/users").json()
    primary = {user["employeeId"]: user["userPrincipalName"] for user in users}
    messages = httpx.get(f"{university.post.url}/sandbox/messages", params={"limit": MOST}, timeout=60).json()
    lies_in = {message["message_id"]: message["mailboxes"] for message in messages}
    return sum(lies_in.get(name) == [primary.get(album)] for album, name in sent.items())


def _letter(album: AlbumNumber) -> EmailMessage:
    """Return the letter, which has the same name each time it is sent."""
    letter = EmailMessage()
    letter["From"], letter["To"] = TEACHER, f"s{album}@{MAIL_DOMAIN}"
    letter["Subject"], letter["Message-ID"] = "Zajęcia w poniedziałek", f"<welcome-{album}@uczelnia.example>"
    letter.set_content("Dzień dobry, zaczynamy w poniedziałek o 8:15 w sali 101.")
    return letter
