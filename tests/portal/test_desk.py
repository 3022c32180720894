"""The desk: who may come in, whom one finds, what one sees of a student, and what one can do for them."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from estudent.adapters.registry import tables
from estudent.domain.album_number import AlbumNumber
from estudent.domain.enablement import LinkSight
from estudent.domain.outcome import Result
from estudent.domain.person_name import PersonName
from estudent.domain.student import LinkState, MailboxState, Student, Study
from estudent.portal.desk.words import MAILBOXES
from estudent.ports import JournalEntry, Role, Sighting, StaffMember
from estudent.settings import DirectorySettings, LetterSettings
from sandbox.slapd import Slapd
from tests.contract.registry_world import START, a_feed, a_rejection, an_application
from tests.contract.test_post import Sink, started
from tests.portal.world import TRIES_UNTIL_BARRED, Portal, a_portal, form_in, pesel_of

pytestmark = pytest.mark.enable_socket

READER = StaffMember("ereader", "Ewa Reader", Role.READER)
CLERK = StaffMember("jkowalska", "Joanna Kowalska", Role.CLERK)
ADMINISTRATOR = StaffMember("aadmin", "Adam Admin", Role.ADMINISTRATOR)
WHY = "the student showed the card"
ACTS = ("contact", "letter", "unlock", "mailbox", "link", "code")
PAGES = ("/desk/", "/desk/board", "/desk/board.svg", "/desk/rejections", "/desk/rejections.csv")
HOSTILE = ("' OR 1=1 --", "*)(uid=*", "{{7*7}}", "\u202ea", "🙂" * 100, "%", "x" * 254, "<script>alert(1)</script>")


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with started(tmp_path_factory.mktemp("mail")) as sink:
        yield sink


@pytest.fixture
def with_post(slapd: Slapd, migrated: Path, tmp_path: Path, sink: Sink) -> Iterator[Portal]:
    """A portal whose letters arrive."""
    letters = LetterSettings(host="127.0.0.1", port=sink.port, security="none", sender="estudent@uczelnia.example")
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), letters=letters)
    yield portal
    portal.campus.close()


def act(
    portal: Portal, album: object, what: str, by: StaffMember = CLERK, reason: str = WHY, **typed: str
) -> TestResponse:
    """Fill in one of the forms of a student's page and send it."""
    browser = portal.at_the_desk(by)
    _, hidden = form_in(browser.get("/desk/").get_data(as_text=True), "/desk/students")
    fields = {f"{what}-{name}": value for name, value in ({"reason": reason} | typed).items()}
    return browser.post(f"/desk/student/{album}/{what}", data=hidden | fields)


def told(portal: Portal, answer: TestResponse, browser: FlaskClient) -> str:
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return page(browser.get(answer.headers["Location"]))


def page(answer: TestResponse) -> str:
    assert answer.status_code in (200, 400), answer.status
    return unescape(answer.get_data(as_text=True))


def journal(portal: Portal, student: Student) -> list[tuple[str, str, str]]:
    """Return what the desk did for a student: step, who, and what was noted."""
    lines = portal.campus.journal.of(student.key)
    return [(line.step, line.actor, line.detail) for line in lines if line.system == "desk"]


def search(portal: Portal, text: str, by: StaffMember = READER) -> TestResponse:
    return portal.submit(portal.at_the_desk(by), "/desk/", "/desk/students", text=text)


