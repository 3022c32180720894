"""The stand-ins for Microsoft 365, USOS and the mail relay, as the lab's other hosts reach them."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Iterator
from email.message import EmailMessage
from uuid import uuid4

import httpx
import pytest

from lab.running import Lab
from sandbox.microsoft365.options import CLIENT, TENANT
from tests.hosts.conftest import HostNamed

NAME = "outside1.uczelnia.example"
SERVICES = ("microsoft365", "usos", "mail")


@pytest.fixture(scope="module")
def trust(lab: Lab) -> ssl.SSLContext:
    """Return a context that trusts the lab's authority and nobody else."""
    return ssl.create_default_context(cadata=lab.host("outside1").ssh("cat /etc/ssl/estudent/ca.pem").stdout)


@pytest.fixture
def web(trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(verify=trust, timeout=30) as client:
        yield client


def hand_over(trust: ssl.SSLContext, subject: str) -> None:
    """Hand a letter to the mail relay, as the flows do."""
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = subject, "cos@uczelnia.example", "ala@example.org"
    letter.set_content("Dzień dobry")
    with smtplib.SMTP(NAME, 587, timeout=30) as relay:
        relay.starttls(context=trust)
        relay.send_message(letter)


def test_microsoft_gives_our_application_a_token(web: httpx.Client, lab: Lab) -> None:
    secret = lab.secret("vault_standins_microsoft365_client_secret")
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": secret,
        "scope": f"https://{NAME}/.default",
    }
    token = web.post(f"https://{NAME}:8443/{TENANT}/oauth2/v2.0/token", data=form).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    skus = web.get(f"https://{NAME}:8443/v1.0/subscribedSkus", headers=headers).raise_for_status().json()
    assert skus["value"]


def test_usos_refuses_calls_that_nobody_signed(web: httpx.Client) -> None:
    assert web.post(f"https://{NAME}:8444/services/users/user").status_code == 401


def test_the_mail_relay_shows_what_it_took(web: httpx.Client, trust: ssl.SSLContext) -> None:
    subject = f"Letter {uuid4()}"
    hand_over(trust, subject)
    letters = web.get(f"https://{NAME}:8446/sandbox/messages", params={"limit": 5}).raise_for_status().json()
    assert subject in [letter["subject"] for letter in letters]


def test_a_stranger_to_the_authority_does_not_trust_them() -> None:
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"https://{NAME}:8446/")


def test_what_they_hold_survives_a_crash(host: HostNamed, web: httpx.Client, trust: ssl.SSLContext) -> None:
    subject = f"Letter {uuid4()}"
    hand_over(trust, subject)
    host("outside1").run_expect([0], "systemctl kill --signal SIGKILL 'estudent-standin@*.service'")
    deadline = time.monotonic() + 60
    while not answers(web):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    letters = web.get(f"https://{NAME}:8446/sandbox/messages", params={"limit": 5}).json()
    assert subject in [letter["subject"] for letter in letters]


def answers(web: httpx.Client) -> bool:
    """Tell whether all of them answer."""
    try:
        return all(web.get(f"https://{NAME}:{port}/").is_success for port in (8443, 8444, 8446))
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("service", SERVICES)
def test_each_runs_under_an_account_of_its_own_and_starts_at_boot(host: HostNamed, service: str) -> None:
    unit = host("outside1").service(f"estudent-standin@{service}")
    assert unit.is_running
    assert unit.is_enabled
    pid = host("outside1").check_output(f"systemctl show --property MainPID --value estudent-standin@{service}")
    assert host("outside1").check_output(f"stat --format %u /proc/{pid}") != "0"
