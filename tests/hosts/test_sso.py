"""Single sign-on as its protocols say: who is let in, where tickets go, and what an attacker gets."""

from __future__ import annotations

import ssl
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from secrets import randbelow
from urllib.parse import quote

import pytest
from testinfra.host import Host

from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.signing_on import (
    LIBRARY,
    MAIL,
    SERVICE,
    USOSWEB,
    Browser,
    Page,
    Person,
    attributes_in,
    enrolled,
    have_address,
    modify,
    refusal_in,
    set_password,
    trust,
    user_in,
)

RUN = randbelow(9000) + 1000
"""Whoever tried a name just before has an effect on the next, so no two runs have the same names."""

ADA = Person(f"s77{RUN}1", mail=f"ada.probna.{RUN}@{MAIL}")
NEWCOMER = Person(f"s77{RUN}2")
"""Has no mailbox yet."""
FORGER = Person(
    f"s77{RUN}3",
    mail=f"forger.{RUN}@{MAIL}",
    given_name="Bob & </cas:givenName><cas:employeeNumber>1</cas:employeeNumber><cas:givenName>",
)
LOCKED = Person(f"s77{RUN}4", mail=f"locked.{RUN}@{MAIL}", attributes={"pwdAccountLockedTime": "000001010000Z"})
CLERK = Person(
    f"pracownica{RUN}", mail=f"pracownica{RUN}@uczelnia.example", staff=True, given_name="Pola", surname="Pracowita"
)
VICTIM = Person(f"s77{RUN}5", mail=f"victim.{RUN}@{MAIL}")
CHANGER = Person(f"s77{RUN}6", mail=f"changer.{RUN}@{MAIL}")

Browse = Callable[..., Browser]
NUMBERS = cycle(range(100, 200))


@pytest.fixture(scope="module")
def directory(host: HostNamed) -> Host:
    return host("directory1")


@pytest.fixture(scope="module")
def trusted(host: HostNamed) -> ssl.SSLContext:
    return trust(host("edge1"))


@pytest.fixture(scope="module", autouse=True)
def people(directory: Host) -> Iterator[None]:
    with enrolled(directory, ADA, NEWCOMER, FORGER, LOCKED, CLERK, VICTIM, CHANGER):
        yield


@pytest.fixture
def browse(trusted: ssl.SSLContext) -> Iterator[Browse]:
    """Open browsers, each at an address of its own in the lab's network."""
    opened: list[Browser] = []

    def browser(**options: object) -> Browser:
        opened.append(Browser(trusted, have_address(next(NUMBERS)), **options))
        return opened[-1]

    yield browser
    for each in opened:
        each.close()


@pytest.mark.parametrize(
    "typed",
    [
        ADA.mail,
        ADA.uid,
        f"{ADA.uid}@{MAIL}",
        ADA.mail.upper(),
        f"  {ADA.mail} ",
        ADA.uid[1:],
    ],
    ids=["address", "user name", "alias", "address in capitals", "address in blanks", "album number"],
)
def test_a_student_signs_in_by_address_user_name_alias_or_album_number(browse: Browse, typed: str) -> None:
    browser = browse()
    way = browser.sign_in(ADA, name=typed)
    assert way.location.startswith(f"{SERVICE}?ticket=ST-")
    assert user_in(browser.validate(way.ticket)) == ADA.mail


def test_staff_sign_in_too(browse: Browse) -> None:
    browser = browse()
    way = browser.sign_in(CLERK, name=CLERK.uid, service=f"{LIBRARY}/")
    assert user_in(browser.validate(way.ticket, f"{LIBRARY}/")) == CLERK.uid


def test_the_service_is_told_who_the_student_is(browse: Browse) -> None:
    browser = browse()
    answer = browser.validate(browser.sign_in(ADA).ticket)
    assert attributes_in(answer) == {
        "mail": [ADA.mail],
        "employeeNumber": [ADA.uid[1:]],
        "cn": ["Zośka Próbna"],
        "givenName": ["Zośka"],
        "sn": ["Próbna"],
    }


def test_a_name_with_markup_in_it_forges_nothing(browse: Browse) -> None:
    browser = browse()
    found = attributes_in(browser.validate(browser.sign_in(FORGER).ticket))
    assert found["employeeNumber"] == [FORGER.uid[1:]]
    assert found["givenName"] == [FORGER.given_name]


def test_all_versions_of_the_protocol_answer(browse: Browse) -> None:
    browser = browse()
    assert browser.validate(browser.sign_in(ADA).ticket, how="validate") == f"yes\n{ADA.mail}\n"
    assert user_in(browser.validate(browser.form().ticket, how="serviceValidate")) == ADA.mail
    assert user_in(browser.validate(browser.form().ticket, how="p3/serviceValidate")) == ADA.mail


