"""What the session remembers on the way to a password: handles of the registry, never a code or a PESEL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import session

from estudent.portal import here
from estudent.ports import Proof
from estudent.services.recover_password import Asked

GOOD_FOR = timedelta(minutes=30)
PROOF, INVITED, CLAIMED, ASKED = "proof", "invited", "claimed", "asked"
"""The handles' names: a password may be chosen, a letter's link was opened, data fitted, a letter was asked for."""


def keep_proof(name: str, proof: Proof) -> None:
    """Remember a proof under a name, for half an hour."""
    _keep(name, student=proof.student, by=proof.by, code=proof.code)


def proof(name: str = PROOF) -> Proof | None:
    """Return the proof that is kept under a name, unless it has run out."""
    kept = _kept(name)
    return Proof(kept["student"], kept["by"], kept["code"]) if kept else None


def keep_claimed(student: int) -> None:
    """Remember to whom a code was sent."""
    _keep(CLAIMED, student=student)


def claimed() -> int | None:
    """Return to whom a code was sent."""
    kept = _kept(CLAIMED)
    return int(kept["student"]) if kept else None


def keep_asked(asked: Asked) -> None:
    """Remember whose letter was asked for."""
    _keep(ASKED, students=list(asked.students), mark=asked.mark)


def asked() -> Asked | None:
    """Return whose letter was asked for."""
    kept = _kept(ASKED)
    return Asked(tuple(kept["students"]), kept["mark"]) if kept else None


def forget() -> None:
    """Forget all handles."""
    for name in (PROOF, INVITED, CLAIMED, ASKED):
        session.pop(name, None)


def _keep(name: str, **handle: Any) -> None:
    forget()
    session[name] = {"at": here.campus().author.clock().isoformat(), **handle}


def _kept(name: str) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = session.get(name)
    if kept is None or here.campus().author.clock() >= datetime.fromisoformat(kept["at"]) + GOOD_FOR:
        return None
    return kept
