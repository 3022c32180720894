"""The staff's sign-in at the university's single sign-on: a real provider, every fault of it, and whoever abuses it."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select
from werkzeug.test import TestResponse

from estudent.adapters.registry import tables
from estudent.ports import Misconfigured, Role, StaffMember
from estudent.settings import DeskSsoSettings
from sandbox.openid import Account, Application, Provider, running
from sandbox.openid.provider import Visit, challenge_of
from sandbox.slapd import Slapd
from tests.portal.world import KEY, Portal, a_portal, form_in

pytestmark = pytest.mark.enable_socket

CALLBACK, LOGIN = "http://localhost/desk/oidc/callback", "http://localhost/desk/login"
SECRET = "the desk's secret at the single sign-on"
CLIENT = Application("estudent-desk", SECRET, (CALLBACK,), (LOGIN,))
CLERK = Account("jkowalska", "Joanna Kowalska", "joanna's password", ("everybody", "desk-clerks", "desk-readers"))
ADMINISTRATOR = Account("aadmin", "Adam Admin", "adam's password", ("desk-administrators",))
STUDENT = Account("s12345", "Jan Student", "jan's password", ("students",))
STRANGE = Account("cn=x,ou=staff", "Ewa Strange", "ewa's password", ("desk-administrators",))
NOT_CONFIRMED = "did not confirm who you are"
AWAY = "does not answer right now"
STALE = "was not begun in this browser, or too long ago"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running(CLIENT, [CLERK, ADMINISTRATOR, STUDENT, STRANGE]) as provider:
        yield provider


@dataclass
class Somebody:
    """Somebody's browser: what it is to the portal, and what it is to the single sign-on."""

    portal: FlaskClient
    elsewhere: httpx.Client = field(repr=False)

    def set_off(self, wanted: str = "") -> str:
        """Press the button and return where it leads."""
        _, hidden = form_in(self.portal.get("/desk/login").text, "/desk/oidc/start")
        answer = self.portal.post("/desk/oidc/start", data=hidden | {"next": wanted})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def sign_in(self, address: str, account: Account, **more: str) -> str:
        """Sign in there, unless that was done, and return the address that leads back to the portal."""
        answer = self.elsewhere.get(address)
        if answer.status_code == 200:
            form = {"user": account.user, "password": account.password} | more
            answer = self.elsewhere.post(_form_address(answer), data=_hidden(answer) | form)
            if "refuse" not in more:
                answer = self.elsewhere.get(_absolute(answer))
        back = answer.headers["Location"]
        assert back.startswith(f"{CALLBACK}?")
        return back

    def come_back(self, address: str) -> TestResponse:
        """Open the address that leads back."""
        return self.portal.get(address.removeprefix("http://localhost"))

    def enter(self, account: Account, wanted: str = "") -> TestResponse:
        """Do all of it."""
        return self.come_back(self.sign_in(self.set_off(wanted), account))


def _absolute(answer: httpx.Response) -> str:
    return str(answer.url.join(answer.headers["Location"]))


def _form_address(answer: httpx.Response) -> str:
    return str(answer.url.join("/authorize"))


def _hidden(answer: httpx.Response) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'"hidden" name="(\w+)" value="([^"]*)"', answer.text)}


@dataclass
class Desk:
    """The portal with its desk behind this single sign-on."""

    portal: Portal
    there: Provider
    _open: ExitStack = field(default_factory=ExitStack)

    def somebody(self, language: str = "en") -> Somebody:
        return Somebody(self.portal.browser(language), self._open.enter_context(httpx.Client(timeout=10)))

    def close(self) -> None:
        self._open.close()
        self.portal.campus.close()

    def stored(self) -> str:
        """Return all sessions as the registry keeps them."""
        with self.portal.campus.database.reading() as connection:
            return " ".join(row.data.decode() for row in connection.execute(select(tables.session.c.data)))

    def visit_of(self, account: Account) -> Visit:
        return [visit for visit in self.there.visits.values() if visit.account == account][-1]


Settings = Callable[..., Desk]


@pytest.fixture
def opened(slapd: Slapd, migrated: Path, tmp_path: Path, provider: Provider) -> Iterator[Settings]:
    provider.faults.clear()
    provider.asked.clear()
    provider.visits.clear()
    desks: list[Desk] = []

    def open_desk(**changes: object) -> Desk:
        usual: dict[str, object] = {
            "issuer": provider.issuer,
            "client_id": CLIENT.client_id,
            "client_secret": SecretStr(SECRET),
        }
        ours = DeskSsoSettings.model_validate(usual | changes)
        portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), desk_sso=ours)
        provider.clock = lambda: portal.clock().timestamp()
        desks.append(Desk(portal, provider))
        return desks[-1]

    yield open_desk
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(opened: Settings) -> Desk:
    return opened()


