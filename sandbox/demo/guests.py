"""Whom the demo invites into the portal: a student who has not been there yet, and a clerk of the student office."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from estudent.bootstrap import Campus, campus
from estudent.domain.album_number import AlbumNumber
from estudent.domain.whom import Whom
from estudent.ports import Fate
from sandbox.bank.__main__ import open_debts, write
from sandbox.bank.month import month
from sandbox.demo.story import Story
from sandbox.sample.receivables import TUITION, put_receivables
from sandbox.sample.row import ADMITTED, Row

MONTH = timedelta(days=30)
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
    waiting: int
    """So many payments wait for somebody to decide."""


def invite(story: Story) -> Guests:
    """Give everybody fees, make the clerk, and choose a student who has an account number but no password yet."""
    with campus("demo", "guests") as here:
        put_receivables(here.database, here.students.keys(Whom()), here.today())
        waiting = _let_a_month_pass(here, story.university.bank)
    password = secrets.token_urlsafe(12)
    story.university.slapd.add_staff(CLERK, password, FACULTY_OFFICE, "desk-administrators")
    row = _newcomer(story)
    portal = story.university.portal.url if story.university.portal else ""
    return Guests(portal, row.album_number, row.pesel, row.family_name, row.email, password, waiting)


def _let_a_month_pass(here: Campus, folder: Path) -> int:
    """Let every fourth student pay tuition through the bank, once, as people do; return how many payments wait."""
    if not folder.exists():
        debts = [debt for debt in open_debts(here.database) if debt.title == TUITION][::4]
        write(month(debts, here.today() - MONTH, MONTH.days), folder, "mt940")
    here.book_payments.run()
    return here.payment_desk.counts()[Fate.UNMATCHED]


def _newcomer(story: Story) -> Row:
    """Return somebody with a PESEL and an album number: best without a mailbox and known to USOS."""
    asked = set(story.askers)
    able = [row for row in story.sample.students if row.status == ADMITTED and row.album_number and row.pesel]
    return min(able, key=lambda row: (AlbumNumber(row.album_number) in asked, not row.usos_id))
