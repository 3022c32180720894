"""What a letter says: subject, Message-ID, text and HTML out of its MIME parts (RFC 5322, RFC 2045)."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default

_HEADERS = BytesHeaderParser()


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of a letter that a person sees."""

    subject: str
    text: str
    html: str


def message_id(content: bytes) -> str | None:
    """Return the Message-ID as it stands in the header, without the rest being parsed."""
    header = content[: content.find(b"\r\n\r\n") + 4] or content
    return str(_HEADERS.parsebytes(header)["Message-ID"] or "").strip() or None


def read(content: bytes) -> Reading:
    """Return what the letter says; a part that is not there is empty."""
    letter = message_from_bytes(content, policy=default)
    return Reading(str(letter["Subject"] or ""), _body(letter, "plain"), _body(letter, "html"))


def _body(letter: EmailMessage, kind: str) -> str:
    """Return the body of a kind, with replacement characters where its charset is unknown or wrong."""
    part = letter.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except LookupError:
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