def test_whoever_is_signed_in_is_not_asked_again(browse: Browse) -> None:
    browser = browse()
    browser.sign_in(ADA)
    assert browser.form(f"{LIBRARY}/").ticket.startswith("ST-")


def test_gateway_asks_nobody(browse: Browse) -> None:
    browser = browse()
    assert browser.form(gateway="true").location == SERVICE
    browser.sign_in(ADA)
    assert browser.form(gateway="true").ticket.startswith("ST-")
    assert browse().form("https://evil.example/", gateway="true").location == ""


def test_renew_asks_again(browse: Browse) -> None:
    browser = browse()
    fresh = browser.sign_in(ADA)
    assert user_in(browser.validate(fresh.ticket, renew="true")) == ADA.mail
    old = browser.form()
    time.sleep(6)
    later = browser.form()
    assert refusal_in(browser.validate(later.ticket, renew="true")) == "INVALID_TICKET"
    assert "ticket" not in browser.form(renew="true").location
    assert old.ticket


@pytest.mark.parametrize(
    "service",
    [
        "https://evil.example/",
        f"{USOSWEB}.evil.example/",
        f"{USOSWEB}@evil.example/",
        f"https://evil.example/?x={USOSWEB}/",
        USOSWEB.replace("https", "http") + "/",
        f"{USOSWEB}:8443/",
        "javascript:alert(1)",
    ],
)
def test_an_undeclared_service_gets_nobody(browse: Browse, service: str) -> None:
    browser = browse()
    browser.sign_in(ADA)
    page = browser.form(service)
    assert page.location == ""
    assert "ST-" not in page.text


def test_a_ticket_counts_once(browse: Browse) -> None:
    browser = browse()
    ticket = browser.sign_in(ADA).ticket
    assert user_in(browser.validate(ticket)) == ADA.mail
    assert refusal_in(browser.validate(ticket)) == "INVALID_TICKET"


def test_a_ticket_counts_for_its_service_only(browse: Browse) -> None:
    browser = browse()
    ticket = browser.sign_in(ADA).ticket
    assert refusal_in(browser.validate(ticket, f"{LIBRARY}/")) == "INVALID_SERVICE"
    assert refusal_in(browser.validate(ticket)) == "INVALID_TICKET"


@pytest.mark.parametrize("ticket", ["ST-" + "0" * 64, "ST-1", "PT-1", "x", "ST-' OR '1'='1", "ST-<x>"])
def test_a_forged_ticket_names_nobody(browse: Browse, ticket: str) -> None:
    assert refusal_in(browse().validate(ticket)) == "INVALID_TICKET"


def test_who_has_no_mailbox_is_not_let_into_usosweb(browse: Browse) -> None:
    browser = browse()
    page = browser.sign_in(NEWCOMER)
    assert page.location == ""
    assert "po założeniu skrzynki pocztowej" in page.text
    assert user_in(browser.validate(browser.form(f"{LIBRARY}/").ticket, f"{LIBRARY}/")) == NEWCOMER.uid


@pytest.mark.parametrize("url", ["https://evil.example/", f"{USOSWEB}.evil.example/", "//evil.example/"])
def test_logout_leads_to_no_foreign_site(browse: Browse, url: str) -> None:
    browser = browse()
    browser.sign_in(ADA)
    assert "evil" not in browser.get(f"/cas/logout?service={quote(url, safe='')}").location
    assert "evil" not in browse().get(f"/cas/logout?service={quote(url, safe='')}").location
    assert "evil" not in browse().get(f"/?logout=1&url={quote(url, safe='')}").location


def test_after_logout_the_password_is_asked_for(browse: Browse) -> None:
    browser = browse()
    browser.sign_in(ADA)
    assert browser.get(f"/cas/logout?service={quote(USOSWEB + '/', safe='')}").location == f"{USOSWEB}/"
    assert browser.form().asks


def test_a_ticket_that_was_not_taken_before_the_logout_is_void(browse: Browse) -> None:
    browser = browse()
    ticket = browser.sign_in(ADA).ticket
    browser.get("/?logout=1")
    assert user_in(browser.validate(ticket)) is None


@pytest.mark.parametrize(
    "name", ["*", "s77*", "s7)(uid=*", "(|(uid=*))", "", "\x00", "ada\r\nSet-Cookie: x=1", "ą" * 300]
)
def test_a_strange_name_opens_nothing(browse: Browse, name: str) -> None:
    browser = browse()
    page = browser.send(browser.form(), user=name, password=ADA.password)
    assert page.location == ""
    assert page.asks
    assert page.answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/cas/login?service=" + quote(f"{USOSWEB}/\r\nSet-Cookie: forged=1", safe=""),
        "/?lang=en%0d%0aSet-Cookie:%20forged=1",
        "/cas/logout?service=" + quote(f"{USOSWEB}/\r\nX-Forged: 1", safe=""),
    ],
)
def test_no_header_can_be_injected(browse: Browse, path: str) -> None:
    browser = browse()
    browser.sign_in(ADA)
    answer = browser.get(path).answer
    assert "forged" not in answer.cookies
    assert "x-forged" not in answer.headers


