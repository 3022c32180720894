"""Clients that we did not write sign in: php-cas, mod_auth_cas, mod_auth_mellon (SAML) and an OpenID Connect client."""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Iterator
from html import unescape
from random import randrange
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebKey, jwt
from testinfra.host import Host

from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.signing_on import (
    LIBRARY,
    MAIL,
    OFFICE,
    SSO,
    SUFFIX,
    USOSWEB,
    Browser,
    Page,
    Person,
    change,
    enrolled,
    trust,
)

RUN = f"{randrange(10_000):04d}"
ADA = Person("s7710001", mail=f"ada.kliencka@{MAIL}", surname="Kliencka")
# Signs in to mod_auth_mellon once and never before: with two sessions of one NameID it looks at the wrong one when it
# is told that the other has ended (issue 140 of its makers, in 0.19.1).
GRACE = Person(f"s771{RUN}", mail=f"grace.kliencka.{RUN}@{MAIL}", surname="Kliencka")
CLERK = Person("urzedniczka", mail="urzedniczka@uczelnia.example", staff=True, surname="Urzędowa")
DESK = "https://estudent.uczelnia.example/desk/oidc/callback"
PREFECT = "https://prefect.uczelnia.example/oidc/callback"


@pytest.fixture(scope="module")
def directory(host: HostNamed) -> Host:
    return host("directory1")


@pytest.fixture(scope="module", autouse=True)
def people(directory: Host) -> Iterator[None]:
    member = f"dn: cn=desk-clerks,ou=groups,{SUFFIX}\nchangetype: modify\n{{}}: member\nmember: {CLERK.name}\n"
    with enrolled(directory, ADA, GRACE, CLERK):
        change(directory, "ldapmodify", member.format("add"))
        yield
        change(directory, "ldapmodify", member.format("delete"))


@pytest.fixture(scope="module")
def trusted(host: HostNamed) -> ssl.SSLContext:
    return trust(host("edge1"))


@pytest.fixture
def browser(trusted: ssl.SSLContext) -> Iterator[Browser]:
    with Browser(trusted) as opened:
        yield opened


def enter(browser: Browser, address: str, person: Person = ADA) -> Page:
    """Open a protected page, sign in where one is sent, and arrive."""
    page = browser.visit(address)
    assert page.asks, f"{address} does not ask for a password: {page.text[:300]}"
    return browser.follow(browser.send(page, user=person.mail or person.uid, password=person.password))


def shown(page: Page, name: str) -> str | None:
    """Return what a page shows under an id."""
    found = re.search(rf'id="{re.escape(name)}"[^>]*>([^<]*)<', page.text)
    return unescape(found[1]) if found else None


def test_usosweb_shows_its_first_page_to_everybody(browser: Browser) -> None:
    page = browser.visit(f"{USOSWEB}/")
    assert "Zaloguj się" in page.text
    assert shown(page, "user") is None


def test_php_cas_signs_in_with_the_mail_address(browser: Browser) -> None:
    page = enter(browser, f"{USOSWEB}/naleznosci")
    assert str(page.answer.url) == f"{USOSWEB}/naleznosci"
    assert shown(page, "user") == ADA.mail
    assert shown(page, "cas-employeeNumber") == ADA.uid[1:]
    assert shown(page, "cas-sn") == "Kliencka"
    assert "Czesne" in page.text
    assert shown(page, "account")


def test_mod_auth_cas_signs_in_and_asks_for_no_second_password(browser: Browser) -> None:
    enter(browser, f"{USOSWEB}/naleznosci")
    page = browser.visit(f"{LIBRARY}/")
    assert shown(page, "user") == ADA.uid
    assert "Zośka" in page.text


def test_php_cas_asks_in_passing_and_anew(browser: Browser) -> None:
    assert shown(browser.visit(f"{USOSWEB}/brama"), "user") is None
    enter(browser, f"{LIBRARY}/")
    assert shown(browser.visit(f"{USOSWEB}/brama"), "user") == ADA.mail


def test_logout_at_usosweb_signs_out_everywhere(browser: Browser) -> None:
    enter(browser, f"{USOSWEB}/naleznosci")
    assert shown(browser.visit(f"{LIBRARY}/"), "user") == ADA.uid
    after = browser.visit(f"{USOSWEB}/wyloguj")
    assert str(after.answer.url) == f"{USOSWEB}/"
    assert shown(after, "user") is None
    assert browser.visit(f"{LIBRARY}/").asks, "the library has ended its own session too"


def test_logout_at_the_single_sign_on_signs_out_of_services(browser: Browser) -> None:
    enter(browser, f"{USOSWEB}/naleznosci")
    browser.visit(f"{LIBRARY}/")
    done = browser.get("/?logout=1")
    assert "Wylogowano" in done.text
    assert shown(browser.visit(f"{USOSWEB}/"), "user") is None
    assert browser.visit(f"{LIBRARY}/").asks


