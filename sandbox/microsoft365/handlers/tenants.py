"""What the tenant says of itself: licences, domains, its organisation."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import skus
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.handlers.answers import collection
from sandbox.microsoft365.refusal import Refusal, not_found
from sandbox.microsoft365.shelf import Json


async def list_skus(cloud: Cloud, request: Request) -> Response:
    """GET /subscribedSkus."""
    shown = [skus.shown(cloud.tenant, sku) for sku in skus.skus(cloud.tenant)]
    return collection(request, "subscribedSkus", shown)


async def list_domains(cloud: Cloud, request: Request) -> Response:
    """GET /domains."""
    return collection(request, "domains", _domains(cloud))


async def get_domain(cloud: Cloud, request: Request) -> Response:
    """GET /domains/{name}."""
    name = request.path_params["name"]
    found = next((each for each in _domains(cloud) if each["id"] == name.lower()), None)
    if found is None:
        raise not_found(name)
    return JSONResponse(found)


async def organization(cloud: Cloud, request: Request) -> Response:
    """GET /organization."""
    domains = [{"name": each["id"], "isDefault": each["isDefault"], "type": "Managed"} for each in _domains(cloud)]
    here = {"id": cloud.options.tenant_id, "displayName": "Sandbox University", "countryLetterCode": "PL"}
    return collection(request, "organization", [{**here, "verifiedDomains": domains}])


async def unknown(_: Cloud, request: Request) -> Response:
    """Refuse every other path of Graph."""
    segment = request.path_params["rest"].rpartition("/")[2]
    raise Refusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _domains(cloud: Cloud) -> list[Json]:
    """Describe both domains; sign-in of the students' one may be federated."""
    kinds = ((cloud.options.domain, cloud.options.federated), (cloud.options.initial_domain, False))
    verified = cloud.options.verified_domains
    return [
        {
            "id": name, "authenticationType": "Federated" if federated else "Managed", "isVerified": name in verified,
            "isDefault": name == cloud.options.domain, "isInitial": name == cloud.options.initial_domain,
            "isRoot": True, "isAdminManaged": True, "supportedServices": ["Email"],
        }
        for name, federated in kinds
    ]  # fmt: skip
