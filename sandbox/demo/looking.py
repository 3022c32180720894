"""Looking at every system by its own means, not through eStudent."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Mapping
from typing import Any

import httpx
from stdnum import iban

from sandbox.demo.correspondence import TEACHER, arrived, write_to_aliases
from sandbox.demo.story import Story
from sandbox.university import MAIL_DOMAIN, SUFFIX, University


def looked_at(story: Story) -> Mapping[str, int]:
    """Return how many students each system serves, counted where they are."""
    university = story.university
    return {
        "recruitment": _registry(university, "SELECT count(*) FROM student"),
        "letters": _letters(university),
        "directory": _entries(university),
        "mailboxes": _mailboxes(university),
        "mail": arrived(university, write_to_aliases(university, story.askers)),
        "usos": _links(university),
        "payment_accounts": _account_numbers(university),
    }


def numbered(university: University) -> int:
    """Return how many students have an album number."""
    return _registry(university, "SELECT count(*) FROM student WHERE album_number IS NOT NULL")


def _registry(university: University, query: str) -> int:
    with sqlite3.connect(university.folder / "registry.sqlite") as registry:
        return int(registry.execute(query).fetchone()[0])


def _letters(university: University) -> int:
    """Count the letters that eStudent sent."""
    counted = httpx.get(f"{university.post.url}/sandbox/count", params={"without": TEACHER})
    return int(counted.raise_for_status().json()["distinct"])


def _entries(university: University) -> int:
    """Count with ldapsearch, as the provisioner."""
    tool, account = university.slapd.tool("ldapsearch"), university.slapd.accounts["provisioner"]
    command = [*tool.argv, "-x", "-LLL", "-D", account.dn, "-y", "/dev/stdin", "-E", "pr=1000/noprompt"]
    command += ["-H", university.slapd.ldaps_uri, "-b", f"ou=people,{SUFFIX}", "(employeeNumber=*)", "employeeNumber"]
    done = subprocess.run(
        command, input=account.password, env=tool.environment, capture_output=True, text=True, check=True
    )
    return sum(line.startswith("employeeNumber:") for line in done.stdout.splitlines())


def _mailboxes(university: University) -> int:
    """Count the users with a licence, their own primary address and the alias of their album number."""
    users = httpx.get(f"{university.microsoft365.url}/sandbox/users").json()
    return sum(_is_whole(user) for user in users if user.get("employeeId"))


def _is_whole(user: Mapping[str, Any]) -> bool:
    addresses = user["proxyAddresses"]
    primary, alias = f"SMTP:{user['userPrincipalName']}", f"smtp:s{user['employeeId']}@{MAIL_DOMAIN}"
    return bool(user["assignedLicenses"]) and primary in addresses and alias in addresses


def _links(university: University) -> int:
    people = httpx.get(f"{university.usos.url}/sandbox/people").json()
    return sum(str(person["email"] or "").endswith(f"@{MAIL_DOMAIN}") for person in people)


def _account_numbers(university: University) -> int:
    """Count the different numbers that an independent library finds right."""
    with sqlite3.connect(university.folder / "registry.sqlite") as registry:
        numbers = {row[0] for row in registry.execute("SELECT nrb FROM payment_account")}
    return sum(iban.is_valid(f"PL{number}", check_country=False) for number in numbers)
