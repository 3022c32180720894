"""An application signs in to Microsoft's cloud with a certificate, and may do what it was granted."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sandbox import certificates, processes
from sandbox.certificates import Application, Certificates
from sandbox.microsoft365.options import CLIENT, GROUP, TENANT
from sandbox.microsoft365.seal import coded
from tests.integration.microsoft365_campus import (
    A1,
    DOMAIN,
    ENVIRONMENT,
    EXCHANGE,
    GRAPH,
    Campus,
    Json,
    Start,
    complaint,
    student,
)  # fmt: skip

pytestmark = pytest.mark.enable_socket

Grant = Callable[..., dict[str, str]]
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return certificates.for_application(tmp_path_factory.mktemp("application"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return certificates.for_application(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory, application: Application) -> Iterator[Campus]:
    """A tenant where the certificate was uploaded."""
    campus = Campus(tmp_path_factory.mktemp("trusting"), "--app-certificate", str(application.public))
    yield campus
    campus.close()


def asserted(campus: Campus, signer: Application, algorithm: str = "RS256", **changes: object) -> httpx.Response:
    """Ask for a token with an assertion; `changes` are of its claims."""
    certificate = x509.load_pem_x509_certificate(signer.public.read_bytes())
    name, digest = ("x5t", hashes.SHA1()) if algorithm == "RS256" else ("x5t#S256", hashes.SHA256())  # noqa: S303
    claims = {
        "aud": f"{campus.running.url}/{TENANT}/oauth2/v2.0/token", "iss": CLIENT, "sub": CLIENT, "jti": str(uuid4()),
        "nbf": time.time(), "exp": time.time() + 600, **changes,
    }  # fmt: skip
    headers = {name: coded(certificate.fingerprint(digest))}
    assertion = jwt.encode(claims, signer.credential.read_bytes(), algorithm, headers)
    return asked(campus, assertion)


def asked(campus: Campus, assertion: str) -> httpx.Response:
    return campus.ask_for_token(client_secret="", client_assertion_type=KIND, client_assertion=assertion)


def number(answer: httpx.Response) -> int:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    code: int = answer.json()["error_codes"][0]
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")
    return code


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_certificate_is_as_good_as_a_secret(trusting: Campus, application: Application, algorithm: str) -> None:
    token = asserted(trusting, application, algorithm).json()["access_token"]
    answer = trusting.graph.get("/users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_certificate_that_was_not_uploaded_is_not_found(trusting: Campus, stranger: Application) -> None:
    answer = asserted(trusting, stranger)
    assert number(answer) == 700027
    assert "The key was not found." in answer.json()["error_description"]


def test_a_signature_of_another_key_is_noticed(
    trusting: Campus, application: Application, stranger: Application
) -> None:
    forged = Application(application.public, stranger.credential)
    answer = asserted(trusting, forged)
    assert number(answer) == 700027
    assert "invalid signature" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": f"https://login.example.org/{TENANT}/v2.0"}, 700023),
        ({"iss": GROUP}, 700021),
        ({"exp": 1_000_000_000}, 700024),
        ({"nbf": 9_000_000_000, "exp": 9_000_000_600}, 700024),
        ({"exp": "soon"}, 50027),
    ],
)
def test_an_assertion_that_is_not_for_here_and_now_is_refused(
    trusting: Campus, application: Application, changes: Json, code: int
) -> None:
    assert number(asserted(trusting, application, **changes)) == code


@pytest.mark.parametrize("assertion", ["nonsense", "a.b.c", "e30.e30.e30"])
def test_what_is_no_assertion_is_refused(trusting: Campus, assertion: str) -> None:
    assert number(asked(trusting, assertion)) in (50027, 700027)


def test_an_assertion_of_an_unknown_kind_counts_as_none(trusting: Campus) -> None:
    answer = trusting.ask_for_token(client_secret="", client_assertion_type="other", client_assertion="a.b.c")
    assert number(answer) == 7000216


def test_it_does_not_start_with_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(processes.NotStarted, match="cannot use a certificate of the application"):
        Campus(tmp_path, "--app-certificate", str(tmp_path / "no.pem"))


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.issue(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, application: Application, issued: Certificates) -> Iterator[str]:
    """The address of a tenant that speaks TLS, as azure-identity demands."""
    folder = tmp_path_factory.mktemp("secure")
    tls = ("--certificate", str(issued.certificate), "--key", str(issued.key))
    options = ("--folder", str(folder), "--app-certificate", str(application.public), *tls)
    running = processes.start("sandbox.microsoft365", *options, env=ENVIRONMENT, log=folder / "log")
    yield running.url
    running.stop()


def test_microsofts_own_library_signs_in_with_the_certificate(
    secure: str, application: Application, issued: Certificates
) -> None:
    credential = CertificateCredential(
        TENANT, CLIENT, certificate_path=str(application.credential), authority=secure,
        disable_instance_discovery=True, connection_verify=str(issued.ca),
    )  # fmt: skip
    with credential:
        token = credential.get_token(GRAPH).token
    context = ssl.create_default_context(cafile=str(issued.ca))
    users = httpx.get(f"{secure}/v1.0/users", headers={"Authorization": f"Bearer {token}"}, verify=context)
    assert users.status_code == 200


def test_microsofts_own_library_passes_on_why_not(secure: str, stranger: Application, issued: Certificates) -> None:
    where = {"authority": secure, "disable_instance_discovery": True, "connection_verify": str(issued.ca)}
    for credential, code in (
        (CertificateCredential(TENANT, CLIENT, certificate_path=str(stranger.credential), **where), "AADSTS700027"),
        (ClientSecretCredential(TENANT, CLIENT, "wrong", **where), "AADSTS7000215"),
        (ClientSecretCredential(TENANT, GROUP, "wrong", **where), "AADSTS700016"),
    ):
        with credential, pytest.raises(ClientAuthenticationError, match=code):
            credential.get_token(GRAPH)


REQUESTS = {
    "User.Read.All": ("GET", "/users", None),
    "User.Create": ("POST", "/users", student()),
    "User.ReadUpdate.All": ("PATCH", "/users/{id}", {"surname": "Nowa"}),
    "User.EnableDisableAccount.All": ("PATCH", "/users/{id}", {"accountEnabled": False}),
    "User-PasswordProfile.ReadWrite.All": ("PATCH", "/users/{id}", {"passwordProfile": {"password": "Abcdefg1!"}}),
    "User.DeleteRestore.All": ("DELETE", "/users/{id}", None),
    "User.RevokeSessions.All": ("POST", "/users/{id}/revokeSignInSessions", None),
    "User.ReadWrite.All": ("POST", "/users/{id}/retryServiceProvisioning", None),
    "LicenseAssignment.ReadWrite.All": (
        "POST", "/users/{id}/assignLicense", {"addLicenses": [{"skuId": A1}], "removeLicenses": []},
    ),
    "LicenseAssignment.Read.All": ("GET", "/subscribedSkus", None),
    "Domain.Read.All": ("GET", f"/domains/{DOMAIN}", None),
    "GroupMember.Read.All": ("GET", f"/groups/{GROUP}", None),
    "MailboxSettings.Read": ("GET", "/users/{id}/mailboxSettings", None),
}  # fmt: skip


@pytest.fixture
def grant(campus: Campus) -> Iterator[Grant]:
    """Sets the application's permissions for a test, and gives back the usual ones."""
    usual = campus.sandbox.get("/sandbox/permissions").json()

    def grant(*roles: str, **more: str) -> dict[str, str]:
        campus.sandbox.put("/sandbox/permissions", json={"roles": roles, **more}).raise_for_status()
        return campus.bearer(GRAPH)

    yield grant
    campus.sandbox.put("/sandbox/permissions", json=usual)