def test_markup_in_an_address_stays_text(browse: Browse) -> None:
    page = browse().get(
        '/cas/login?service=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&lang=en&x="><script>alert(1)</script>'
    )
    assert "<script>alert" not in page.text


def test_a_locked_account_and_an_unknown_name_are_answered_like_a_wrong_password(browse: Browse) -> None:
    answers = []
    for name, password in (
        (ADA.mail, "nie to hasło"),
        (LOCKED.mail, LOCKED.password),
        (f"nobody.{RUN}@{MAIL}", "nie to hasło"),
    ):
        browser = browse()
        page = browser.send(browser.form(), user=name, password=password)
        answers.append(_without_what_differs(page, name))
    assert answers[0] == answers[1] == answers[2]
    assert "Niepoprawny identyfikator lub hasło" in answers[0]


def _without_what_differs(page: Page, name: str) -> str:
    text = page.text.replace(name, "NAME")
    for value in page.fields.values():
        text = text.replace(f'"{value}"', '"VALUE"') if value else text
    return text


def test_an_unknown_name_takes_as_long_as_a_wrong_password(browse: Browse) -> None:
    """Medians of interleaved tries; the password's comparison alone takes about 25 ms, which would be missing."""
    known, unknown, times = (ADA, FORGER, NEWCOMER, LOCKED, CHANGER), [f"nobody{n}.{RUN}@{MAIL}" for n in range(10)], []
    names = [name for person in known for name in (person.uid, f"{person.uid}@{MAIL}")]
    for pair in zip(names, unknown, strict=True):
        times.append([_seconds(browse(), name) for name in pair])
    ratio = statistics.median(each[1] for each in times) / statistics.median(each[0] for each in times)
    assert 0.6 < ratio < 1.7, f"unknown names take {ratio:.2f} of the time of known ones"


def _seconds(browser: Browser, name: str) -> float:
    form = browser.form()
    begun = time.monotonic()
    assert "Niepoprawny" in browser.send(form, user=name, password="nie to hasło").text
    return time.monotonic() - begun


def test_wrong_tries_are_slowed_down_and_strangers_cannot_lock_a_student_out(browse: Browse) -> None:
    own = browse()
    assert own.sign_in(VICTIM).ticket
    own.get("/?logout=1")

    refused = 0
    for _ in range(12):
        stranger = browse()
        page = stranger.send(stranger.form(), user=VICTIM.mail, password="zgadywane")
        refused += "Za dużo prób" in page.text
    assert refused >= 8

    guessed = browse()
    assert "Za dużo prób" in guessed.sign_in(VICTIM).text
    assert own.sign_in(VICTIM).ticket, (
        "the student's own browser is not held up, and the directory has not barred the entry"
    )


def test_unknown_names_are_slowed_down_alike(browse: Browse) -> None:
    seen = []
    for _ in range(6):
        browser = browse()
        seen.append(
            "Za dużo prób" in browser.send(browser.form(), user=f"ghost.{RUN}@{MAIL}", password="zgadywane").text
        )
    assert seen == [False] * 4 + [True] * 2


def test_many_forms_from_one_address_are_refused(browse: Browse) -> None:
    browser = browse()
    form = browser.form()
    with ThreadPoolExecutor(16) as pool:
        codes = set(pool.map(lambda _: browser.send(form, user="x", password="y").answer.status_code, range(300)))
    assert 429 in codes
    assert browser.form().answer.status_code == 200, "pages are still shown"


def test_a_changed_password_counts_at_once(browse: Browse, directory: Host, lab: Lab) -> None:
    browser = browse()
    assert browser.sign_in(CHANGER).ticket
    browser.get("/?logout=1")
    set_password(directory, CHANGER, "Nowe haslo 9 buków", lab.secret("vault_directory_portal_password"))
    assert browser.sign_in(CHANGER).asks
    form = browser.form()
    assert browser.send(form, user=CHANGER.mail, password="Nowe haslo 9 buków").ticket


def test_a_password_that_must_be_changed_leads_to_the_portal(browse: Browse, directory: Host) -> None:
    modify(directory, CLERK, "pwdReset", "TRUE")
    try:
        page = browse().sign_in(CLERK, name=CLERK.uid)
    finally:
        modify(directory, CLERK, "pwdReset")
    assert page.location == ""
    assert "Ustaw własne hasło w portalu" in page.text
    assert "newpassword" not in page.text