def test_a_service_that_does_not_listen_is_named_at_logout(browser: Browser, host: HostNamed) -> None:
    enter(browser, f"{USOSWEB}/naleznosci")
    host("outside1").check_output("systemctl stop apache2")
    try:
        page = browser.get("/?logout=1")
    finally:
        host("outside1").check_output("systemctl start apache2")
    assert "nie potwierdziły wylogowania" in page.text
    assert "USOSweb" in page.text


def test_mellon_signs_in_with_saml(browser: Browser) -> None:
    page = enter(browser, f"{OFFICE}/inside")
    assert shown(page, "MELLON_IDPEmail") == ADA.mail
    assert shown(page, "MELLON_NAME_ID") == ADA.uid, "the mailbox was created with this as ImmutableID"


def test_saml_asks_for_no_second_password_and_ends_with_the_sign_in(browser: Browser, host: HostNamed) -> None:
    enter(browser, f"{USOSWEB}/naleznosci", GRACE)
    assert shown(browser.visit(f"{OFFICE}/inside"), "MELLON_NAME_ID") == GRACE.uid
    assert GRACE.uid in saml_sessions(host)
    page = browser.get("/?logout=1")
    for address in re.findall(r'<(?:img|iframe) src="([^"]+)"', page.text):
        if "/static/" not in address:
            browser.visit(unescape(address))
    assert browser.visit(f"{OFFICE}/inside").asks
    assert GRACE.uid not in saml_sessions(host), "single sign-on keeps nothing of it"


def saml_sessions(host: HostNamed) -> str:
    """Return what single sign-on keeps of those who are signed in by SAML."""
    kept = "SELECT a_session FROM sessions WHERE a_session ->> '_session_kind' LIKE '%SAML'"
    return str(host("data1").check_output(f'runuser -u postgres -- psql -At sso -c "{kept}"'))


def test_an_openid_client_learns_who_it_is_and_in_which_groups(browser: Browser, lab: Lab) -> None:
    secret = lab.secret("vault_desk_client_secret")
    verifier = generate_token(48)
    client = OAuth2Client(
        "estudent-desk", secret, scope="openid profile email groups", redirect_uri=DESK, code_challenge_method="S256"
    )
    known = browser.get("/.well-known/openid-configuration").answer.json()
    assert known["issuer"] == SSO
    url, state = client.create_authorization_url(known["authorization_endpoint"], code_verifier=verifier, nonce="n-1")
    way = browser.send(browser.get(url), user=CLERK.uid, password=CLERK.password)
    way = _until(browser, way, DESK)
    told = parse_qs(urlsplit(way.location).query)
    assert told["state"] == [state]

    request = {"grant_type": "authorization_code", "code": told["code"][0], "redirect_uri": DESK}

    def ask(code_verifier: str) -> httpx.Response:
        data = request | {"code_verifier": code_verifier}
        return browser.client.post(known["token_endpoint"], data=data, auth=("estudent-desk", secret))

    assert ask("x" * 48).status_code == 400, "without the verifier the code is worth nothing"

    way = _until(browser, browser.get(url), DESK)
    request["code"] = parse_qs(urlsplit(way.location).query)["code"][0]
    tokens = ask(verifier).json()
    keys = JsonWebKey.import_key_set(browser.client.get(known["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys)
    claims.validate()
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (SSO, ["estudent-desk"], CLERK.uid, "n-1")
    assert claims["groups"] == ["desk-clerks"]
    assert claims["email"] == CLERK.mail
    assert ask(verifier).status_code == 400, "a code counts once"


def _until(browser: Browser, page: Page, address: str) -> Page:
    for _ in range(6):
        if page.location.startswith(address):
            return page
        page = browser.get(page.location)
    raise AssertionError(f"not led to {address}")


def test_an_openid_client_gets_nobody_at_another_address(browser: Browser) -> None:
    browser.sign_in(ADA)
    page = browser.get(
        "/oauth2/authorize?response_type=code&scope=openid&client_id=estudent-desk&redirect_uri=https://evil.example/"
        "&code_challenge=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs&code_challenge_method=S256&state=x"
    )
    assert "evil.example" not in page.location


def test_a_student_is_not_let_into_prefect(browser: Browser) -> None:
    browser.sign_in(ADA)
    challenge = base64.urlsafe_b64encode(b"0" * 32).decode().rstrip("=")
    page = browser.get(
        "/oauth2/authorize?response_type=code&scope=openid&client_id=prefect&state=x"
        f"&redirect_uri={PREFECT}&code_challenge={challenge}&code_challenge_method=S256"
    )
    for _ in range(3):
        if not page.location or page.location.startswith(PREFECT):
            break
        page = browser.get(page.location)
    assert "code" not in parse_qs(urlsplit(page.location).query)


def test_both_nodes_sign_with_the_same_keys(browser: Browser) -> None:
    seen = {json.dumps(browser.get("/oauth2/jwks").answer.json(), sort_keys=True) for _ in range(6)}
    assert len(seen) == 1
