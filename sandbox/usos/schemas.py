"""The fields of USOS API's objects that exist here (facts 1.2 and 1.3), and persons as such objects."""

from __future__ import annotations

from typing import Any

from sandbox.usos.fields import Schema

PROGRAMME: Schema = {"id": None, "name": None, "description": None}
STUDENT_PROGRAMME: Schema = {"id": None, "programme": PROGRAMME}
USER: Schema = {
    **dict.fromkeys(("id", "first_name", "middle_names", "last_name", "sex", "student_status", "staff_status")),
    **dict.fromkeys(("phd_student_status", "email_access", "email", "has_email", "alt_email", "student_number")),
    **dict.fromkeys(("pesel", "birth_date")),
    "titles": {"before": None, "after": None},
    "student_programmes": STUDENT_PROGRAMME,
}
ACCOUNT: Schema = {
    **dict.fromkeys(("account_number", "name", "title_prefix", "swift")),
    "faculty": {"id": None, "name": None},
    "currency": {"id": None, "name": None},
}
CONSUMER: Schema = dict.fromkeys(("name", "url", "email", "date_registered", "administrative_methods", "token_scopes"))
INSTALLATION: Schema = dict.fromkeys((
    "base_url", "version", "machine_version", "usos_schema_version", "institution_name", "contact_emails",
    "schac_id", "mcards_support", "mobile_usos_support",
))  # fmt: skip
AUTH_OPTIONS: Schema = dict.fromkeys(("consumer", "token", "administrative_only", "ssl_required", "scopes"))
ARGUMENT: Schema = dict.fromkeys(("name", "is_required", "is_deprecated", "default_value", "description"))
RESULT_FIELD: Schema = dict.fromkeys(("name", "description", "is_primary", "is_secondary"))
METHOD: Schema = {
    **dict.fromkeys(("name", "short_name", "brief_description", "ref_url", "deprecated", "beta", "admin_access")),
    "auth_options": AUTH_OPTIONS,
    "arguments": ARGUMENT,
    "result_fields": RESULT_FIELD,
}


def everything(schema: Schema) -> str:
    """Return the selector of all fields."""
    return "|".join(schema)


def user(person: dict[str, Any]) -> dict[str, Any]:
    """Return a person as the object User."""
    empty = dict.fromkeys(("middle_names", "sex", "alt_email", "birth_date"))
    return {
        **empty,
        **{name: person[name] for name in ("first_name", "last_name", "student_number", "student_status", "pesel")},
        "id": person["os_id"],
        "staff_status": 0,
        "phd_student_status": 0,
        "titles": {"before": None, "after": None},
        "email": person["email"],
        "has_email": person["email"] is not None,
        "email_access": "plaintext" if person["email"] else "no_email",
        "student_programmes": _programmes(person),
    }


def _programmes(person: dict[str, Any]) -> list[dict[str, Any]]:
    if not person["programme_id"]:
        return []
    name = _in_both_languages(person["programme_description"] or person["programme_id"])
    programme = {"id": person["programme_id"], "name": name, "description": name}
    return [{"id": f"{person['os_id']}1", "programme": programme}]


def accounts(person: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the bank accounts for a person's fees, none or one."""
    if not person["account_number"]:
        return []
    return [{
        "account_number": person["account_number"],
        "name": {"pl": "Opłaty za studia", "en": "Tuition fees"},
        "title_prefix": None,
        "faculty": None,
        "currency": {"id": "PLN", "name": {"pl": "złoty polski", "en": "Polish zloty"}},
        "swift": None,
    }]  # fmt: skip


def _in_both_languages(text: str) -> dict[str, str]:
    return {"pl": text, "en": text}
