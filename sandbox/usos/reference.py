"""The modules `services/apisrv` and `services/apiref`: the installation describes itself."""

from __future__ import annotations

from typing import Any

from sandbox.usos import schemas
from sandbox.usos.method import Call, Method
from sandbox.usos.refusal import param_invalid

VERSION = "7.3.0.0-4"


def installation(call: Call) -> Any:
    """Answer which installation this is."""
    return call.chosen({
        "base_url": call.base_url,
        "version": VERSION,
        "machine_version": VERSION,
        "usos_schema_version": VERSION,
        "institution_name": {"pl": "Piaskownica USOS API", "en": "USOS API sandbox"},
        "contact_emails": ["usos@sandbox.invalid"],
        "schac_id": "sandbox.invalid",
        "mcards_support": False,
        "mobile_usos_support": False,
    })  # fmt: skip


def consumer(call: Call) -> Any:
    """Answer what the consumer may do."""
    return call.chosen({
        "name": "eStudent",
        "url": None,
        "email": "estudent@sandbox.invalid",
        "date_registered": "2026-10-01 00:00:00",
        "administrative_methods": sorted(call.installation.granted),
        "token_scopes": [],
    })  # fmt: skip


def method_index(call: Call) -> Any:
    """Answer the names of all methods."""
    return [{"name": each.name, "brief_description": each.brief} for each in call.installation.methods.values()]


def method(call: Call) -> Any:
    """Answer the description of one method."""
    described = call.installation.methods.get(call.need("name"))
    if described is None:
        raise param_invalid("name", "There is no method of this name.")
    return call.chosen(_description(described, call.base_url))


def _description(each: Method, base_url: str) -> dict[str, Any]:
    short = each.name.rpartition("/")[2]
    return {
        "name": each.name,
        "short_name": short,
        "brief_description": each.brief,
        "ref_url": f"{base_url}developers/api/{each.name.rpartition('/')[0]}/#{short}",
        "deprecated": None,
        "beta": each.beta,
        "admin_access": each.administrative,
        "auth_options": _auth_options(each),
        "arguments": [_argument(name, required) for name, required in each.arguments.items()],
        "result_fields": [_result_field(name) for name in each.result],
    }


def _auth_options(each: Method) -> dict[str, Any]:
    return {
        "consumer": each.consumer,
        "token": each.token,
        "administrative_only": each.administrative,
        "ssl_required": each.consumer == "required",
        "scopes": list(each.scopes),
    }


def _argument(name: str, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "is_required": required,
        "is_deprecated": False,
        "default_value": None,
        "description": "",
    }


def _result_field(name: str) -> dict[str, Any]:
    return {"name": name, "description": "", "is_primary": True, "is_secondary": False}


METHODS = (
    Method(
        "services/apisrv/installation", "Get information on this installation", installation, schemas.INSTALLATION,
        schemas.everything(schemas.INSTALLATION), {"fields": False}, consumer="ignored", token="ignored",
    ),
    Method(
        "services/apisrv/consumer", "Get information on the Consumer", consumer, schemas.CONSUMER,
        schemas.everything(schemas.CONSUMER), {"fields": False}, token="ignored",
    ),
    Method(
        "services/apiref/method_index", "Get a list of all methods", method_index,
        {"name": None, "brief_description": None}, consumer="ignored", token="ignored",
    ),
    Method(
        "services/apiref/method", "Get a method's description", method, schemas.METHOD,
        schemas.everything(schemas.METHOD), {"name": True, "fields": False}, consumer="ignored", token="ignored",
    ),
)  # fmt: skip
