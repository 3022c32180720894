"""What all ways into USOS ask of a step, and make of an account number."""

from __future__ import annotations

import logging

from estudent.domain.nrb import Nrb
from estudent.domain.plan import Step, StepKind
from estudent.domain.usos_link import UsosLink
from estudent.ports import Refused

log = logging.getLogger(__name__)
NO_LOCKS = "persons are not locked in USOS from here; the dean's office changes a student's status"
NO_EMAIL = "there is no working mailbox to hand over to USOS; the mailbox comes first"


def address_of(step: Step[UsosLink]) -> str:
    """Return the address that a step hands over; raise Refused for any other step."""
    if step.kind not in (StepKind.ADD, StepKind.CHANGE):
        raise Refused(NO_LOCKS)
    if step.wanted.email is None:
        raise Refused(NO_EMAIL)
    return step.wanted.email


def nrb_of(given: object, usos_id: int) -> Nrb | None:
    """Return an account number; one whose digits do not check is skipped and reported without its digits."""
    if not given:
        return None
    try:
        return Nrb("".join(str(given).split()).removeprefix("PL"))
    except ValueError as error:
        log.warning("USOS id %d: the account number in USOS is skipped: %s", usos_id, error)
        return None
