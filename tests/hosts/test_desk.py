"""The desk's sign-in at the university's own LemonLDAP::NG, which is no stand-in of ours."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from testinfra.host import Host

from lab.network import BRIDGE
from tests.hosts.conftest import HostNamed
from tests.hosts.signing_on import MAIL, SSO, SUFFIX, Browser, Page, Person, change, enrolled, trust

PORTAL = "https://estudent.uczelnia.example"
CLERK = Person("p.okienkowa", staff=True, given_name="Paulina", surname="Okienkowa")
STUDENT = Person("s7800001", mail=f"ciekawski@{MAIL}")
SOURCES = (f"10.77.0.{number}" for number in count(230))
Browse = Callable[[], Browser]


@pytest.fixture(scope="module", autouse=True)
def people(host: HostNamed) -> Iterator[None]:
    directory = host("directory1")
    with enrolled(directory, CLERK, STUDENT):
        _membership(directory, "add")
        yield
        _membership(directory, "delete")


def _membership(directory: Host, what: str) -> None:
    group = f"dn: cn=desk-clerks,ou=groups,{SUFFIX}\nchangetype: modify"
    change(directory, "ldapmodify", f"{group}\n{what}: member\nmember: {CLERK.name}\n")


@pytest.fixture(scope="module")
def trusted(host: HostNamed) -> ssl.SSLContext:
    return trust(host("edge1"))


@pytest.fixture
def browse(trusted: ssl.SSLContext) -> Iterator[Browse]:
    opened: list[Browser] = []

    def browser() -> Browser:
        source = next(SOURCES)
        subprocess.run(["ip", "address", "replace", f"{source}/24", "dev", BRIDGE], check=True)
        opened.append(Browser(trusted, source))
        return opened[-1]

    yield browser
    for each in opened:
        each.client.close()


def press(browser: Browser, page: Page, action: str) -> Page:
    """Send the portal's form that goes to this address, and follow to where it leads."""
    token = {"csrf_token": page.fields["csrf_token"], "next": ""}
    sent = browser.client.post(f"{PORTAL}{action}", data=token, headers={"Referer": f"{PORTAL}/"})
    return browser.follow(Page(sent))


def enter(browser: Browser, person: Person) -> Page:
    """Press the desk's button, and sign in where it leads."""
    form = press(browser, browser.visit(f"{PORTAL}/desk/login"), "/desk/oidc/start")
    assert str(form.answer.url).startswith(SSO) and form.asks
    return browser.follow(browser.send(form, user=person.uid, password=person.password))


def is_in(browser: Browser) -> bool:
    return browser.client.get(f"{PORTAL}/desk/").status_code == 200


def test_a_clerk_signs_in_with_the_university_account(browse: Browse) -> None:
    browser = browse()
    page = enter(browser, CLERK)
    assert str(page.answer.url) == f"{PORTAL}/desk/"
    assert "Okienkowa" in page.text


def test_whoever_is_signed_in_already_types_no_password(browse: Browse) -> None:
    browser = browse()
    enter(browser, CLERK)
    browser.client.cookies.delete("__Host-estudent")
    page = press(browser, browser.visit(f"{PORTAL}/desk/login"), "/desk/oidc/start")
    assert str(page.answer.url) == f"{PORTAL}/desk/"


def test_a_student_reads_that_the_desk_is_not_for_students(browse: Browse) -> None:
    browser = browse()
    page = enter(browser, STUDENT)
    assert page.answer.status_code == 403
    assert STUDENT.uid in page.text
    assert not is_in(browser)


def test_signing_out_at_the_desk_signs_out_of_the_single_sign_on(browse: Browse) -> None:
    browser = browse()
    question = press(browser, enter(browser, CLERK), "/sign-out")
    assert str(question.answer.url).startswith(SSO)
    assert not is_in(browser)
    back = browser.follow(browser.send(question, confirm=question.buttons[0]))
    assert str(back.answer.url) == f"{PORTAL}/desk/login"
    assert browser.form().asks


def test_signing_out_of_the_single_sign_on_ends_the_desk_s_session(browse: Browse) -> None:
    browser, other = browse(), browse()
    enter(browser, CLERK)
    enter(other, CLERK)
    browser.follow(browser.get("/?logout=1"))
    assert (is_in(browser), is_in(other)) == (False, True)