def with_other(address: str, **changes: str | None) -> str:
    """Return an address with other parts; None leaves one out."""
    base, _, query = address.partition("?")
    parts = dict(parse_qsl(query)) | changes
    return f"{base}?{urlencode({name: value for name, value in parts.items() if value is not None})}"


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/desk/").status_code == 200


class TestTheWayIn:
    @pytest.mark.parametrize("account", [CLERK, ADMINISTRATOR], ids=lambda account: account.user)
    def test_whoever_is_in_a_group_of_the_desk_is_in(self, desk: Desk, account: Account) -> None:
        somebody = desk.somebody()
        answer = somebody.enter(account)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/")
        assert account.name in somebody.portal.get("/desk/").text

    def test_the_highest_group_decides(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        assert somebody.portal.get("/desk/board.csv").status_code == 200
        assert somebody.portal.get("/desk/log").status_code == 403

    @pytest.mark.parametrize("way", ["groups_as_text", "groups_in_userinfo"])
    def test_groups_are_understood_in_every_way_in_which_they_are_told(self, desk: Desk, way: str) -> None:
        desk.there.faults.add(way)
        somebody = desk.somebody()
        somebody.enter(CLERK)
        assert is_in(somebody.portal)

    def test_the_browser_comes_back_to_the_page_that_it_wanted(self, desk: Desk) -> None:
        assert desk.somebody().enter(CLERK, "/desk/board").headers["Location"] == "/desk/board"

    def test_whoever_is_signed_in_there_is_in_without_a_password(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        again = Somebody(desk.portal.browser(), somebody.elsewhere)
        assert again.elsewhere.get(again.set_off()).status_code == 303
        again.enter(CLERK)
        assert is_in(again.portal)

    def test_the_session_gets_a_new_id(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        before = somebody.portal.get_cookie("estudent")
        somebody.come_back(back)
        after = somebody.portal.get_cookie("estudent")
        assert before and after and before.value != after.value
        assert desk.portal.campus.sessions.load(before.value) is None

    def test_the_single_sign_on_is_asked_for_what_makes_it_safe(self, desk: Desk) -> None:
        asked = dict(parse_qsl(urlsplit(desk.somebody().set_off()).query))
        assert {
            "response_type": "code",
            "code_challenge_method": "S256",
            "redirect_uri": CALLBACK,
        }.items() <= asked.items()
        assert asked["max_age"] == str(12 * 3600)
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
        assert min(len(asked["state"]), len(asked["nonce"])) >= 43

    def test_the_page_lets_the_browser_go_there_and_nowhere_else(self, desk: Desk) -> None:
        policy = desk.portal.browser().get("/desk/login").headers["Content-Security-Policy"]
        assert f"form-action 'self' {desk.there.issuer};" in f"{policy};"

    def test_the_desk_s_own_form_stays(self, desk: Desk) -> None:
        desk.portal.slapd.add_staff("b.formularz", "seven blue herons cross", "Beata Formularz", "desk-clerks")
        typed = {"name": "b.formularz", "password": "seven blue herons cross"}
        answer = desk.portal.submit(desk.portal.browser(), "/desk/login", "/desk/login", **typed)
        assert answer.headers["Location"] == "/desk/"

    def test_the_desk_s_own_form_can_be_taken_away(self, opened: Settings) -> None:
        desk = opened(password_form=False)
        browser = desk.portal.browser()
        page = browser.get("/desk/login").text
        assert "/desk/oidc/start" in page and 'type="password"' not in page
        _, hidden = form_in(page, "/desk/oidc/start")
        assert browser.post("/desk/login", data=hidden | {"name": "x", "password": "y"}).status_code == 404

    def test_without_an_issuer_nothing_of_it_is_there(self, opened: Settings) -> None:
        desk = opened(issuer="")
        browser = desk.portal.browser()
        page = browser.get("/desk/login")
        assert "/desk/oidc/" not in page.text
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        _, hidden = form_in(page.text)
        assert browser.post("/desk/oidc/start", data=hidden).status_code == 404
        assert browser.get("/desk/oidc/callback?state=x&code=y").status_code == 404
        assert browser.post("/desk/oidc/logout", data={"logout_token": "x"}).status_code == 404

    def test_settings_with_which_nobody_could_come_in_are_refused(self, opened: Settings) -> None:
        with pytest.raises(Misconfigured, match="PASSWORD_FORM"):
            opened(issuer="", password_form=False)
        with pytest.raises(Misconfigured, match="CLIENT_ID"):
            opened(client_id="")


class TestWhoMayNot:
    @pytest.mark.parametrize("language", ["en", "pl", "uk"])
    def test_whoever_is_in_no_group_of_the_desk_reads_why(self, desk: Desk, language: str) -> None:
        somebody = desk.somebody(language)
        answer = somebody.enter(STUDENT)
        assert answer.status_code == 403
        assert "s12345" in answer.text and 'action="/sign-out"' in answer.text
        assert not is_in(somebody.portal)

    def test_and_can_sign_out_there_to_come_back_as_somebody_else(self, desk: Desk) -> None:
        somebody = desk.somebody()
        page = somebody.enter(STUDENT).text
        answer = somebody.portal.post("/sign-out", data=form_in(page, "/sign-out")[1])
        assert answer.headers["Location"].startswith(f"{desk.there.issuer}/end-session?")

    def test_a_name_that_is_no_user_name_is_not_let_in(self, desk: Desk) -> None:
        answer = desk.somebody().enter(STRANGE)
        assert (answer.status_code, NOT_CONFIRMED in answer.text) == (403, True)

    def test_whoever_refuses_there_is_not_in_here(self, desk: Desk) -> None:
        somebody = desk.somebody()
        answer = somebody.come_back(somebody.sign_in(somebody.set_off(), CLERK, refuse="1"))
        assert (answer.status_code, NOT_CONFIRMED in answer.text) == (403, True)

    def test_whoever_has_left_the_desk_is_out_within_minutes(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        desk.portal.clock.turn(minutes=6)
        assert somebody.portal.get("/desk/").headers["Location"] == "/desk/login"

    def test_the_desk_s_limits_of_a_session_hold(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        desk.portal.clock.turn(minutes=31)
        assert somebody.portal.get("/desk/").headers["Location"].startswith("/desk/login")


class TestTokensThatDoNotHold:
    @pytest.mark.parametrize(
        "fault",
        [
            "wrong_nonce",
            "no_nonce",
            "wrong_audience",
            "no_aud",
            "wrong_party",
            "expired",
            "no_exp",
            "from_the_future",
            "other_issuer",
            "unsigned",
            "signed_with_the_public_key",
            "stranger_s_key",
            "wrong_at_hash",
            "old_sign_in",
            "no_auth_time",
            "other_answer",
        ],
    )
    def test_nobody_is_in(self, desk: Desk, fault: str, caplog: pytest.LogCaptureFixture) -> None:
        desk.there.faults.add(fault)
        somebody = desk.somebody()
        answer = somebody.enter(CLERK)
        assert (answer.status_code, NOT_CONFIRMED in answer.text) == (403, True)
        assert not is_in(somebody.portal)
        assert number_in(answer) in caplog.text

    def test_nor_when_the_single_sign_on_speaks_of_somebody_else(self, desk: Desk) -> None:
        desk.there.faults |= {"groups_in_userinfo", "other_user_info"}
        assert desk.somebody().enter(CLERK).status_code == 403

    def test_a_new_key_is_asked_for_once(self, desk: Desk) -> None:
        desk.somebody().enter(CLERK)
        desk.there.signing.rotate()
        somebody = desk.somebody()
        somebody.enter(CLERK)
        assert is_in(somebody.portal)

    def test_forged_tokens_cause_no_flood_of_questions(self, desk: Desk) -> None:
        desk.somebody().enter(CLERK)
        desk.there.asked.clear()
        token = desk.there.farewell(desk.visit_of(CLERK))
        desk.there.signing.rotate()
        forged = desk.there.farewell(desk.visit_of(CLERK), iss="https://evil.example")
        for _ in range(20):
            assert desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": forged}).status_code == 400
        desk.there.signing.rotate()
        for each in (token, forged):
            desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": each})
        assert sum(asked.endswith("/jwks") for asked in desk.there.asked) <= 2


def number_in(answer: TestResponse) -> str:
    found = re.search(r"Number of this event: ([0-9a-f]{8})", answer.text)
    assert found
    return found.group(1)


class TestAttacks:
    def test_a_forged_state(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        for state in ("", "f" * 64, "é", None):
            answer = somebody.come_back(with_other(back, state=state))
            assert (answer.status_code, STALE in answer.text) == (400, True)
        assert not is_in(somebody.portal)

    def test_and_it_does_not_spoil_the_sign_in_that_is_under_way(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        somebody.come_back(with_other(back, state="forged"))
        assert somebody.come_back(back).status_code == 302

    def test_login_csrf_somebody_else_s_code_in_this_browser(self, desk: Desk) -> None:
        attacker, victim = desk.somebody(), desk.somebody()
        theirs = attacker.sign_in(attacker.set_off(), CLERK)
        assert victim.come_back(theirs).status_code == 400
        mine = victim.set_off()
        state = dict(parse_qsl(urlsplit(mine).query))["state"]
        answer = victim.come_back(with_other(theirs, state=state))
        assert (answer.status_code, is_in(victim.portal)) == (403, False)

    def test_a_sign_in_begun_by_another_site(self, desk: Desk) -> None:
        browser = desk.portal.browser()
        assert browser.post("/desk/oidc/start", data={"next": "/desk/"}).status_code == 400
        assert browser.get("/desk/oidc/start").status_code in (302, 405)
        assert browser.get("/desk/oidc/callback?code=x&state=y").status_code == 400

    def test_a_replayed_answer(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        assert somebody.come_back(back).status_code == 302
        assert somebody.come_back(back).status_code == 400
        assert desk.somebody().come_back(back).status_code == 400

    def test_a_replayed_code_in_a_new_sign_in(self, desk: Desk) -> None:
        somebody = desk.somebody()
        used = somebody.sign_in(somebody.set_off(), CLERK)
        somebody.come_back(used)
        thief = desk.somebody()
        state = dict(parse_qsl(urlsplit(thief.set_off()).query))["state"]
        answer = thief.come_back(with_other(used, state=state))
        assert (answer.status_code, NOT_CONFIRMED in answer.text) == (403, True)

    def test_a_code_that_somebody_saw_before_it_was_used_is_of_no_use_elsewhere(self, desk: Desk) -> None:
        """PKCE: the verifier stays with the session whose browser set off."""
        somebody, thief = desk.somebody(), desk.somebody()
        seen = somebody.sign_in(somebody.set_off(), CLERK)
        state = dict(parse_qsl(urlsplit(thief.set_off()).query))["state"]
        assert thief.come_back(with_other(seen, state=state)).status_code == 403

    @pytest.mark.parametrize("issuer", ["https://evil.example", "", None])
    def test_mix_up_an_answer_in_another_s_name(self, desk: Desk, issuer: str | None) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        asked = len(desk.there.asked)
        assert somebody.come_back(with_other(back, iss=issuer)).status_code == 403
        assert desk.there.asked[asked:] == []

    def test_an_address_with_two_codes(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        assert somebody.come_back(f"{back}&code=another").status_code == 403

    @pytest.mark.parametrize(
        "wanted",
        [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\evil",
            "javascript:alert(1)",
            "/\t/evil.example",
        ],
    )
    def test_nobody_is_led_elsewhere(self, desk: Desk, wanted: str) -> None:
        assert desk.somebody().enter(CLERK, wanted).headers["Location"] == "/"

    def test_a_sign_in_that_takes_a_quarter_of_an_hour_is_over(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        desk.portal.clock.turn(minutes=16)
        answer = somebody.come_back(back)
        assert (answer.status_code, STALE in answer.text) == (400, True)

    def test_the_name_that_was_asked_for_is_not_where_browsers_come_back_to(self, desk: Desk) -> None:
        somebody = desk.somebody()
        _, hidden = form_in(somebody.portal.get("/desk/login").text, "/desk/oidc/start")
        answer = somebody.portal.post("/desk/oidc/start", data=hidden, headers={"X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in answer.headers["Location"]

    def test_somebody_who_reads_the_registry_can_finish_nobody_s_sign_in(self, desk: Desk) -> None:
        somebody = desk.somebody()
        asked = dict(parse_qsl(urlsplit(somebody.set_off()).query))
        stored = desk.stored()
        assert asked["state"] not in stored and asked["nonce"] not in stored
        words = [json.loads(each)["trip"]["word"] for each in re.findall(r"\{.*?\"trip\".*?\}\}", stored)]
        assert words and all(challenge_of(word) != asked["code_challenge"] for word in words)


class TestOutOfReach:
    @pytest.mark.parametrize("fault", ["down", "slow"])
    def test_a_single_sign_on_that_is_away_leaves_the_desk_s_own_form(
        self, desk: Desk, fault: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk.there.faults.add(fault)
        browser = desk.portal.browser()
        _, hidden = form_in(browser.get("/desk/login").text, "/desk/oidc/start")
        answer = browser.post("/desk/oidc/start", data=hidden)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert AWAY in answer.text and "the form below lets you in" in answer.text and 'type="password"' in answer.text
        assert number_in(answer) in caplog.text

    def test_and_without_that_form_says_so_alone(self, opened: Settings) -> None:
        desk = opened(password_form=False)
        desk.there.faults.add("down")
        browser = desk.portal.browser()
        _, hidden = form_in(browser.get("/desk/login").text, "/desk/oidc/start")
        answer = browser.post("/desk/oidc/start", data=hidden)
        assert AWAY in answer.text and "the form below" not in answer.text

    def test_nobody_is_sent_to_a_single_sign_on_that_has_gone_away(self, desk: Desk) -> None:
        desk.somebody().set_off()
        desk.there.faults.add("down")
        desk.portal.clock.turn(minutes=2)
        browser = desk.portal.browser()
        _, hidden = form_in(browser.get("/desk/login").text, "/desk/oidc/start")
        answer = browser.post("/desk/oidc/start", data=hidden)
        assert (answer.status_code, AWAY in answer.text) == (503, True)

    def test_one_that_goes_away_on_the_way_is_no_error_of_ours(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        desk.there.faults.add("down")
        answer = somebody.come_back(back)
        assert (answer.status_code, AWAY in answer.text) == (503, True)

    @pytest.mark.parametrize(
        "change", [{"issuer": "http://127.0.0.1:9"}, {"client_secret": "wrong"}, {"ca_file": "/no"}]
    )
    def test_wrong_settings_are_a_page_too(self, opened: Settings, change: dict[str, str]) -> None:
        desk = opened(**change)
        browser = desk.portal.browser()
        _, hidden = form_in(browser.get("/desk/login").text, "/desk/oidc/start")
        answer = browser.post("/desk/oidc/start", data=hidden)
        if answer.status_code == 303:
            somebody = Somebody(browser, desk.somebody().elsewhere)
            answer = somebody.come_back(somebody.sign_in(answer.headers["Location"], CLERK))
        assert (answer.status_code, AWAY in answer.text) == (503, True)

    def test_a_description_of_another_issuer_is_not_believed(self, desk: Desk) -> None:
        desk.there.faults.add("other_document")
        browser = desk.portal.browser()
        _, hidden = form_in(browser.get("/desk/login").text, "/desk/oidc/start")
        assert browser.post("/desk/oidc/start", data=hidden).status_code == 503


class TestTheWayOut:
    def test_signing_out_here_leads_to_the_end_of_the_session_there_and_back(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        answer = desk.portal.submit(somebody.portal, "/desk/", "/sign-out")
        leads = answer.headers["Location"]
        assert urlsplit(leads).path == "/end-session"
        assert dict(parse_qsl(urlsplit(leads).query)) == {
            "client_id": CLIENT.client_id,
            "post_logout_redirect_uri": LOGIN,
        }
        assert not is_in(somebody.portal)
        asked = somebody.elsewhere.get(leads)
        gone = somebody.elsewhere.post(str(asked.url.copy_with(query=None)), data=_hidden(asked))
        assert gone.headers["Location"] == LOGIN
        assert desk.there.visits == {}
        assert "You are signed out." in somebody.portal.get("/desk/login").text
        assert somebody.elsewhere.get(somebody.set_off()).status_code == 200

    def test_whoever_came_by_the_desk_s_own_form_stays_here(self, desk: Desk) -> None:
        browser = desk.portal.at_the_desk(StaffMember("c.inna", "Celina Inna", Role.READER))
        assert desk.portal.submit(browser, "/desk/", "/sign-out").headers["Location"] == "/"

    def test_without_the_single_sign_on_one_is_signed_out_here_and_told(self, desk: Desk) -> None:
        desk.there.faults.add("down")
        browser = desk.portal.at_the_desk(StaffMember(CLERK.user, CLERK.name, Role.CLERK))
        with browser.session_transaction() as session:
            session["visit"] = "some visit"
        answer = desk.portal.submit(browser, "/desk/", "/sign-out")
        assert answer.headers["Location"] == "/desk/login"
        assert "close the browser" in browser.get("/desk/login").text
        assert not is_in(browser)

    def test_signing_out_there_ends_the_session_here(self, desk: Desk) -> None:
        somebody, other = desk.somebody(), desk.somebody()
        somebody.enter(CLERK)
        visit = desk.visit_of(CLERK)
        other.enter(CLERK)
        said = desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": desk.there.farewell(visit)})
        assert said.status_code == 200
        assert (is_in(somebody.portal), is_in(other.portal)) == (False, True)

    def test_a_word_of_all_of_somebody_s_sessions_ends_all(self, desk: Desk) -> None:
        somebody, other, another = desk.somebody(), desk.somebody(), desk.somebody()
        somebody.enter(CLERK)
        other.enter(CLERK)
        another.enter(ADMINISTRATOR)
        token = desk.there.farewell(desk.visit_of(CLERK), sid=None)
        desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token})
        assert [is_in(each.portal) for each in (somebody, other, another)] == [False, False, True]

    def test_a_session_by_the_desk_s_own_form_is_not_ended_from_there(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        browser = desk.portal.at_the_desk(StaffMember(CLERK.user, CLERK.name, Role.CLERK))
        token = desk.there.farewell(desk.visit_of(CLERK), sid=None)
        desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token})
        assert (is_in(somebody.portal), is_in(browser)) == (False, True)

    def test_a_word_is_good_once(self, desk: Desk) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        token = desk.there.farewell(desk.visit_of(CLERK), sid=None)
        assert desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token}).status_code == 200
        somebody.enter(CLERK)
        assert desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token}).status_code == 200
        assert is_in(somebody.portal)

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "https://evil.example"},
            {"aud": "somebody-else"},
            {"events": None},
            {"events": {"http://schemas.openid.net/event/backchannel-logout": "x"}},
            {"nonce": "x"},
            {"iat": 1},
            {"iat": None},
            {"jti": None},
            {"sub": None, "sid": None},
        ],
        ids=str,
    )
    def test_what_the_single_sign_on_did_not_say_ends_nothing(self, desk: Desk, changes: dict[str, object]) -> None:
        somebody = desk.somebody()
        somebody.enter(CLERK)
        token = desk.there.farewell(desk.visit_of(CLERK), **changes)
        assert desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token}).status_code == 400
        assert is_in(somebody.portal)

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "é" * 50, "x" * 100_000])
    def test_nor_does_rubbish(self, desk: Desk, token: str) -> None:
        assert desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token}).status_code == 400

    def test_an_id_token_is_no_word_of_an_end(self, desk: Desk) -> None:
        somebody = desk.somebody()
        back = somebody.sign_in(somebody.set_off(), CLERK)
        grant = desk.there.grants[dict(parse_qsl(urlsplit(back).query))["code"]]
        token = desk.there._identity(grant, "x")
        assert desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token}).status_code == 400


