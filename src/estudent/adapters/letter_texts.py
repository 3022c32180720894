"""The texts of letters, from `templates/letters/` in the student's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from babel.dates import format_date

from estudent.adapters.rendering import render
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.letter import CODES_OF, OUT_OF_DATE_AFTER, Letter, Notice, activation_token
from estudent.domain.mailbox_life import Calendar
from estudent.domain.one_time_code import LENGTH, as_read_aloud, letter_code, letter_secret
from estudent.domain.student import AccountState, Language, Student


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """Composes letters; `brand` has the university's name, office and contact, `portal` is eStudent's address.

    Where the mailbox has a password of its own, the student is asked to confirm it.
    """

    fingerprints: Fingerprints = field(repr=False)
    brand: Mapping[str, str]
    portal: str
    mail_domain: str
    mailbox_wants_password: bool = False
    calendar: Calendar = field(default_factory=Calendar)

    def __call__(self, notice: Notice) -> Letter:
        """Return the letter of a notice, the same at every call."""
        student, folder = notice.student, f"letters/{notice.kind}"
        language = student.language.value
        values = self._values(notice)
        return Letter(
            recipient=student.email,
            message_id=notice.message_id,
            language=language,
            subject=" ".join(render(f"{folder}/subject.txt", language, **values).split()),
            text=render(f"{folder}/body.txt", language, **values),
            html=render(f"{folder}/body.html", language, **values),
        )

    def _values(self, notice: Notice) -> dict[str, object]:
        student, portal = notice.student, self.portal.rstrip("/")
        door = "activate" if student.account is AccountState.PREPARED else "recover"
        secret = letter_secret(self.fingerprints, notice.message_id)
        return {
            "brand": self.brand,
            "name": student.name.given or student.name.family,
            "album": str(student.album),
            "login": student.album.login,
            "alias": (alias := f"{student.album.login}@{self.mail_domain}"),
            "address": student.mailbox or alias,
            "portal": portal,
            "activation_link": f"{portal}/activate#{activation_token(self.fingerprints, notice.message_id)}",
            "one_time_link": f"{portal}/{door}#{secret}",
            "confirm_link": f"{portal}/mailbox/password" if self.mailbox_wants_password else "",
            "code": self._code(notice),
            "day": _day(student.parting.due if student.parting else None, student.language),
            "last_day": _day(self._last_day(student), student.language),
            "old": (student.rename and student.rename.before) or alias,
            "minutes": OUT_OF_DATE_AFTER.get(notice.kind, timedelta(0)) // timedelta(minutes=1),
        }

    def _last_day(self, student: Student) -> date | None:
        """Return until when the mail of somebody who has left is kept."""
        parting = student.parting
        return parting.since + timedelta(days=self.calendar.licence_after) if parting else None

    def _code(self, notice: Notice) -> str:
        """Return the letter's typed code; a letter without one has no place for it."""
        typed = (purpose for purpose in CODES_OF.get(notice.kind, ()) if purpose in LENGTH)
        purpose = next(typed, None)
        return as_read_aloud(letter_code(self.fingerprints, notice.message_id, purpose)) if purpose else ""


def _day(day: date | None, language: Language) -> str:
    """Return a day in words, nothing where there is none."""
    locale = "en_GB" if language is Language.ENGLISH else language.value
    return format_date(day, "long", locale=locale) if day else ""
