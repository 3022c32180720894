"""What all ways into USOS ask of a step, and make of an account number."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from estudent.domain.album_number import AlbumNumber
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


def sole_owners(albums: Sequence[AlbumNumber], persons: Iterable[tuple[str | None, int]]) -> dict[AlbumNumber, int]:
    """Return whose each album number is, by persons' numbers and ids; one that two persons have is nobody's."""
    owners: dict[str, set[int]] = {}
    for album, usos_id in persons:
        owners.setdefault(album or "", set()).add(usos_id)
    found = {album: owners.get(album.digits, set()) for album in albums}
    return {album: next(iter(ids)) for album, ids in found.items() if len(ids) == 1}


def nrb_of(given: object, usos_id: int) -> Nrb | None:
    """Return an account number; one whose digits do not check is skipped and reported without its digits."""
    if not given:
        return None
    try:
        return Nrb("".join(str(given).split()).removeprefix("PL"))
    except ValueError as error:
        log.warning("USOS id %d: the account number in USOS is skipped: %s", usos_id, error)
        return None
