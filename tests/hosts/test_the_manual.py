"""The manual's steps on real hosts, as a student takes them: from recruitment's export to one password for everything.

Each fixture is a step that later ones stand on; each test says what must be true after it.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page
from testinfra.host import Host

from lab.running import Lab
from sandbox.browser import Browsers
from sandbox.sample import Row, write_csv
from sandbox.walking import Walk
from tests.hosts.conftest import HostNamed
from tests.hosts.living import PORTAL, Outside, browsers_that_trust, export_of, newcomer, visitor
from tests.hosts.orchestrating import Prefect, await_that
from tests.hosts.signing_on import LIBRARY, MAIL, SSO, SUFFIX, USOSWEB, Browser, trust
from tests.hosts.test_eduroam import REALM, AccessPoint
from tests.hosts.test_worker import bring

FIRST, SECOND = "cztery konie na rowerze w deszczu", "siedem krów na zielonym dachu"
SECONDS = 10.0
"""Within so much a changed password has to work everywhere."""


@dataclass(frozen=True)
class Mailbox:
    """A mailbox that works."""

    walk: Walk[Outside]
    row: Row
    address: str

    @property
    def login(self) -> str:
        """The student's user name."""
        return f"s{self.row.album_number}"


@dataclass(frozen=True)
class Everywhere:
    """The places at which one password counts; each tells whether it lets the student in with this one."""

    trusted: ssl.SSLContext
    directory: Host
    access_point: AccessPoint
    mailbox: Mailbox

    def single_sign_on(self, password: str) -> bool:
        """Sign in for USOSweb, with the mail address."""
        with Browser(self.trusted) as browser:
            return bool(browser.send(browser.form(), user=self.mailbox.address, password=password).ticket)

    def directory_host(self, number: int, password: str) -> bool:
        """Bind at one of the directory's hosts."""
        name = f"uid={self.mailbox.login},ou=people,{SUFFIX}"
        command = "LDAPTLS_CACERT=/etc/ssl/estudent/ca.pem ldapwhoami -x -H %s -D %s -w %s"
        uri = f"ldaps://directory{number}.uczelnia.example"
        return bool(self.directory.run(command, uri, name, password).rc == 0)

    def eduroam(self, password: str) -> bool:
        """Join eduroam with a telephone."""
        return self.access_point.join(f"{self.mailbox.login}@{REALM}", password).joined

    def opened_by(self, password: str) -> dict[str, bool]:
        """Try all."""
        return {
            "single sign-on": self.single_sign_on(password),
            "directory1": self.directory_host(1, password),
            "directory2": self.directory_host(2, password),
            "eduroam": self.eduroam(password),
        }


# The steps


@pytest.fixture(scope="module")
def trusted(host: HostNamed) -> ssl.SSLContext:
    return trust(host("edge1"))


@pytest.fixture(scope="module")
def outside(trusted: ssl.SSLContext) -> Iterator[Outside]:
    with httpx.Client(verify=trusted, timeout=60) as web:
        yield Outside(web)


