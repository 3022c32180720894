"""Whom the demo invites into the portal: a student who has not been there yet, and a clerk of the student office."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from estudent.bootstrap import campus
from estudent.domain.album_number import AlbumNumber
from estudent.domain.whom import Whom
from sandbox.demo.story import Story
from sandbox.sample.receivables import put_receivables
from sandbox.sample.row import ADMITTED, Row

CLERK = "urzednik"
FACULTY_OFFICE = "Urszula Urzędnik"


@dataclass(frozen=True, slots=True)
class Guests:
    """All that somebody needs to try the portal."""

    portal: str
    album: str
    pesel: str
    surname: str
    email: str
    clerk_password: str


def invite(story: Story) -> Guests:
    """Give everybody fees, make the clerk, and choose a student who has an account number but no password yet."""
    with campus("demo", "guests") as here:
        put_receivables(here.database, here.students.keys(Whom()), here.today())
    password = secrets.token_urlsafe(12)
    story.university.slapd.add_staff(CLERK, password, FACULTY_OFFICE, "desk-administrators")
    row = _newcomer(story)
    portal = story.university.portal.url if story.university.portal else ""
    return Guests(portal, row.album_number, row.pesel, row.family_name, row.email, password)


def _newcomer(story: Story) -> Row:
    """Return somebody with a PESEL and an album number: best without a mailbox and known to USOS."""
    asked = set(story.askers)
    able = [row for row in story.sample.students if row.status == ADMITTED and row.album_number and row.pesel]
    return min(able, key=lambda row: (AlbumNumber(row.album_number) in asked, not row.usos_id))