class TestRoles:
    @pytest.mark.parametrize("address", [*PAGES, "/desk/log", "/desk/board.csv", "/desk/student/200001"])
    def test_a_stranger_and_a_student_are_led_to_the_desk_s_sign_in(self, portal: Portal, address: str) -> None:
        for browser in (portal.browser(), portal.signed_in(portal.a_student(in_directory=False))):
            answer = browser.get(address)
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith(("/desk/login", "#"))

    @pytest.mark.parametrize("address", PAGES)
    @pytest.mark.parametrize("member", [READER, CLERK, ADMINISTRATOR], ids=lambda member: member.role.value)
    def test_all_staff_see_the_desk(self, portal: Portal, address: str, member: StaffMember) -> None:
        assert portal.at_the_desk(member).get(address).status_code == 200

    def test_only_an_administrator_sees_what_the_staff_did(self, portal: Portal) -> None:
        answers = {each.role: portal.at_the_desk(each).get("/desk/log") for each in (READER, CLERK, ADMINISTRATOR)}
        assert [answer.status_code for answer in answers.values()] == [403, 403, 200]
        assert "this page needs other rights" in answers[Role.CLERK].get_data(as_text=True)

    def test_a_reader_exports_nobody_s_data(self, portal: Portal) -> None:
        assert portal.at_the_desk(READER).get("/desk/board.csv").status_code == 403
        assert portal.at_the_desk(CLERK).get("/desk/board.csv").status_code == 200

    def test_a_reader_is_offered_no_act(self, portal: Portal) -> None:
        student = portal.a_student()
        address = f"/desk/student/{student.album}"
        assert "What you can do" not in page(portal.at_the_desk(READER).get(address))
        assert "What you can do" in page(portal.at_the_desk(CLERK).get(address))

    @pytest.mark.parametrize("what", ACTS)
    def test_a_reader_s_act_is_refused_and_changes_nothing(self, portal: Portal, what: str) -> None:
        student = portal.a_student(in_directory=False)
        answer = act(portal, student.album, what, READER, email="new@example.org", checked="y")
        assert answer.status_code == 403
        assert journal(portal, student) == []
        assert portal.load(str(student.album)).email == student.email

    @pytest.mark.parametrize("what", ACTS)
    def test_a_forged_form_changes_nothing(self, portal: Portal, what: str) -> None:
        student = portal.a_student(in_directory=False)
        fields = {f"{what}-reason": WHY, f"{what}-email": "evil@example.org", f"{what}-checked": "y"}
        answer = portal.at_the_desk(CLERK).post(f"/desk/student/{student.album}/{what}", data=fields)
        assert answer.status_code == 400
        assert journal(portal, student) == []


class TestPages:
    @pytest.mark.parametrize("language", ["pl", "en", "uk"])
    def test_every_page_renders_in_every_language(self, portal: Portal, language: str) -> None:
        student = portal.a_student()
        browser = portal.at_the_desk(ADMINISTRATOR, language)
        for address in (*PAGES, "/desk/log", "/desk/board?stage=letter", f"/desk/student/{student.album}"):
            answer = browser.get(address)
            assert answer.status_code == 200
            assert not re.search(r"%\(\w+\)s|Undefined|>None<|=\"None", answer.get_data(as_text=True))

    @pytest.mark.parametrize("address", ["/desk/student/999999", "/desk/student/abc", "/desk/student/1%27--"])
    def test_nobody_s_page_does_not_exist(self, portal: Portal, address: str) -> None:
        assert portal.at_the_desk(CLERK).get(address).status_code == 404

    def test_the_first_page_tells_of_today(self, portal: Portal) -> None:
        student = portal.a_student()
        portal.campus.attempts.note("activate", str(student.album), "s", "pesel_differs", student.key)
        text = page(portal.at_the_desk(READER).get("/desk/"))
        assert "the PESEL typed differs from recruitment's" in text
        assert "0 of 1" in text


