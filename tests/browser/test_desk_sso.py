"""The desk's sign-in at the single sign-on, in a real browser, which holds the pages' own policy against them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page
from pydantic import SecretStr
from werkzeug.serving import make_server

from estudent.adapters.registry.database import Database
from estudent.settings import DeskSsoSettings, UniversitySettings
from sandbox.browser import DESKTOP, PHONE, Browsers, Screen, Visitor
from sandbox.daemon import free_port
from sandbox.openid import Account, Application, Provider, running
from sandbox.slapd import Slapd
from tests.browser.looking import jumps, runs_over, violations
from tests.portal.world import DOMAIN, Portal, a_portal

pytestmark = pytest.mark.enable_socket
CLERK = Account("jkowalska", "Joanna Kowalska", "joanna's password", ("desk-clerks",))
STUDENT = Account("s12345", "Jan Student", "jan's password")
BUTTON = "Sign in with the university account"


@dataclass
class Office:
    """A portal on loopback, and the single sign-on of its desk."""

    address: str
    there: Provider
    browsers: Browsers

    def visit(self, language: str = "en", screen: Screen = DESKTOP) -> Visitor:
        """Return a browser at the desk's login page."""
        visitor = self.browsers.visitor(self.address, screen, language=language)
        visitor.context.unroute_all()
        visitor.context.set_default_timeout(60_000)
        visitor.page.goto("/desk/login")
        return visitor


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browsers: Browsers) -> Iterator[Office]:
    folder, port = tmp_path_factory.mktemp("office"), free_port()
    address = f"http://localhost:{port}"
    client = Application("estudent-desk", "the secret", (f"{address}/desk/oidc/callback",), (f"{address}/desk/login",))
    with running(client, [CLERK, STUDENT]) as there, Slapd(folder, durable=False) as slapd:
        portal = _portal(folder / "registry.db", slapd, address, there)
        there.clock = lambda: portal.clock().timestamp()
        server = make_server("127.0.0.1", port, portal.app, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Office(address, there, browsers)
        server.shutdown()
        thread.join()
        server.server_close()
        portal.campus.close()


def _portal(file: Path, slapd: Slapd, address: str, there: Provider) -> Portal:
    with closing(Database(f"sqlite:///{file}")) as database:
        database.upgrade()
    client = there.application
    ours = DeskSsoSettings(issuer=there.issuer, client_id=client.client_id, client_secret=SecretStr(client.secret))
    return a_portal(slapd, file, university=UniversitySettings(mail_domain=DOMAIN, portal=address), desk_sso=ours)


def sign_in(page: Page, account: Account) -> None:
    """Press the desk's button, and sign in where it leads."""
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_label("User").fill(account.user)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()


def test_a_clerk_comes_in_by_the_single_sign_on_and_signs_out_of_both(office: Office) -> None:
    with office.visit() as visitor:
        sign_in(visitor.page, CLERK)
        visitor.page.wait_for_url(f"{office.address}/desk/")
        visitor.page.get_by_role("button", name="Sign out").click()
        visitor.page.wait_for_url(f"{office.there.issuer}/end-session?**")
        visitor.page.get_by_role("button", name="Sign out").click()
        visitor.page.wait_for_url(f"{office.address}/desk/login")
        assert visitor.page.get_by_text("You are signed out.").is_visible()
        visitor.page.get_by_role("button", name=BUTTON).click()
        assert visitor.page.get_by_label("Password").is_visible()
        assert [each for each in visitor.complaints if office.address in each] == []
    assert office.there.visits == {}


@pytest.mark.parametrize(("language", "screen"), [("pl", PHONE), ("en", DESKTOP), ("uk", PHONE)])
def test_the_page_with_both_ways_in_keeps_the_rules(office: Office, language: str, screen: Screen) -> None:
    with office.visit(language, screen) as visitor:
        assert jumps(visitor.page) < 0.01
        assert violations(visitor.page) == []
        assert runs_over(visitor.page) == []
        assert visitor.complaints == []


def test_the_page_for_whoever_has_no_part_in_the_desk_keeps_the_rules(office: Office) -> None:
    with office.visit() as visitor:
        sign_in(visitor.page, STUDENT)
        visitor.page.get_by_role("heading", name="This account has no part in the desk").wait_for()
        assert violations(visitor.page) == []
        assert runs_over(visitor.page) == []
        visitor.page.get_by_role("button", name="Sign out of the single sign-on").click()
        visitor.page.wait_for_url(f"{office.there.issuer}/end-session?**")
