"""The challenge that a browser solves by itself (ALTCHA): some work, signed by us, good for one form."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from altcha import Payload, create_challenge, verify_solution

from estudent.domain.fingerprint import Fingerprints
from estudent.portal.verdict import Verdict

LIFETIME = timedelta(minutes=10)
ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 5_000
FEWEST, MOST = 300, 600
"""How many keys a browser derives until it finds the one: bounded, so that no phone is unlucky for long."""
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Puzzles:
    """Poses puzzles and judges solutions; nothing is kept between the two, the signature tells ours from others."""

    fingerprints: Fingerprints

    def pose(self, now: datetime) -> dict[str, Any]:
        """Return a puzzle as ALTCHA's widget reads it."""
        posed = create_challenge(
            ALGORITHM,
            ROUNDS,
            counter=FEWEST + secrets.randbelow(MOST - FEWEST),
            expires_at=now + LIFETIME,
            hmac_secret=self.fingerprints.of("puzzle"),
            hmac_key_secret=self.fingerprints.of("puzzle's key"),
        )
        return posed.to_dict()

    def judge(self, solution: str, now: datetime) -> tuple[Verdict, str]:
        """Return the verdict on what the widget sent, and by which name the puzzle is noted as used."""
        payload = _read(solution)
        if payload is None:
            return Verdict.WRONG, ""
        result = verify_solution(
            payload,
            self.fingerprints.of("puzzle"),
            hmac_key_secret=self.fingerprints.of("puzzle's key"),
        )
        if result.expired or (result.verified and _is_over(payload, now)):
            return Verdict.EXPIRED, ""
        return (Verdict.PASSED, payload.challenge.signature or "") if result.verified else (Verdict.WRONG, "")


def _read(solution: str) -> Payload | None:
    if len(solution) > LONGEST:
        return None
    try:
        return Payload.from_dict(json.loads(base64.b64decode(solution, validate=True)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_over(payload: Payload, now: datetime) -> bool:
    return (payload.challenge.parameters.expires_at or 0) < now.timestamp()
