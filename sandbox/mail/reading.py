"""What a letter says: subject, Message-ID, text and HTML out of its MIME parts (RFC 5322, RFC 2045)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

_MESSAGE_ID = re.compile(rb"^message-id:\s*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of a letter that a person sees."""

    subject: str
    text: str
    html: str


def message_id(content: bytes) -> str | None:
    """Return the Message-ID as it stands in the header, without the rest being parsed."""
    found = _MESSAGE_ID.search(content.partition(b"\r\n\r\n")[0])
    return found[1].decode(errors="replace").strip() if found else None


def read(content: bytes) -> Reading:
    """Return what the letter says; a part that is not there is empty."""
    letter = message_from_bytes(content)
    return Reading(_subject(letter), _body(letter, "text/plain"), _body(letter, "text/html"))


def _subject(letter: Message) -> str:
    """Return the subject decoded (RFC 2047), or as it came if it cannot be."""
    raw = letter["Subject"] or ""
    try:
        return "".join(str(make_header(decode_header(raw))).splitlines())
    except (LookupError, ValueError):
        return str(raw)


def _body(letter: Message, kind: str) -> str:
    """Return the first part of a kind that is no attachment."""
    parts = (part for part in letter.walk() if part.get_content_type() == kind and not part.get_filename())
    return next((_text(part) for part in parts), "")


def _text(part: Message) -> str:
    """Return a part's text, with replacement characters where its charset is unknown or wrong."""
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        text = content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