def test_no_token_and_no_secret_is_anywhere(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log, in an address, in a session or on a page; not when all goes well, and not when it fails."""
    caplog.set_level(logging.DEBUG)
    somebody, pages = desk.somebody(), []
    issued: list[str] = []
    redeem = desk.there.redeem

    def noting(user: tuple[str, str], form: dict[str, str]) -> dict[str, object]:
        issued.append(form["code_verifier"])
        said = redeem(user, form)
        issued.extend(str(said[name]) for name in ("access_token", "id_token"))
        return said

    desk.there.redeem = noting  # type: ignore[method-assign, assignment]
    try:
        for fault in ("", "groups_in_userinfo", "wrong_nonce", "unsigned", "stranger_s_key"):
            desk.there.faults = {fault}
            answer = somebody.enter(CLERK)
            pages += [answer.text, str(answer.headers), desk.stored()]
        desk.there.faults = set()
        somebody.enter(CLERK)
        pages += [somebody.portal.get("/desk/").text, desk.stored()]
        answer = desk.portal.submit(somebody.portal, "/desk/", "/sign-out")
        token = desk.there.farewell(desk.visit_of(CLERK))
        desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": token})
        desk.portal.browser().post("/desk/oidc/logout", data={"logout_token": f"{token}x"})
        pages += [str(answer.headers), desk.stored(), *desk.there.asked]
    finally:
        del desk.there.redeem
    seen = caplog.text + "".join(pages)
    secret = [*issued, token, SECRET, KEY, CLERK.password, desk.visit_of(CLERK).sid]
    canaries = [part for each in secret for part in each.split(".")[1:] or [each] if part]
    assert len(canaries) > 20
    assert [canary[:12] for canary in canaries if canary in seen] == []
