"""What an installation of USOS API must have for us; it describes itself under `services/apiref` (facts 1.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from estudent.ports import Misconfigured, NotFound, Refused

USERS, CHANGE, ACCOUNTS = "services/users/users", "services/users/change", "services/payments/user_accounts"
DESCRIBED = "name|arguments|result_fields"


@dataclass(frozen=True, slots=True)
class Need:
    """A method that we call, with which arguments and for which fields; `granted` where our key needs a right to it."""

    method: str
    what_for: str
    arguments: frozenset[str]
    fields: frozenset[str] = frozenset()
    granted: bool = True


LOOKING = Need(
    USERS,
    "looking at persons",
    frozenset({"user_ids"}),
    frozenset({"id", "student_number", "email", "student_status"}),
    granted=False,
)
LINKING = Need(CHANGE, "handing over addresses", frozenset({"user_id", "email"}))
PAYING = Need(ACCOUNTS, "reading account numbers", frozenset(), frozenset({"account_number", "currency"}))
NEEDS = (LOOKING, LINKING, PAYING)


def lacks(need: Need, granted: Collection[str], describe: Callable[[str], Any]) -> str:
    """Return in words what is missing for a need, or nothing; `describe` calls `apiref/method`."""
    try:
        description = describe(need.method)
    except (NotFound, Refused):
        return f"{need.method} (this installation has no such method; {need.what_for})"
    faults = [*_absent("argument", need.arguments, description, "arguments")]
    faults += _absent("field", need.fields, description, "result_fields")
    if need.granted and need.method not in granted:
        faults.insert(0, "not granted to our consumer key")
    return f"{need.method} ({', '.join(faults)}; {need.what_for})" if faults else ""


def _absent(kind: str, wanted: Collection[str], description: Any, part: str) -> Iterator[str]:
    try:
        names = {each["name"] for each in description[part]}
    except (KeyError, TypeError) as error:
        raise Misconfigured(
            "USOS described services/apiref/method in a form that we do not know; compare its version with the manual"
        ) from error
    yield from (f"no {kind} {name}" for name in sorted(set(wanted) - names))
