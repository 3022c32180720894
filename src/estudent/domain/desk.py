"""What the student office sees of one student, and of those whom a search finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from estudent.domain.album_number import AlbumNumber
from estudent.domain.funnel import Hold, Stage
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb
from estudent.domain.student import MailboxState, Student


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody whom a search found; without an album number there is only the waiting for it."""

    album: AlbumNumber | None
    name: str = field(repr=False)
    candidates: tuple[str, ...]
    programmes: tuple[str, ...]
    standing: Standing
    stage: Stage


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; `more` tells that there are others."""

    hits: tuple[Hit, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One programme of a student, as recruitment sent it."""

    candidate: str
    intake: str
    programme: str
    name: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """The mailbox a student asked for; `retried_at` is when the open request has its turn."""

    address: str = field(repr=False)
    alias: str
    state: MailboxState
    problem: str
    requested_at: datetime
    observed_at: datetime | None
    retried_at: datetime | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class UsosLine:
    """When and by which way USOS was last looked at, and the university address if it was seen there."""

    email: str | None = field(repr=False)
    source: str
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment account."""

    purpose: str
    number: Nrb = field(repr=False)
    origin: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Sending:
    """A letter or a message; `sent_at` is None while the post has not taken it."""

    kind: str
    made_at: datetime
    sent_at: datetime | None
    tries: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A one-time code or link: never what it is, only what became of it; `issued_by` is empty for the portal itself."""

    purpose: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    wrong_tries: int
    issued_by: str


@dataclass(frozen=True, slots=True)
class Card:
    """All that the registry tells the desk of one student; of PESEL and document only that they are known."""

    student: Student
    stage: Stage
    since: datetime | None
    hold: Hold
    detail: str
    pesel_known: bool
    document_known: bool
    entry_seen_at: datetime | None
    studies: tuple[StudyLine, ...]
    mailbox: MailboxLine | None
    usos: UsosLine | None
    payments: tuple[PaymentLine, ...]
    sendings: tuple[Sending, ...]
    codes: tuple[CodeLine, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """What happened since midnight, and what is open; `refused_tries` counts the tries in vain by their cause."""

    activated: int
    letters: int
    refused_tries: tuple[tuple[str, int], ...]
    open_requests: int
    open_rejections: int


@dataclass(frozen=True, slots=True)
class StaffLine:
    """What somebody of the staff did for a student."""

    at: datetime
    user: str
    album: AlbumNumber | None
    system: str
    step: str
    result: str
    detail: str
