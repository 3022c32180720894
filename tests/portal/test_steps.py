"""My steps: what a student sees at each of the places where one can be stuck, and that it follows by itself."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from estudent.adapters.registry import tables
from estudent.domain.enablement import LinkSight
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Result
from estudent.domain.student import LinkState, MailboxState, Student
from estudent.domain.usos_migrations import Migrations
from estudent.ports import JournalEntry, Sighting
from tests.contract.registry_world import nrb
from tests.portal.world import NUMBERS, Portal

pytestmark = pytest.mark.enable_socket


def words(html: str) -> str:
    """Return what people read: no tags, single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.replace("<wbr>", ""))).split())


def activated(portal: Portal, **changes: Any) -> Student:
    """Admit somebody whose account is active; a password is not needed here."""
    student = portal.a_student(in_directory=False, **changes)
    portal.campus.students.observe_activations([student.key])
    return portal.load(str(student.album))


def asked(portal: Portal, wanted: str = "", **changes: Any) -> Student:
    student = activated(portal, **changes)
    portal.campus.ask_for_mailbox.ask(student.album, wanted or f"a.{student.album}")
    return portal.load(str(student.album))


def with_mailbox(portal: Portal, **changes: Any) -> Student:
    student = asked(portal, **changes)
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.VERIFIED, f"id-{student.album}")])
    return portal.load(str(student.album))


def linked(portal: Portal, **changes: Any) -> Student:
    student = with_mailbox(portal, **({"usos_id": next(NUMBERS), "account_number": nrb(next(NUMBERS))} | changes))
    portal.registry.link(student)
    return student


def page_of(portal: Portal, student: Student, path: str = "/steps", language: str = "en") -> str:
    answer = portal.signed_in(student, language).get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def states(html: str) -> list[str]:
    return re.findall(r'<li class="step (\w+)"', html)


def test_who_is_not_signed_in_signs_in_first(portal: Portal) -> None:
    for path in ("/steps", "/steps/live"):
        answer = portal.browser().get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/")


def test_after_activation_the_one_next_thing_is_the_mailbox(portal: Portal) -> None:
    html = page_of(portal, activated(portal))
    assert states(html) == ["done", "now", "waiting", "later", "waiting"]
    assert html.count('class="button"') == 1
    assert 'class="button" href="/mailbox/new"' in html
    assert html.count("<h1") == 1 and 'aria-current="step"' in html


def test_no_state_is_shown_by_colour_alone(portal: Portal) -> None:
    html = page_of(portal, activated(portal))
    for step in re.findall(r'<li class="step .*?</li>', html, re.DOTALL):
        assert "<svg" in step and re.search(r'class="badge[^"]*">[A-Z][a-z ]+</span>', step)


def test_waiting_is_honest(portal: Portal) -> None:
    student = asked(portal)
    text = words(page_of(portal, student))
    assert "usually takes under 30 minutes" in text and "You can close this page" in text
    assert student.email in text and str(student.mailbox) in text
    assert "There is nothing for you to do right now" in text
    portal.clock.turn(minutes=31)
    assert "longer than the usual 30 minutes" in words(page_of(portal, student))
    portal.clock.turn(hours=24)
    late = page_of(portal, student)
    assert "Something holds your mailbox up" in words(late) and 'class="button" href="mailto:' in late


def test_before_the_migration_a_student_is_not_sent_to_usosweb(portal: Portal) -> None:
    html = page_of(portal, with_mailbox(portal, usos_id=next(NUMBERS)))
    assert "please do not try yet" in words(html)
    assert "Go to USOSweb" not in html


def test_who_is_not_immatriculated_learns_what_that_means(portal: Portal) -> None:
    text = words(page_of(portal, with_mailbox(portal)))
    assert "immatriculation" in text and "You need not do anything" in text


def test_usosweb_is_offered_with_the_whole_address_as_identifier(portal: Portal) -> None:
    student = linked(portal)
    html = page_of(portal, student)
    assert states(html) == ["done"] * 5
    assert f"Identifier: {student.mailbox}, the whole address. Password: the same as here." in words(html)
    assert 'class="button" href="https://usosweb.uczelnia.example"' in html


