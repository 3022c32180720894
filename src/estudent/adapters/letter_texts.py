"""The texts of letters, from `templates/letters/` in the student's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from estudent.adapters.rendering import render
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.letter import Letter, Notice, activation_token


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """Composes letters; `brand` has the university's name, office and contact, `portal` is eStudent's address."""

    fingerprints: Fingerprints = field(repr=False)
    brand: Mapping[str, str]
    portal: str
    mail_domain: str

    def __call__(self, notice: Notice) -> Letter:
        """Return the letter of a notice, the same at every call."""
        student, folder = notice.student, f"letters/{notice.kind}"
        language = student.language.value
        token = activation_token(self.fingerprints, notice.message_id)
        values = {
            "brand": self.brand,
            "name": student.name.given or student.name.family,
            "album": str(student.album),
            "login": student.album.login,
            "alias": f"{student.album.login}@{self.mail_domain}",
            "activation_link": f"{self.portal.rstrip('/')}/activate#{token}",
        }
        return Letter(
            recipient=student.email,
            message_id=notice.message_id,
            language=language,
            subject=" ".join(render(f"{folder}/subject.txt", language, **values).split()),
            text=render(f"{folder}/body.txt", language, **values),
            html=render(f"{folder}/body.html", language, **values),
        )