@pytest.mark.parametrize("permission", REQUESTS)
def test_each_path_opens_with_its_permission_and_with_no_other(campus: Campus, grant: Grant, permission: str) -> None:
    user = campus.add()
    method, path, body = REQUESTS[permission]
    missing = campus.graph.request(method, path.format(**user), json=body, headers=grant("AuditLog.Read.All"))
    granted = campus.graph.request(method, path.format(**user), json=body, headers=grant(permission))
    assert complaint(missing)[:2] == (403, "Authorization_RequestDenied")
    assert granted.status_code != 403


def test_who_may_switch_accounts_off_may_change_nothing_else(campus: Campus, grant: Grant) -> None:
    headers, user = grant("User.EnableDisableAccount.All"), campus.add()
    both = campus.graph.patch(f"/users/{user['id']}", json={"accountEnabled": False, "surname": "X"}, headers=headers)
    assert both.status_code == 403


def test_a_token_keeps_the_permissions_of_its_hour(campus: Campus, grant: Grant) -> None:
    old = grant("User.Read.All")
    grant("AuditLog.Read.All")
    assert campus.graph.get("/users", headers=old).status_code == 200


def test_exchange_demands_its_permission_and_a_role(campus: Campus, grant: Grant) -> None:
    user = campus.add_with_mailbox()
    url = f"/adminapi/beta/{TENANT}/InvokeCommand"
    command = {"CmdletName": "Get-Mailbox", "Parameters": {"Identity": user["id"]}}
    for roles, role, status in (
        (("User.Read.All",), "Exchange Recipient Administrator", 401),
        (("Exchange.ManageAsApp",), "", 403),
        (("Exchange.ManageAsApp",), "Exchange Recipient Administrator", 200),
    ):
        grant(*roles, exchange_role=role)
        answer = campus.exchange.post(url, json={"CmdletInput": command}, headers=campus.bearer(EXCHANGE))
        assert answer.status_code == status


def test_in_a_domain_that_is_not_verified_nobody_can_be(start: Start) -> None:
    campus = start("--unverified")
    assert campus.graph.get(f"/domains/{DOMAIN}").json()["isVerified"] is False
    answer = campus.graph.post("/users", json=student())
    assert complaint(answer) == (400, "Request_BadRequest", [("InvalidValue", "userPrincipalName")])


def test_the_command_line_can_grant_less(start: Start) -> None:
    campus = start("--role", "User.Read.All", "--exchange-role", "")
    assert campus.graph.get("/users").status_code == 200
    assert campus.graph.post("/users", json=student()).status_code == 403
    assert campus.invoke("Get-Mailbox").status_code == 401
