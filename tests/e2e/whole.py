"""What a university holds after its runs, without times and without numbers that only order of arrival decides."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from estudent.bootstrap import campus
from estudent.domain.directory_entry import Entry
from estudent.domain.whom import Whom
from sandbox.university import University

QUERIES = {
    "students": """SELECT s.album_number, p.usos_id, p.family_name, p.given_name, p.email, s.language, s.standing
        FROM student s JOIN person p ON p.id = s.person_id""",
    "studies": "SELECT candidate_number, programme, start_date, status FROM study",
    "accounts": "SELECT login, state, entry_seen_at IS NOT NULL FROM account",
    "addresses": "SELECT address, kind FROM address",
    "mailboxes": "SELECT address, alias, state FROM mailbox",
    "links": "SELECT email, source FROM usos_link",
    "account numbers": "SELECT purpose, nrb, origin FROM payment_account",
    "letters": "SELECT message_id, kind, sent_at IS NOT NULL FROM letter",
    "rejections": "SELECT line, field, kind FROM rejection WHERE resolved_at IS NULL",
}


@dataclass
class Whole:
    """Everything, system by system."""

    registry: dict[str, list[Any]]
    directory: list[Entry]
    letters: Counter[tuple[str, str, str]]
    mailboxes: list[tuple[str, str, tuple[str, ...]]]
    usos: dict[int, str | None]


def whole(university: University) -> Whole:
    """Read everything from where it is."""
    with sqlite3.connect(university.folder / "registry.sqlite") as registry:
        tables = {name: sorted(registry.execute(query), key=str) for name, query in QUERIES.items()}
    with campus("test", "looking") as here:
        students = here.students.load(here.students.keys(Whom()))
        entries = here.directory.find([student.album for student in students])
    messages = httpx.get(f"{university.post.url}/sandbox/messages", params={"limit": 10_000}).json()
    users = httpx.get(f"{university.microsoft365.url}/sandbox/users").json()
    people = httpx.get(f"{university.usos.url}/sandbox/people").json()
    return Whole(
        tables,
        sorted(entries.values(), key=lambda entry: entry.album),
        Counter((message["envelope"]["to"][0], message["message_id"], message["text"]) for message in messages),
        sorted(
            (user["employeeId"], user["userPrincipalName"], tuple(sorted(user["proxyAddresses"])))
            for user in users
            if user.get("employeeId")
        ),
        {person["os_id"]: person["email"] for person in people},
    )