def test_warn_asks_at_the_second_service(browse: Browse) -> None:
    browser = browse()
    assert browser.sign_in(ADA, warn="true").ticket, "the service for which the password was typed opens at once"
    question = browser.form(f"{LIBRARY}/")
    assert "Czy zalogować do serwisu" in question.text
    assert question.ticket == ""
    yes, no = question.buttons
    assert user_in(browser.validate(browser.send(question, confirm=yes).ticket, f"{LIBRARY}/")) == ADA.uid
    refused = browser.send(browser.form(f"{LIBRARY}/"), confirm=no)
    assert refused.ticket == ""
    assert "Nie zalogowano do serwisu" in refused.text


def test_nobody_agrees_in_ones_place(browse: Browse) -> None:
    browser = browse()
    browser.sign_in(ADA, warn="true")
    fields = browser.form(f"{LIBRARY}/").fields
    assert browser.form(f"{LIBRARY}/", confirm="1", **fields).ticket == "", "not by a link"
    foreign = browser.send(browser.form(f"{USOSWEB}/inny"), confirm="1", agreed=fields["agreed"])
    assert foreign.ticket == "", "not with the consent to another service"


def test_a_form_can_be_sent_once(browse: Browse) -> None:
    browser = browse()
    form = browser.form()
    browser.send(form, user=ADA.mail, password="nie to hasło")
    again = browser.send(form, user=ADA.mail, password=ADA.password)
    assert again.ticket == ""
    assert "Zaloguj się jeszcze raz" in again.text


def test_cookies_stay_here(browse: Browse) -> None:
    browser = browse()
    set_cookies = browser.sign_in(ADA).answer.headers.get_list("set-cookie")
    kept = [each for each in set_cookies if each.startswith(("sso=", "known-"))]
    assert len(kept) == 2
    for each in kept:
        lowered = each.lower()
        assert "secure" in lowered and "httponly" in lowered and "samesite=lax" in lowered
        assert "domain=" not in lowered


def test_headers_keep_pages_safe(browse: Browse) -> None:
    headers = browse().form().answer.headers
    assert "max-age=" in headers["strict-transport-security"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "*" not in policy
    assert f"form-action 'self' {USOSWEB}" in policy
    assert "no-store" in headers["cache-control"]


def test_what_is_not_for_the_public_is_not_there(browse: Browse) -> None:
    for path in (
        "/checkstate",
        "/sessions/global/x",
        "/config/latest",
        "/notifications",
        "/mysession/?whoami",
        "/index.psgi",
    ):
        answer = browse().get(path).answer
        assert answer.status_code in {200, 302, 404}
        assert "whoami" not in answer.text.lower() and '"result"' not in answer.text
    assert browse().get("/healthz").answer.status_code == 403


def test_logs_name_no_tickets_and_no_addresses(browse: Browse, host: HostNamed) -> None:
    browser = browse()
    ticket = browser.sign_in(ADA).ticket
    browser.validate(ticket)
    for node in ("web1", "web2"):
        log = host(node).file("/var/log/nginx/sso.access.log").content_string
        assert "/cas/login 302" in log
        for private in (ticket, "service=", "10.77.0.1", ADA.mail):
            assert private not in log


def test_a_node_dies_in_mid_login_and_the_other_goes_on(browse: Browse, lab: Lab) -> None:
    browser = browse()
    assert browser.sign_in(ADA).ticket
    newcomer = browse()
    form = newcomer.form()
    for name, other in (("web1", "web2"), ("web2", "web1")):
        lab.host(name).kill()
        try:
            way = newcomer.send(form, user=ADA.mail, password=ADA.password) if name == "web1" else newcomer.form()
            assert user_in(newcomer.validate(way.ticket)) == ADA.mail, (
                f"{other} knows the form, the session and the ticket"
            )
            assert browser.form(f"{LIBRARY}/").ticket, "who was signed in still is"
        finally:
            lab.host(name).boot()
            lab.host(name).await_ssh()
        _until_both_serve(lab)


def _until_both_serve(lab: Lab) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        shown = lab.host("edge1").ssh("sudo estudent-balancer show").stdout
        if [line.split()[2] for line in shown.splitlines() if line.startswith("sso ")] == ["UP", "UP"]:
            return
        time.sleep(1)
    raise AssertionError(f"not all nodes serve again: {shown}")


def test_a_directory_server_dies_and_sign_in_goes_on(browse: Browse, lab: Lab) -> None:
    browser = browse()
    assert browser.sign_in(ADA).ticket
    lab.host("directory1").kill()
    try:
        begun = time.monotonic()
        assert browse().sign_in(ADA).ticket
        assert time.monotonic() - begun < 30
    finally:
        lab.host("directory1").boot()
        lab.host("directory1").await_ssh()