@pytest.fixture(scope="module")
def browsers(host: HostNamed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsers]:
    authority = str(host("edge1").file("/etc/ssl/estudent/ca.pem").content_string)
    with browsers_that_trust(authority, tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def prefect(lab: Lab) -> Prefect:
    return Prefect(lab)


@pytest.fixture(scope="module")
def runs(
    lab: Lab, prefect: Prefect, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Row, dict[str, dict[str, Any]]]:
    """Recruitment exports a student whom USOS knows; the flows run on a worker. Return how each run ended."""
    row = newcomer(uuid4().int)
    outside.enter_at_usos(row)
    file = tmp_path_factory.mktemp("export") / f"rekrutacja-{row.album_number}.csv"
    write_csv(export_of(row), file)
    bring(lab, file)
    time.sleep(3)
    states = {"recruitment-sync": prefect.ended(prefect.start("recruitment-sync"), 300)}
    for name in ("accounts", "payment-accounts", "letters"):
        wanted = {"mode": "apply", "whom": {"album_numbers": row.album_number}}
        states[name] = prefect.ended(prefect.start(name, wanted), 300)
    return row, states


@pytest.fixture(scope="module")
def row(runs: tuple[Row, dict[str, dict[str, Any]]]) -> Row:
    return runs[0]


@pytest.fixture(scope="module")
def account(row: Row, outside: Outside, browsers: Browsers) -> Iterator[Walk[Outside]]:
    """Step 1: the letter's link opens the page on which the student chooses a password."""
    with visitor(browsers) as arrived:
        walk = Walk[Outside](outside, arrived, "pl")
        walk.create_by_letter(row, FIRST)
        walk.page.get_by_text(f"s{row.album_number}", exact=True).first.wait_for()
        yield walk


@pytest.fixture(scope="module")
def mailbox(account: Walk[Outside], row: Row, prefect: Prefect) -> Mailbox:
    """Steps 2 and 3: the student signs in and asks for a mailbox, which the flow `requests` brings about."""
    account.sign_out()
    account.sign_in(f"s{row.album_number}", FIRST)
    assert account.page.url == f"{PORTAL}/steps"
    if not any(run["state_type"] == "RUNNING" for run in prefect.runs("requests")):
        prefect.start("requests")
    address = account.open_mailbox()
    account.wait_for_mailbox(patience=300_000)
    return Mailbox(account, row, address)


@pytest.fixture(scope="module")
def usosweb(mailbox: Mailbox) -> Page:
    """Step 4: USOSweb leads to the single sign-on, where the student types the mail address and the same password."""
    page = mailbox.walk.visitor.context.new_page()
    page.goto(f"{USOSWEB}/")
    page.get_by_role("link", name="Zaloguj się").click()
    page.wait_for_url(f"{SSO}/cas/login?**")
    page.get_by_label("Identyfikator").fill(mailbox.address)
    page.get_by_label("Hasło").fill(FIRST)
    page.get_by_label("Ostrzegaj mnie przed zalogowaniem na innych serwerach").check()
    page.get_by_role("button", name="Zaloguj się").click()
    page.wait_for_url(f"{USOSWEB}/**")
    return page


@pytest.fixture(scope="module")
def everywhere(trusted: ssl.SSLContext, host: HostNamed, lab: Lab, mailbox: Mailbox) -> Everywhere:
    authority = str(host("edge1").file("/etc/ssl/estudent/ca.pem").content_string)
    host("outside1").check_output(
        "command -v eapol_test || DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends eapoltest"
    )
    secret = lab.secret("vault_eduroam_access_point_secret")
    return Everywhere(trusted, host("directory1"), AccessPoint(host("outside1"), secret, authority), mailbox)


# What is true after them


def test_an_export_becomes_an_account_and_a_letter_by_runs_on_a_worker(
    runs: tuple[Row, dict[str, dict[str, Any]]], prefect: Prefect, outside: Outside
) -> None:
    row, states = runs
    assert {name: state["name"] for name, state in states.items()} == dict.fromkeys(states, "Completed")
    (letter,) = outside.letters(row.email)
    assert row.album_number in letter["text"]
    ended = [run for run in prefect.runs("letters") if run["state_type"] == "COMPLETED"]
    assert {run["work_pool_name"] for run in ended} == {"estudent"}
    assert all(run["infrastructure_pid"] for run in ended)


def test_the_letter_s_link_opens_the_account(account: Walk[Outside], row: Row) -> None:
    assert account.page.get_by_text(f"s{row.album_number}", exact=True).first.is_visible()
    assert account.visitor.complaints == []


def test_the_mailbox_has_the_chosen_name_and_the_alias_of_the_album_number(mailbox: Mailbox, outside: Outside) -> None:
    user = outside.at_microsoft(mailbox.row.album_number)
    assert mailbox.address.endswith(f"@{MAIL}")
    assert user and user["assignedLicenses"]
    assert {f"SMTP:{mailbox.address}", f"smtp:{mailbox.login}@{MAIL}"} <= set(user["proxyAddresses"])


def test_usosweb_knows_the_student_by_the_mail_address_and_shows_the_fees(usosweb: Page, mailbox: Mailbox) -> None:
    shown = {
        name: usosweb.locator(f"#cas-{name}").inner_text() for name in ("mail", "employeeNumber", "givenName", "sn")
    }
    assert usosweb.locator("#user").inner_text() == mailbox.address
    assert shown == {
        "mail": mailbox.address,
        "employeeNumber": mailbox.row.album_number,
        "givenName": mailbox.row.given_name,
        "sn": mailbox.row.family_name,
    }
    assert usosweb.locator("#receivables tr").count() > 1


def test_the_account_number_is_the_same_in_usosweb_and_in_the_portal(usosweb: Page, mailbox: Mailbox) -> None:
    mailbox.walk.open("/fees")
    numbers = {mailbox.walk.number_shown(), re.sub(r"\s", "", usosweb.locator("#account").inner_text())}
    assert numbers == {mailbox.row.account_number}


def test_the_second_service_is_opened_only_after_a_question(usosweb: Page, mailbox: Mailbox) -> None:
    page = usosweb.context.new_page()
    page.goto(f"{LIBRARY}/")
    assert page.url.startswith(f"{SSO}/")
    assert "Czy zalogować do serwisu" in page.locator("h1").inner_text()
    page.get_by_role("button", name="Tak").click()
    page.wait_for_url(f"{LIBRARY}/**")
    assert page.locator("#user").inner_text() == mailbox.login


def test_the_same_password_opens_eduroam_and_every_other_place(everywhere: Everywhere) -> None:
    assert set(everywhere.opened_by(FIRST).values()) == {True}


def test_signing_out_of_usosweb_signs_out_of_all_that_the_sign_in_had_opened(usosweb: Page) -> None:
    usosweb.goto(f"{USOSWEB}/naleznosci")
    usosweb.get_by_role("link", name="Wyloguj się").click()
    await_that(lambda: _is_signed_out(usosweb), 60)
    usosweb.goto(f"{LIBRARY}/")
    assert usosweb.url.startswith(f"{SSO}/")
    assert usosweb.get_by_label("Hasło").is_visible()


def _is_signed_out(page: Page) -> bool:
    page.goto(f"{USOSWEB}/")
    return page.get_by_role("link", name="Zaloguj się").is_visible()


def test_a_password_changed_in_the_portal_counts_everywhere_within_seconds_and_the_old_one_nowhere(
    mailbox: Mailbox, everywhere: Everywhere, browsers: Browsers
) -> None:
    with visitor(browsers) as elsewhere:
        telephone = Walk[Outside](mailbox.walk.semester, elsewhere, "pl")
        telephone.sign_in(mailbox.login, FIRST)
        walk = mailbox.walk
        walk.open("/password")
        walk.type(current=FIRST)
        walk.choose_password(SECOND, "Change password")
        changed = time.monotonic()
        waited = {
            "single sign-on": await_that(lambda: everywhere.single_sign_on(SECOND), SECONDS),
            "directory1": await_that(lambda: everywhere.directory_host(1, SECOND), SECONDS),
            "directory2": await_that(lambda: everywhere.directory_host(2, SECOND), SECONDS),
            "eduroam": await_that(lambda: everywhere.eduroam(SECOND), SECONDS),
        }
        assert time.monotonic() - changed < 2 * SECONDS, waited
        assert set(everywhere.opened_by(FIRST).values()) == {False}
        telephone.open("/account")
        assert telephone.page.locator("[name=password]").is_visible(), "the student's other devices are signed out"


def test_signing_out_of_the_portal_ends_that_session_too(mailbox: Mailbox) -> None:
    mailbox.walk.open("/account")
    mailbox.walk.sign_out()
    mailbox.walk.open("/account")
    assert mailbox.walk.page.locator("[name=password]").is_visible()
