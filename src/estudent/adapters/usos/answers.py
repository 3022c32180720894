"""What USOS answers, as our types; anything unexpected is refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from estudent.adapters.usos.values import nrb_of
from estudent.domain.nrb import Nrb
from estudent.domain.usos_link import UsosPerson
from estudent.ports import Misconfigured, Refused

log = logging.getLogger(__name__)
PERSON = "id|student_number|email|student_status"
ACCOUNT = "account_number|currency"
ACTIVE = 2
"""student_status: 0 is no student, 1 an inactive one, 2 an active one, null is not ours to see."""


def persons(answer: Any, asked: Sequence[int]) -> dict[int, UsosPerson]:
    """Return the persons of `services/users/users` by USOS id; null stands for one who does not exist."""
    if not isinstance(answer, dict):
        raise _unknown_form("services/users/users")
    records = {key: record for key, record in answer.items() if record is not None}
    found = [_person(key, record) for key, record in records.items()]
    if not {person.usos_id for person in found} <= set(asked):
        raise _stranger()
    if hidden := sum(record["student_status"] is None for record in records.values()):
        log.warning("USOS hides from our consumer key whether %d of %d persons study", hidden, len(found))
    return {person.usos_id: person for person in found}


def account_number(answer: Any, usos_id: int) -> Nrb | None:
    """Return the first account in PLN of `payments/user_accounts`; one whose digits do not check is skipped."""
    if not isinstance(answer, list):
        raise _unknown_form("services/payments/user_accounts")
    given = next((each.get("account_number") for each in answer if _currency(each) == "PLN"), None)
    return nrb_of(given, usos_id)


def version(answer: Any) -> str:
    """Return which version `services/apisrv/installation` tells."""
    if not isinstance(answer, dict):
        raise _unknown_form("services/apisrv/installation")
    return str(answer.get("version", "of unknown version"))


def granted_methods(answer: Any) -> frozenset[str]:
    """Return the administrative methods of `services/apisrv/consumer`; null where there is none."""
    methods = answer.get("administrative_methods") if isinstance(answer, dict) else ""
    if not isinstance(methods, list | None):
        raise _unknown_form("services/apisrv/consumer")
    return frozenset(map(str, methods or ()))


def _person(key: str, record: Any) -> UsosPerson:
    try:
        if str(record["id"]) != key:
            raise _stranger()
        album, email, status = record["student_number"], record["email"], record["student_status"]
        if not (isinstance(album, str | None) and isinstance(email, str | None) and isinstance(status, int | None)):
            raise _unknown_form("services/users/users")
        return UsosPerson(int(key), album or None, email or None, status == ACTIVE)
    except (KeyError, TypeError, ValueError) as error:
        raise _unknown_form("services/users/users") from error


def _currency(account: Any) -> object:
    """Return an account's currency, which some versions give as an object."""
    currency = account.get("currency") if isinstance(account, dict) else None
    return currency.get("id") if isinstance(currency, dict) else currency


def _stranger() -> Refused:
    return Refused("USOS answered about a person who was not asked for; nothing was used, tell its administrators")


def _unknown_form(method: str) -> Misconfigured:
    return Misconfigured(f"USOS answered {method} in a form that we do not know; compare its version with the manual")
