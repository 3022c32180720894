"""What the tenant says of itself: its domains and its organisation."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.graph import answer_list, answer_one
from sandbox.microsoft365.options import Options
from sandbox.microsoft365.refusal import not_found
from sandbox.microsoft365.shelf import Json


async def list_domains(cloud: Cloud, request: Request) -> Response:
    """Answer GET /domains."""
    return answer_list(cloud, request, _domains(cloud.options))


async def show_domain(cloud: Cloud, request: Request) -> Response:
    """Answer GET /domains/{id}."""
    name = request.path_params["name"]
    for domain in _domains(cloud.options):
        if domain["id"] == name.lower():
            return answer_one(cloud, request, domain)
    raise not_found(name)


async def show_organization(cloud: Cloud, request: Request) -> Response:
    """Answer GET /organization, which lists the one tenant."""
    verified = [
        {"name": each["id"], "isDefault": each["isDefault"], "isInitial": each["isInitial"], "type": "Managed"}
        for each in _domains(cloud.options)
    ]
    organization = {
        "id": cloud.options.tenant_id,
        "displayName": "eStudent sandbox",
        "countryLetterCode": "PL",
        "tenantType": "AAD",
        "verifiedDomains": verified,
    }
    return answer_list(cloud, request, [organization])


def _domains(options: Options) -> list[Json]:
    """Return the students' domain and the one that the tenant was born with."""
    kind = "Federated" if options.federated else "Managed"
    return [
        _domain(options.domain, kind, is_initial=False),
        _domain(options.initial_domain, "Managed", is_initial=True),
    ]


def _domain(name: str, kind: str, *, is_initial: bool) -> Json:
    return {
        "id": name,
        "authenticationType": kind,
        "isAdminManaged": True,
        "isDefault": not is_initial,
        "isInitial": is_initial,
        "isRoot": True,
        "isVerified": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    }
