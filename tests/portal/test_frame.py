"""What every page has: its language, its safety, its answer when something is not there."""

from __future__ import annotations

import pytest

from tests.portal.world import Portal

pytestmark = pytest.mark.enable_socket


def test_the_front_page_speaks_the_visitor_s_language(portal: Portal) -> None:
    for language in ("pl", "en", "uk"):
        page = portal.browser(language).get("/")
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.get_data(as_text=True)


def test_a_page_that_does_not_exist_helps_on(portal: Portal) -> None:
    page = portal.browser().get("/nowhere")
    assert page.status_code == 404
    assert 'href="/"' in page.get_data(as_text=True)


def test_a_strict_policy_allows_nothing_inline_and_nothing_foreign(portal: Portal) -> None:
    policy = portal.browser().get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "http" not in policy
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy


def test_pages_are_not_stored_and_files_are(portal: Portal) -> None:
    browser = portal.browser()
    assert browser.get("/").headers["Cache-Control"] == "no-store"
    with browser.get("/static/portal.css") as file:
        assert "max-age" in file.headers["Cache-Control"]


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_choice_of_a_language_leads_nowhere_else(portal: Portal, where: str) -> None:
    answer = portal.browser().get("/language/en", query_string={"next": where})
    assert answer.headers["Location"] == "/"


def test_without_its_registry_the_portal_says_so(portal: Portal) -> None:
    browser = portal.browser()
    browser.set_cookie("estudent", "somebody's session")
    with portal.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE session RENAME TO gone")
    page = browser.get("/")
    assert page.status_code == 503
    assert "Nothing was changed" in page.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/create/data", "/forgot", "/desk/login"])
def test_whoever_comes_for_the_first_time_is_told_of_the_lost_registry_too(portal: Portal, path: str) -> None:
    with portal.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE session RENAME TO gone")
    page = portal.browser().get(path)
    assert page.status_code == 503
    assert "Number of this event" in page.get_data(as_text=True)


def test_a_student_whose_record_cannot_be_read_is_told_so(portal: Portal) -> None:
    browser = portal.signed_in(portal.a_student(active=True))
    with portal.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE person RENAME TO gone")
    page = browser.get("/steps")
    assert page.status_code == 503
    assert "Nothing was changed" in page.get_data(as_text=True)


def test_the_language_can_be_chosen_on_the_answer_to_a_form(portal: Portal) -> None:
    browser = portal.browser()
    assert portal.submit(browser, "/", "/sign-in", name="s999999", password="wrong").status_code == 403
    page = browser.get("/language/uk?next=/sign-in", follow_redirects=True)
    assert page.status_code == 200
    assert '<html lang="uk">' in page.get_data(as_text=True)
