"""The challenge for browsers without JavaScript: a code to copy from a picture, or from the same code spoken."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha

from estudent.domain.fingerprint import Fingerprints

LIFETIME = timedelta(minutes=10)
DIGITS = 5
WIDTH, HEIGHT = 200, 72
PAPER, INK = (255, 255, 255), (16, 46, 92)
VOICES = Path(__file__).parent / "voices"


@dataclass(frozen=True, slots=True)
class PictureCodes:
    """Makes and judges codes; a code follows from its random handle and our key, so it is kept nowhere."""

    fingerprints: Fingerprints

    def handle(self, now: datetime) -> str:
        """Return a new handle: random, with the moment at which it expires, sealed by our key."""
        stem = f"{secrets.token_hex(12)}.{int((now + LIFETIME).timestamp())}"
        return f"{stem}.{self._seal(stem)}"

    def is_ours(self, handle: str) -> bool:
        """Tell whether we made this handle."""
        stem, _, seal = handle.rpartition(".")
        return hmac.compare_digest(seal.encode(errors="replace"), self._seal(stem).encode())

    def is_over(self, handle: str, now: datetime) -> bool:
        """Tell whether one of our handles has expired."""
        return int(handle.split(".")[1]) < now.timestamp()

    def code(self, handle: str) -> str:
        """Return the digits that belong to a handle."""
        return str(int(self.fingerprints.of("picture code", handle), 16) % 10**DIGITS).zfill(DIGITS)

    def fits(self, handle: str, typed: str) -> bool:
        """Tell whether these are the digits, however they are spaced."""
        return hmac.compare_digest("".join(typed.split()).encode(errors="replace"), self.code(handle).encode())

    def _seal(self, stem: str) -> str:
        return self.fingerprints.of("picture handle", stem)[:32]


def picture(code: str) -> bytes:
    """Return a PNG of the digits that people read more easily than programs do."""
    return ImageCaptcha(WIDTH, HEIGHT).generate(code, bg_color=PAPER, fg_color=INK).getvalue()


def recording(code: str, language: str) -> bytes:
    """Return a WAV in which the digits are spoken, in the visitor's language where there is a voice for it."""
    return bytes(_speaker(language).generate(code))


@cache
def _speaker(language: str) -> AudioCaptcha:
    voice = VOICES / language
    return AudioCaptcha(str(voice) if voice.is_dir() else None)