class TestSearch:
    def test_one_student_s_page_opens_at_once_and_no_address_holds_a_name(self, portal: Portal) -> None:
        student = portal.a_student(name=PersonName("Wiśniewska", "Łucja"))
        for text in ("wisniewska lucja", str(student.album), student.email, f"s{student.album}@student.example.pl"):
            answer = search(portal, text)
            assert (answer.status_code, answer.headers["Location"]) == (303, f"/desk/student/{student.album}")

    def test_several_people_are_listed_with_where_they_are(self, portal: Portal) -> None:
        for given in ("Anna", "Ewa"):
            portal.a_student(in_directory=False, name=PersonName("Nowak", given))
        text = page(search(portal, "nowak"))
        assert "2 people found" in text and "Anna Nowak" in text and "waits for the letter" in text

    def test_who_has_no_album_number_yet_is_listed_without_a_page(self, portal: Portal) -> None:
        portal.registry.take_in(an_application(None, of=7))
        text = page(search(portal, "K7"))
        assert "not known yet" in text and "waits for the album number" in text
        assert "/desk/student/" not in text

    def test_a_candidate_whose_row_was_refused_is_found_by_that(self, portal: Portal) -> None:
        number = portal.registry.admissions.open(a_feed())
        portal.registry.admissions.refuse(number, [a_rejection("K77")])
        text = page(search(portal, "k77"))
        assert "Nobody fits" in text and "1 refused fault" in text

    @pytest.mark.parametrize("text", ["07231412345", "PESEL 072314 12345", "0723-14-12345"])
    def test_what_looks_like_a_pesel_is_not_searched_and_not_shown_again(self, portal: Portal, text: str) -> None:
        shown = page(search(portal, text))
        assert "looks like a PESEL" in shown and text not in shown

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_text_finds_nobody_and_stays_text(self, portal: Portal, text: str) -> None:
        portal.a_student(in_directory=False)
        answer = search(portal, text)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.get_data(as_text=True)

    @pytest.mark.parametrize("text", ["", " ", "\x00", "\u202e", "a\x07b", "x" * 10_000])
    def test_what_cannot_be_meant_is_asked_for_again(self, portal: Portal, text: str) -> None:
        answer = search(portal, text)
        assert answer.status_code == 400 and 'role="alert"' in answer.get_data(as_text=True)

    def test_reloading_the_results_leads_back_to_the_search(self, portal: Portal) -> None:
        answer = portal.at_the_desk(READER).get("/desk/students?q=Nowak")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/")


