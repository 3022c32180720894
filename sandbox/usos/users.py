"""The modules `services/users` and `services/payments`."""

from __future__ import annotations

import re
from typing import Any

from sandbox.usos import schemas
from sandbox.usos.method import Call, Method
from sandbox.usos.people import Taken
from sandbox.usos.refusal import method_forbidden, object_not_found, param_invalid

MOST = 500
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
LONGEST = 100  # characters of DZ_OSOBY.EMAIL
USER_ARGUMENTS = {"user_id": False, "fields": False, "format": False, "callback": False}
DEFAULT_FIELDS = "id|first_name|last_name"


def user(call: Call) -> Any:
    """Answer one user, by default the one on whose behalf the call is made."""
    return call.chosen(schemas.user(_person(call, call.impersonated() or call.need("user_id"))))


def users(call: Call) -> Any:
    """Answer users by id; null for whom there is none."""
    os_ids = call.need("user_ids").split("|")
    if len(os_ids) > MOST:
        raise param_invalid("user_ids", f"At most {MOST} ids can be given.")
    found = call.installation.people.visible(os_ids)
    call.chosen(None)
    return {os_id: call.chosen(schemas.user(found[os_id])) if os_id in found else None for os_id in os_ids}


def by_pesel(call: Call) -> Any:
    """Answer the user of a PESEL."""
    person = call.installation.people.visible_by_pesel(call.need("pesel"))
    if person is None:
        raise object_not_found("user")
    return call.chosen(schemas.user(person))


def change(call: Call) -> Any:
    """Set the e-mail of a user."""
    os_id = call.impersonated() or call.need("user_id")
    email = call.need("email")
    if len(email) > LONGEST or not EMAIL.fullmatch(email):
        raise param_invalid("email", "This is not a valid e-mail address.", reason="invalid_email")
    _person(call, os_id)
    try:
        call.installation.people.change_email(os_id, email)
    except Taken as error:
        message = "This e-mail address belongs to another person."
        raise param_invalid("email", message, reason="email_already_used") from error
    return {}


def user_accounts(call: Call) -> Any:
    """Answer the bank accounts of the user on whose behalf the call is made."""
    os_id = call.impersonated()
    if os_id is None:
        raise method_forbidden("This method requires an Access Token.", "user_missing")
    return call.chosen(schemas.accounts(_person(call, os_id)))


def _person(call: Call, os_id: str) -> dict[str, Any]:
    found = call.installation.people.visible([os_id])
    if os_id not in found:
        raise object_not_found("user")
    return found[os_id]


METHODS = (
    Method(
        "services/users/user", "Get information on a user", user, schemas.USER, DEFAULT_FIELDS, USER_ARGUMENTS
    ),
    Method(
        "services/users/users", "Get information on multiple users", users, schemas.USER, DEFAULT_FIELDS,
        {"user_ids": True, "fields": False},
    ),
    Method(
        "services/users/pesel", "Find a user by PESEL", by_pesel, schemas.USER, DEFAULT_FIELDS,
        {"pesel": True, "fields": False}, token="ignored", administrative=True,
    ),
    Method(
        "services/users/change", "Change the data of a user", change,
        arguments=dict.fromkeys(("user_id", "email", "alt_email", "homepage_url", "phone_numbers", "room_id"), False),
        administrative=True, beta=True, verb="POST",
    ),
    Method(
        "services/payments/user_accounts", "Get the bank accounts of a user", user_accounts, schemas.ACCOUNT,
        "account_number|name|currency", {"fields": False}, token="required", scopes=("payments",),
    ),
)  # fmt: skip
