"""The twelve things that go wrong at the start of a semester (facts/usos.md 5.4): each has a page that helps on."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.lifecycle import Standing
from estudent.domain.one_time_code import Purpose
from estudent.domain.person_name import PersonName
from estudent.domain.student import MailboxState, Student
from estudent.ports import Sighting
from tests.contract.registry_world import a_feed, an_admission, an_application, nrb
from tests.portal.letters import code_of
from tests.portal.world import DOMAIN, NUMBERS, Portal, pesel_of

pytestmark = pytest.mark.enable_socket

PASSWORD = "correct horse battery staple"
OFFICE = "cos@uczelnia.example"


def text(page: TestResponse) -> str:
    """Return what people read of a page, in one line."""
    html = page.get_data(as_text=True).replace("<wbr>", "")
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def guide(portal: Portal, trouble: str) -> str:
    """Return what the guide says of a trouble."""
    page = portal.browser().get("/help/troubles").get_data(as_text=True)
    found = re.search(rf'<section id="{trouble}".*?</section>', page, re.DOTALL)
    assert found, f"the guide does not speak of {trouble}"
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def with_mailbox(portal: Portal, **changes: Any) -> Student:
    """Return a student whose mailbox works."""
    student = portal.a_student(in_directory=False, **changes)
    portal.campus.students.observe_activations([student.key])
    portal.campus.ask_for_mailbox.ask(student.album, f"a.{student.album}")
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.VERIFIED, f"id-{student.album}")])
    return portal.load(str(student.album))


def claim(portal: Portal, whose: Student, **changes: str) -> TestResponse:
    album = str(whose.album)
    typed = {"album": album, "family_name": "Zak", "evidence": "pesel", "pesel": pesel_of(album).digits}
    return portal.submit(portal.browser(), "/create/data", **(typed | changes))


def admit_again(portal: Portal, whose: Student, **changes: Any) -> None:
    """Let recruitment send the student once more, with the right PESEL."""
    wanted: dict[str, Any] = {"album": whose.album, "pesel": pesel_of(str(whose.album)), "email": whose.email}
    application = an_application(str(whose.album), **(wanted | changes))
    feed = portal.registry.admissions.open(a_feed(f"poprawka-{whose.album}.csv", f"digest {whose.album}"))
    portal.registry.admissions.begin_to_admit(feed, [an_admission(application, whose.key, b"\x02" * 32)])()


def test_1_before_the_migration_usosweb_is_not_offered_and_unknown_user_is_explained(portal: Portal) -> None:
    steps = portal.signed_in(with_mailbox(portal, usos_id=next(NUMBERS))).get("/steps")
    assert "Until then USOSweb does not know you: please do not try yet" in text(steps)
    assert "Go to USOSweb" not in text(steps)
    assert "Try again after the next migration" in guide(portal, "unknown-user")


def test_2_who_is_not_immatriculated_yet_learns_that_the_dean_s_office_has_the_turn(portal: Portal) -> None:
    steps = portal.signed_in(with_mailbox(portal)).get("/steps")
    assert "the dean's office must enter you (immatriculation)" in text(steps)
    assert "the dean's office enrols you" in guide(portal, "not-admitted")


def test_3_a_wrong_pesel_leads_to_the_office_and_works_as_soon_as_it_is_corrected(portal: Portal) -> None:
    whose = portal.a_student(pesel=pesel_of("9999"))
    refused = text(claim(portal, whose))
    assert "Corrected data work within minutes" in refused and OFFICE in refused
    admit_again(portal, whose)
    assert claim(portal, whose).location == "/create/code"


def test_3_whose_recruitment_mail_is_stale_gets_a_code_at_the_office(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    album = str(whose.album)
    typed = {"album": album, "family_name": "Zak", "evidence": "pesel", "pesel": pesel_of(album).digits}
    portal.submit(browser, "/create/data", **typed)
    page = browser.get("/create/code")
    assert "If this is not your address any more" in text(page) and 'href="/create/office-code"' in page.text
    code = portal.campus.issue_code(whose.album, "jkowalska")
    opened = portal.submit(portal.browser(), "/create/office-code", album=album, code=code)
    assert opened.location == "/create/password"


def test_4_a_second_programme_keeps_the_account_and_its_password(portal: Portal) -> None:
    whose = portal.a_student(active=True)
    said = text(claim(portal, whose))
    assert "You keep the account that you have" in said and "also for a second programme" in said
    assert portal.campus.passwords.verify(str(whose.album), PASSWORD).accepted
    assert "You keep your old account" in guide(portal, "second-programme")


def test_5_the_long_number_of_the_student_card_is_recognised_as_another_one(portal: Portal) -> None:
    said = text(claim(portal, portal.a_student(), album="04A1B2C3D4E5F680"))
    assert "An album number has 3 to 7 digits. The long number of your student card is another one." in said
    assert "The long number on the card" in guide(portal, "which-number")


def test_6_a_new_password_works_at_once_and_waiting_for_the_mailbox_is_honest(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    album = str(whose.album)
    typed = {"album": album, "family_name": "Zak", "evidence": "pesel", "pesel": pesel_of(album).digits}
    portal.submit(browser, "/create/data", **typed)
    portal.submit(browser, "/create/code", "/create/code", code=code_of(portal, Purpose.EMAIL))
    portal.submit(browser, "/create/password", password=PASSWORD, password_again=PASSWORD)
    assert portal.submit(portal.browser(), "/", "/sign-in", name=album, password=PASSWORD).location == "/steps"
    portal.campus.ask_for_mailbox.ask(whose.album, f"b.{album}")
    assert "usually takes under 30 minutes. You can close this page" in text(browser.get("/mailbox"))


def test_7_passwords_do_not_expire_and_one_that_must_be_changed_says_so(portal: Portal) -> None:
    whose = portal.a_student(active=True)
    name = f"uid={whose.album.login},ou=people,{portal.slapd.suffix}"
    portal.slapd.manage(f"dn: {name}\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n")
    browser = portal.browser()
    assert portal.submit(browser, "/", "/sign-in", name=str(whose.album), password=PASSWORD).location == "/password"
    assert "You must choose a new password before you go on" in text(browser.get("/password"))
    assert "Passwords do not expire here" in guide(portal, "locked")


@pytest.mark.parametrize("name", ["{album}", "s{album}", "S{album}", f"s{{album}}@{DOMAIN}", f" s{{album}}@{DOMAIN} "])
def test_8_the_user_name_is_understood_with_the_suffix_and_without(portal: Portal, name: str) -> None:
    whose = portal.a_student(active=True)
    typed = name.format(album=whose.album)
    assert portal.submit(portal.browser(), "/", "/sign-in", name=typed, password=PASSWORD).location == "/steps"


def test_9_whoever_paid_into_a_wrong_account_is_told_what_to_do_and_which_is_the_own(portal: Portal) -> None:
    whose = portal.a_student(in_directory=False, account_number=nrb(next(NUMBERS)))
    page = text(portal.signed_in(whose).get("/fees"))
    assert "Never pay into another student's account" in page
    assert "I have paid into a wrong account" in page and OFFICE in page
    assert "Write to COS at once" in guide(portal, "wrong-account")


def test_10_a_new_surname_arrives_by_itself_and_the_user_name_stays(portal: Portal) -> None:
    whose = portal.a_student(active=True)
    admit_again(portal, whose, name=PersonName("Nowakowska", "Łucja"))
    browser = portal.browser()
    portal.submit(browser, "/", "/sign-in", name=whose.album.login, password=PASSWORD)
    assert "Nowakowska" in text(browser.get("/account")) and whose.album.login in text(browser.get("/account"))
    assert "Your name changes everywhere by itself" in guide(portal, "new-name")


def test_11_a_foreigner_without_a_pesel_comes_in_by_the_document(portal: Portal) -> None:
    document = IdentityDocument(DocumentKind.PASSPORT, "AB 123456", "UA")
    whose = portal.a_student(pesel=None, document=document, birth_date=date(2006, 5, 4))
    typed = {"evidence": "document", "document_kind": "passport", "document_number": "ab123456", "country": "UA"}
    assert claim(portal, whose, **typed, birth_date="4.05.2006").location == "/create/code"
    assert "You do not need one" in guide(portal, "no-pesel")


def test_12_a_graduate_who_wants_in_for_some_days_is_sent_to_the_office(portal: Portal) -> None:
    whose = portal.a_student(standing=Standing.GRADUATED)
    said = text(claim(portal, whose))
    assert "This account is closed" in said and OFFICE in said
    refused = portal.submit(portal.browser(), "/", "/sign-in", name=str(whose.album), password=PASSWORD)
    assert refused.status_code == 403 and OFFICE in text(refused)
    assert "Your account ends with your studies" in guide(portal, "graduate")