def test_who_waits_for_usosweb_s_migration_knows_until_when(portal: Portal) -> None:
    student = with_mailbox(portal, usos_id=next(NUMBERS), account_number=nrb(next(NUMBERS)))
    portal.registry.usos.migrations = Migrations((time(16, 5),), ZoneInfo("Europe/Warsaw"), timedelta(minutes=30))
    portal.registry.link(student)
    html = page_of(portal, student)
    assert states(html)[2:4] == ["done", "waiting"]
    assert "USOSweb takes it over next" in words(html) and "16:35" in words(html)
    assert "Go to USOSweb" not in html
    mailbox = words(page_of(portal, student, "/mailbox"))
    assert "USOSweb takes it over next" in mailbox


def test_whose_study_is_not_active_yet_is_told_whose_turn_it_is(portal: Portal) -> None:
    student = with_mailbox(portal, usos_id=next(NUMBERS))
    portal.registry.usos.observe([LinkSight(student.key, LinkState.PERSON, "usosapi")])
    assert "your studies are not active there yet" in words(page_of(portal, student))


def test_something_to_pay_is_what_comes_next(portal: Portal) -> None:
    student = linked(portal)
    row = {"source_id": f"R{student.album}", "title": "Semester", "amount": 100, "currency": "PLN"}
    portal.registry.insert(tables.receivable, student_id=student.key, due_date=date(2030, 1, 1), **row)
    html = page_of(portal, student)
    assert states(html)[-1] == "now"
    assert 'class="button" href="/fees"' in html


def test_an_address_that_microsoft_gave_away_means_another_name_and_nothing_lost(portal: Portal) -> None:
    student = asked(portal)
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's")])
    html = page_of(portal, student)
    assert states(html)[1] == "trouble"
    assert "nothing else is lost" in words(html) and 'class="button" href="/mailbox/new"' in html


def test_a_second_programme_keeps_the_account(portal: Portal) -> None:
    html = page_of(portal, activated(portal))
    assert "another programme does not change it" in words(html)


def test_whoever_has_left_is_signed_out_and_told_why(portal: Portal) -> None:
    student = linked(portal)
    with portal.campus.database.writing() as connection:
        connection.execute(tables.student.update().values(standing=Standing.GRADUATED.value))
    page = portal.signed_in(student).get("/steps", follow_redirects=True)
    assert "Your studies here have ended" in words(page.get_data(as_text=True))


def test_the_fragment_is_the_same_list_and_follows(portal: Portal) -> None:
    student = asked(portal)
    browser = portal.signed_in(student)
    before = browser.get("/steps/live").get_data(as_text=True)
    assert 'data-waiting="yes"' in before and "<html" not in before
    assert before.strip() in browser.get("/steps").get_data(as_text=True)
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.VERIFIED, "id-1")])
    after = browser.get("/steps/live").get_data(as_text=True)
    assert states(after)[1] == "done" and before != after


def test_when_nothing_waits_nobody_asks_again(portal: Portal) -> None:
    html = page_of(portal, linked(portal))
    assert 'data-waiting="no"' in html and "data-refresh" not in html


def test_without_a_script_there_is_a_link_to_look_again(portal: Portal) -> None:
    assert re.search(r'<a [^>]*data-refresh href="/steps"', page_of(portal, asked(portal)))


def test_moments_are_shown_in_the_university_s_time(portal: Portal) -> None:
    student = asked(portal)
    portal.registry.journal.note([JournalEntry(student.key, "portal", "account activated", Result.DONE)])
    html = page_of(portal, student)
    assert re.search(r'Since\s+<time datetime="[^"]+\+00:00">', html)


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_every_state_is_shown_in_every_language(portal: Portal, language: str) -> None:
    for student in (activated(portal), asked(portal), with_mailbox(portal), linked(portal)):
        html = page_of(portal, student, language=language)
        assert f'<html lang="{language}">' in html and "None" not in words(html)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{ 7*7 }}", "O'Brien"])
def test_a_name_is_text_and_nothing_else(portal: Portal, name: str) -> None:
    student = asked(portal)
    with portal.campus.database.writing() as connection:
        connection.execute(tables.person.update().values(email=name))
    html = page_of(portal, student)
    assert "<script>alert" not in html and name in words(html)


def test_a_script_that_asks_too_often_is_slowed_by_student_not_by_network(portal: Portal) -> None:
    first, second = activated(portal), activated(portal)
    browser = portal.signed_in(first)
    answers = {browser.get("/steps/live").status_code for _ in range(65)}
    assert answers == {200, 429}
    assert portal.signed_in(second).get("/steps/live").status_code == 200


def test_without_its_registry_the_page_says_so(portal: Portal) -> None:
    browser = portal.signed_in(activated(portal))
    with portal.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE session RENAME TO gone")
    assert browser.get("/steps").status_code == 503
