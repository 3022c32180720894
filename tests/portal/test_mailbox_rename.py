"""A new name: another address is offered, shown before it is asked for, and may be declined."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.person_name import PersonName
from estudent.domain.student import Student
from tests.contract.mailbox_lives_contract import renames_of
from tests.contract.registry_world import a_feed, an_application
from tests.portal.test_steps import linked, words
from tests.portal.world import Portal, form_in

pytestmark = pytest.mark.enable_socket
PATH = "/mailbox/rename"


def married(portal: Portal) -> Student:
    """A student with a working mailbox whose surname has changed in recruitment's data."""
    student = linked(portal)
    album = str(student.album)
    application = an_application(album, name=PersonName("Nowak", "Łucja"), standing=Standing.STUDYING)
    portal.registry.take_in(application, feed=a_feed(digest=f"married {album}"))
    return portal.load(album)


def state_of(portal: Portal, student: Student) -> RenameState | None:
    rename = portal.load(str(student.album)).rename
    return rename.state if rename else None


def typed(browser: FlaskClient, name: str) -> tuple[int, str]:
    _, hidden = form_in(browser.get(PATH).get_data(as_text=True), PATH)
    answer = browser.post(PATH, data=hidden | {"name": name})
    return answer.status_code, answer.get_data(as_text=True)


def test_a_new_name_is_told_on_the_page_with_the_offer(portal: Portal) -> None:
    student = married(portal)
    html = portal.signed_in(student).get("/mailbox").get_data(as_text=True)
    assert "Your name has changed" in words(html) and f'href="{PATH}"' in html


def test_without_a_new_name_there_is_no_offer(portal: Portal) -> None:
    browser = portal.signed_in(linked(portal))
    assert "Your name has changed" not in words(browser.get("/mailbox").get_data(as_text=True))
    assert browser.get(PATH).status_code == 302


def test_what_changes_is_shown_before_anything_is_asked_for(portal: Portal) -> None:
    student = married(portal)
    status, html = typed(portal.signed_in(student), f"lucja.nowak.{student.album}")
    assert status == 200 and (student.mailbox or "") in html.replace("<wbr>", "")
    assert "stays yours; mail to it arrives in the same mailbox" in words(html)
    assert state_of(portal, student) is RenameState.OFFERED


def test_one_more_click_asks_for_it(portal: Portal) -> None:
    student = married(portal)
    browser = portal.signed_in(student)
    _, html = typed(browser, f"lucja.nowak.{student.album}")
    action, hidden = form_in(html, f"{PATH}/request")
    assert browser.post(action, data=hidden).status_code == 303
    assert state_of(portal, student) is RenameState.ASKED
    assert portal.load(str(student.album)).mailbox == student.mailbox
    assert "Your new address is on its way" in words(browser.get("/mailbox").get_data(as_text=True))


def test_the_address_may_be_kept_and_is_not_offered_again(portal: Portal) -> None:
    student = married(portal)
    browser = portal.signed_in(student)
    action, hidden = form_in(browser.get("/mailbox").get_data(as_text=True), f"{PATH}/keep")
    assert browser.post(action, data=hidden).status_code == 303
    assert state_of(portal, student) is RenameState.DECLINED
    assert "Your name has changed" not in words(browser.get("/mailbox").get_data(as_text=True))


def test_whom_microsoft_refuses_the_address_is_told_and_may_choose_again(portal: Portal) -> None:
    student = married(portal)
    browser = portal.signed_in(student)
    portal.campus.ask_for_new_address.ask(student.album, f"lucja.nowak.{student.album}")
    renames_of(portal.registry).observe(portal.load(str(student.album)), RenameState.REFUSED, "taken")
    said = words(browser.get("/mailbox").get_data(as_text=True))
    assert "Your new address could not be given" in said and f"Your address is still {student.mailbox}" in said
    _, html = typed(browser, f"l.nowak.{student.album}")
    action, hidden = form_in(html, f"{PATH}/request")
    assert browser.post(action, data=hidden).status_code == 303
    assert state_of(portal, student) is RenameState.ASKED


def test_somebody_else_s_name_is_refused_in_words(portal: Portal) -> None:
    other = linked(portal)
    status, html = typed(portal.signed_in(married(portal)), (other.mailbox or "").partition("@")[0])
    assert status == 422 and "Somebody has this name already" in words(html)


def test_who_was_offered_nothing_cannot_ask_by_force(portal: Portal) -> None:
    student = linked(portal)
    browser = portal.signed_in(student)
    _, hidden = form_in(browser.get("/account").get_data(as_text=True))
    browser.post(f"{PATH}/request", data={"csrf_token": hidden.get("csrf_token", ""), "name": f"other.{student.album}"})
    assert state_of(portal, student) is None