class TestCard:
    def test_a_student_whose_pesel_differs_is_understood(self, portal: Portal) -> None:
        student = portal.a_student()
        sent(portal, student)
        portal.campus.attempts.note("activate", str(student.album), "s", "pesel_differs", student.key)
        text = page(portal.at_the_desk(READER).get(f"/desk/student/{student.album}"))
        assert "The student tried to activate the account and failed." in text
        assert text.count("the PESEL typed differs from recruitment's") == 2

    def test_nothing_of_pesel_document_or_password_is_shown(self, portal: Portal) -> None:
        student = portal.a_student(active=True)
        text = page(portal.at_the_desk(ADMINISTRATOR).get(f"/desk/student/{student.album}"))
        person = next(each for each in portal.registry.rows(tables.person) if each["email"] == student.email)
        assert person["pesel_hash"] not in text and pesel_of(str(student.album)).digits not in text
        assert "argon2" not in text.lower() and str(person["birth_date"]) not in text

    def test_a_refused_row_of_the_student_is_shown_with_its_remedy(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False, candidate="K-refused")
        number = portal.registry.admissions.open(a_feed(name="<b>.csv"))
        portal.registry.admissions.refuse(
            number, [a_rejection("K-refused", 17, masked="9… (11)", detail="check digit")]
        )
        answer = portal.at_the_desk(READER).get(f"/desk/student/{student.album}")
        assert "copy the 11 digits from the document" in page(answer)
        assert "<b>.csv" not in answer.get_data(as_text=True)
        polish = portal.at_the_desk(READER, "pl").get(f"/desk/student/{student.album}")
        assert "przepisać 11 cyfr z dokumentu" in page(polish)

    def test_markup_in_what_recruitment_sent_stays_text(self, portal: Portal) -> None:
        study = Study("<i>INF", "<script>alert(1)</script>", START.date())
        student = portal.a_student(in_directory=False, study=study)
        for address in (f"/desk/student/{student.album}", "/desk/board"):
            assert "<script>alert" not in portal.at_the_desk(CLERK).get(address).get_data(as_text=True)

    def test_without_the_directory_the_rest_of_the_page_is_there(
        self, slapd: Slapd, migrated: Path, tmp_path: Path
    ) -> None:
        nowhere = DirectorySettings(uris=["ldap://127.0.0.1:1"], password=SecretStr("x"), ca_file=slapd.ca_file)
        portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), directory=nowhere)
        student = portal.a_student(in_directory=False)
        text = page(portal.at_the_desk(CLERK).get(f"/desk/student/{student.album}"))
        assert "The directory does not answer right now" in text and student.email in text
        portal.campus.close()

    def test_the_journal_is_told_in_words_the_newest_line_first(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        refused = JournalEntry(student.key, "directory", "change mail display_name", Result.REFUSED, "is taken by s1")
        portal.campus.journal.note([refused])
        text = page(portal.at_the_desk(READER).get(f"/desk/student/{student.album}"))
        assert "The directory refused a change. (mail address, name shown)" in text
        assert text.index("refused a change") < text.index("Recruitment sent this student for the first time.")


def sent(portal: Portal, student: Student) -> None:
    """Note the album number letter as sent long ago."""
    for notice in portal.registry.letters.prepare(portal.registry.letters.due([student.key])):
        portal.registry.letters.sent(notice)
    portal.clock.turn(minutes=30)


class TestReasons:
    @pytest.mark.parametrize("what", ACTS)
    @pytest.mark.parametrize("reason", ["", "why", "x" * 201, "PESEL 07231412345", "0723 1412 345 is right", "bad\x00"])
    def test_an_act_needs_a_reason_without_personal_numbers(self, portal: Portal, what: str, reason: str) -> None:
        student = portal.a_student(in_directory=False)
        answer = act(portal, student.album, what, reason=reason, email="new@example.org", checked="y")
        assert answer.status_code == 400
        assert 'role="alert"' in answer.get_data(as_text=True)
        assert journal(portal, student) == []

    @pytest.mark.parametrize("what", ACTS)
    def test_an_act_for_nobody_is_not_found(self, portal: Portal, what: str) -> None:
        assert act(portal, "999999", what, email="new@example.org", checked="y").status_code == 404

    @pytest.mark.parametrize("what", ["contact", "code"])
    def test_the_clerk_must_know_who_it_is(self, portal: Portal, what: str) -> None:
        student = portal.a_student(in_directory=False)
        answer = act(portal, student.album, what, email="new@example.org")
        assert answer.status_code == 400 and "make sure who it is" in page(answer)
        assert journal(portal, student) == []


class TestContact:
    def test_a_correction_is_stored_noted_and_told(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False, email="typo@poczta.example")
        answer = act(portal, student.album, "contact", email="right@poczta.example", checked="y")
        assert answer.status_code == 303
        assert portal.load(str(student.album)).email == "right@poczta.example"
        ((step, actor, detail),) = journal(portal, student)
        assert (step, actor) == ("contact corrected", "staff jkowalska")
        assert WHY in detail and "typo@" not in detail and "right@" not in detail

    def test_the_same_correction_twice_is_one(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        for _ in range(2):
            act(portal, student.album, "contact", email="right@poczta.example", checked="y")
        assert len(journal(portal, student)) == 1

    @pytest.mark.parametrize(
        "email", ["nobody", "a@b", "a b@c.pl", "a@b.pl, c@d.pl", "a@b.pl\r\nBcc: c@d.pl", "x@student.example.pl", ""]
    )
    def test_what_is_no_contact_address_is_refused(self, portal: Portal, email: str) -> None:
        student = portal.a_student(in_directory=False)
        assert act(portal, student.album, "contact", email=email, checked="y").status_code == 400
        assert portal.load(str(student.album)).email == student.email

    def test_the_letter_goes_to_the_corrected_address_with_a_new_link(self, with_post: Portal, sink: Sink) -> None:
        student = with_post.a_student(in_directory=False)
        sent(with_post, student)
        before = with_post.registry.rows(tables.letter)[0]["token_hash"]
        act(with_post, student.album, "contact", email=f"right{student.album}@poczta.example", checked="y")
        arrived = sink.messages()[-1]
        assert arrived["envelope"]["to"] == [f"right{student.album}@poczta.example"]
        (letter,) = with_post.registry.rows(tables.letter)
        assert letter["token_hash"] != before and letter["sent_at"]

    def test_the_page_says_what_the_next_feed_does(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        text = page(portal.at_the_desk(CLERK).get(f"/desk/student/{student.album}"))
        assert "The next file of recruitment leaves your correction alone as long as" in text


class TestLetter:
    def test_the_letter_is_sent_again_at_once_with_the_same_link(self, with_post: Portal, sink: Sink) -> None:
        student = with_post.a_student(in_directory=False)
        sent(with_post, student)
        (before,) = with_post.registry.rows(tables.letter)
        answer = act(with_post, student.album, "letter")
        assert answer.status_code == 303
        assert sink.messages()[-1]["envelope"]["to"] == [student.email]
        (after,) = with_post.registry.rows(tables.letter)
        assert after["token_hash"] == before["token_hash"] and after["sent_at"] > before["sent_at"]
        assert [line[:2] for line in journal(with_post, student)] == [("letter asked for", "staff jkowalska")]

    def test_a_second_click_sends_no_second_letter(self, with_post: Portal, sink: Sink) -> None:
        student = with_post.a_student(in_directory=False)
        act(with_post, student.album, "letter")
        many = len(sink.messages())
        act(with_post, student.album, "letter")
        assert len(sink.messages()) == many
        assert len(journal(with_post, student)) == 1

    def test_a_refused_address_is_told_at_once_and_stands_on_the_page(self, with_post: Portal) -> None:
        student = with_post.a_student(in_directory=False, email="lost@gone.example")
        browser = with_post.at_the_desk(CLERK)
        _, hidden = form_in(browser.get("/desk/").get_data(as_text=True), "/desk/students")
        answer = browser.post(f"/desk/student/{student.album}/letter", data=hidden | {"letter-reason": WHY})
        text = told(with_post, answer, browser)
        assert "The mail server refuses this address; the letter was not sent." in text
        assert "The mail server refuses the letter. Correct the contact address." in text

    def test_without_a_mail_server_the_letter_stays_due(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        assert act(portal, student.album, "letter").status_code == 303
        assert [notice.student.key for notice in portal.registry.letters.due([student.key])] == [student.key]

    def test_who_is_active_needs_no_letter(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        portal.campus.students.observe_activations([student.key])
        assert act(portal, student.album, "letter").status_code == 303
        assert journal(portal, student) == []


class TestUnlocking:
    def test_a_lock_by_wrong_passwords_is_shown_and_ended(self, portal: Portal) -> None:
        student = portal.a_student(active=True)
        for _ in range(TRIES_UNTIL_BARRED):
            portal.campus.passwords.verify(student.album.login, "a wrong password")
        address = f"/desk/student/{student.album}"
        assert "Locked by wrong passwords" in page(portal.at_the_desk(CLERK).get(address))
        act(portal, student.album, "unlock")
        assert portal.campus.passwords.barrier(student.album) is None
        assert portal.campus.passwords.verify(student.album.login, "correct horse battery staple").accepted
        assert "Nothing bars the account" in page(portal.at_the_desk(CLERK).get(address))
        assert [line[0] for line in journal(portal, student)] == ["unlocked"]

    def test_waits_between_tries_end_although_there_is_no_lock(self, portal: Portal) -> None:
        student = portal.a_student(active=True)
        attempts, album = portal.campus.attempts, str(student.album)
        for _ in range(6):
            attempts.note("activate", album, "s", "pesel_differs", student.key)
        act(portal, student.album, "unlock")
        assert attempts.recent("activate", album, "elsewhere").by_subject == 0
        assert [line[0] for line in journal(portal, student)] == ["waits ended"]

    def test_who_has_not_activated_yet_stays_locked(self, portal: Portal) -> None:
        student = portal.a_student()
        act(portal, student.album, "unlock")
        barrier = portal.campus.passwords.barrier(student.album)
        assert barrier is not None and barrier.until is None


class TestCode:
    def test_a_code_is_shown_once_and_kept_nowhere(self, portal: Portal) -> None:
        student = portal.a_student()
        answer = act(portal, student.album, "code", checked="y")
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        code = re.search(r'class="number card">([^<]+)<', answer.get_data(as_text=True))
        assert code and re.fullmatch(r"[0-9A-Z]{5}-[0-9A-Z]{5}", code[1])
        kept = portal.registry.dump()
        assert code[1] not in kept and code[1].replace("-", "") not in kept
        assert ("code handed out", "staff jkowalska", WHY) in journal(portal, student)
        shown = page(portal.at_the_desk(CLERK).get(f"/desk/student/{student.album}"))
        assert code[1] not in shown and "handed out at the desk (jkowalska)" in shown

    def test_who_has_left_gets_none(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        with portal.campus.database.writing() as connection:
            connection.execute(tables.student.update().values(standing="resigned"))
        assert act(portal, student.album, "code", checked="y").status_code == 303
        assert portal.registry.count(tables.one_time_code) == 0


class TestMailbox:
    def test_a_stuck_request_is_served_at_once_and_once(self, portal: Portal) -> None:
        student = waiting_for_a_mailbox(portal)
        act(portal, student.album, "mailbox")
        act(portal, student.album, "mailbox")
        assert [each.student for each in portal.campus.outbox.claim(9)] == [student.key]
        assert [line[:2] for line in journal(portal, student)] == [("mailbox hurried", "staff jkowalska")]

    @pytest.mark.parametrize("state", MailboxState)
    def test_a_mailbox_is_told_of_wherever_it_is(self, portal: Portal, state: MailboxState) -> None:
        student = waiting_for_a_mailbox(portal)
        with portal.campus.database.writing() as connection:
            connection.execute(tables.mailbox.update().values(state=state.value))
        text = page(portal.at_the_desk(READER).get(f"/desk/student/{student.album}"))
        assert str(MAILBOXES[state]) in text

    def test_without_a_request_there_is_nothing_to_hurry(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        assert act(portal, student.album, "mailbox").status_code == 303
        assert portal.campus.outbox.waiting() == 0 and journal(portal, student) == []


class TestLink:
    def test_a_stuck_way_into_usos_shows_why_and_goes_on_at_once_and_once(self, portal: Portal) -> None:
        student = stuck_on_the_way_into_usos(portal, "the address belongs to another person in USOS")
        text = page(portal.at_the_desk(CLERK).get(f"/desk/student/{student.album}"))
        assert "The way into USOS is stuck" in text and "belongs to another person in USOS" in text
        for _ in range(2):
            assert act(portal, student.album, "link").status_code == 303
        assert [each.kind for each in portal.campus.outbox.claim(9)] == ["usos_link"]
        assert ("link retried", "staff jkowalska", WHY) in journal(portal, student)
        assert portal.load(str(student.album)).usos_state is LinkState.RETRIED

    def test_who_waits_is_not_stuck(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        portal.registry.usos.observe([LinkSight(student.key, LinkState.AWAITED, "usosapi")])
        assert act(portal, student.album, "link").status_code == 303
        assert portal.campus.outbox.waiting() == 0 and "link retried" not in str(journal(portal, student))


def stuck_on_the_way_into_usos(portal: Portal, problem: str) -> Student:
    student = waiting_for_a_mailbox(portal)
    sent(portal, student)
    portal.campus.students.observe_activations([student.key])
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.VERIFIED, f"id{student.album}")])
    with portal.campus.database.writing() as connection:
        connection.execute(tables.person.update().values(usos_id=55))
    portal.registry.usos.observe([LinkSight(student.key, LinkState.ACTIVE, "usosapi", problem=problem, held=True)])
    return portal.load(str(student.album))


def waiting_for_a_mailbox(portal: Portal) -> Student:
    student = portal.a_student(in_directory=False)
    alias = f"{student.album.login}@student.example.pl"
    portal.campus.mailbox_register.reserve(student, f"n{student.album}@student.example.pl", alias)
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.AWAITED, f"id{student.album}")])
    portal.campus.outbox.finish([each.key for each in portal.campus.outbox.claim(9)])
    return student


class TestBoard:
    def test_the_chart_s_numbers_stand_in_a_table(self, portal: Portal) -> None:
        for _ in range(3):
            sent(portal, portal.a_student(in_directory=False))
        portal.a_student(in_directory=False)
        text = page(portal.at_the_desk(READER).get("/desk/board"))
        assert "How far 4 students have got" in text
        cells = re.findall(r'<th scope="row">([^<]+)</th>\s*<td class="amount">(\d+)</td>', text)
        assert cells[:3] == [("Album number known", "4"), ("Letter sent", "3"), ("Account active", "0")]

    def test_who_waits_is_named_with_the_reason(self, portal: Portal) -> None:
        student = portal.a_student()
        sent(portal, student)
        text = page(portal.at_the_desk(READER).get("/desk/board?stage=account"))
        assert student.name.display in text and "Did the letter arrive?" in text

    @pytest.mark.parametrize(
        "asked", ["stage=nothing", "circle=%27--", "circle=a%7Cb&stage=done", "stage=" + "x" * 9999]
    )
    def test_an_unknown_filter_means_everybody(self, portal: Portal, asked: str) -> None:
        portal.a_student(in_directory=False)
        assert "How far 1 student has got" in page(portal.at_the_desk(READER).get(f"/desk/board?{asked}"))

    def test_a_programme_narrows_page_chart_and_file(self, portal: Portal) -> None:
        portal.a_student(in_directory=False, name=PersonName("Nowak", "Anna"))
        other = Study("MAT-1", "Matematyka", START.date())
        portal.a_student(in_directory=False, study=other, name=PersonName("Lis", "Ewa"))
        browser = portal.at_the_desk(CLERK)
        assert "How far 1 student has got" in page(browser.get("/desk/board?circle=2026Z%7CMAT-1"))
        assert ": 1" in browser.get("/desk/board.svg?circle=2026Z%7CMAT-1").get_data(as_text=True)
        assert [row[2] for row in rows(browser.get("/desk/board.csv?circle=2026Z%7CMAT-1"))[1:]] == ["Ewa Lis"]

    def test_the_chart_needs_no_script_and_no_other_host(self, portal: Portal) -> None:
        answer = portal.at_the_desk(READER).get("/desk/board.svg")
        image = answer.get_data(as_text=True)
        assert answer.mimetype == "image/svg+xml" and "<script" not in image
        assert not re.search(r'(href|src|url)\s*[=(]\s*"?https?:', image)


def rows(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    return list(csv.reader(StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))


class TestExports:
    def test_no_cell_becomes_a_formula(self, portal: Portal) -> None:
        number = portal.registry.admissions.open(a_feed(name='=HYPERLINK("http://evil")'))
        candidates = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "K1")
        portal.registry.admissions.refuse(number, [a_rejection(each, at) for at, each in enumerate(candidates)])
        cells = [cell for row in rows(portal.at_the_desk(READER).get("/desk/rejections.csv")) for cell in row]
        assert [cell for cell in cells if cell.strip()[:1] in tuple("=+-@＝")] == []
        assert "'=1+1" in cells and "K1" in cells

    def test_a_file_opens_in_polish_excel(self, portal: Portal) -> None:
        portal.a_student(in_directory=False, name=PersonName("Żółw", "Łucja"))
        answer = portal.at_the_desk(CLERK).get("/desk/board.csv")
        assert answer.get_data().startswith(b"\xef\xbb\xbf")
        assert "attachment" in answer.headers["Content-Disposition"]
        assert rows(answer)[1][2] == "Łucja Żółw"

    def test_the_refused_rows_are_all_in_the_file(self, portal: Portal) -> None:
        number = portal.registry.admissions.open(a_feed())
        portal.registry.admissions.refuse(number, [a_rejection(f"K{at}", at) for at in range(300)])
        assert len(rows(portal.at_the_desk(READER).get("/desk/rejections.csv"))) == 301
        assert "the first 200 are shown" in page(portal.at_the_desk(READER).get("/desk/rejections"))


class TestLog:
    def test_an_administrator_sees_who_did_what_and_why(self, portal: Portal) -> None:
        student = portal.a_student(in_directory=False)
        act(portal, student.album, "contact", email="right@poczta.example", checked="y")
        text = page(portal.at_the_desk(ADMINISTRATOR).get("/desk/log"))
        assert "jkowalska" in text and "The desk corrected the contact address." in text and WHY in text

    @pytest.mark.parametrize("asked", ["0", "-1", "x", "99999999999999999999"])
    def test_a_page_that_does_not_exist_is_empty_or_the_first(self, portal: Portal, asked: str) -> None:
        assert portal.at_the_desk(ADMINISTRATOR).get(f"/desk/log?page={asked}").status_code == 200


def test_an_album_number_is_all_that_stands_in_the_desk_s_addresses(portal: Portal) -> None:
    student = portal.a_student(in_directory=False)
    text = portal.at_the_desk(CLERK).get(f"/desk/student/{student.album}").get_data(as_text=True)
    addresses = " ".join(re.findall(r'(?:href|action|src)="([^"]*)"', text))
    assert student.name.family not in unescape(addresses) and student.email not in addresses
    assert AlbumNumber(str(student.album)).digits in addresses
