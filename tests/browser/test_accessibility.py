"""WCAG 2.1 AA on every page, in three languages, light and dark; and pages that are narrow, light and still enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Route

from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus, now
from estudent.portal.app import create_app
from sandbox.atlas import NO_PAGES, PLACES, STATES, VISITOR, Cast, Place
from sandbox.browser import DESKTOP, NARROW, PHONE, Browsers, Visitor
from sandbox.semester import Semester
from sandbox.walking import Walk
from tests.browser.conftest import SOURCES, Visit
from tests.browser.looking import HEAVIEST, SMALLEST_JUMP, jumps, runs_over, violations, weighed

pytestmark = pytest.mark.enable_socket
SCREENS = {"pl": PHONE, "en": DESKTOP, "uk": NARROW}
"""Each language is looked at on another screen: what moves or does not fit shows on a small one first."""

LANGUAGES = tuple(SCREENS)
Arrive = Callable[[str, str], Walk]


@pytest.fixture(scope="module")
def actors(semester: Semester, browsers: Browsers) -> Iterator[Cast]:
    """Everybody who may see a page, in every state; requests are held, so that waiting lasts."""
    actors = Cast(semester)
    actors.enter_all(browsers)
    yield actors
    semester.serve_requests()


@pytest.fixture(scope="module")
def arrive(actors: Cast, semester: Semester, browsers: Browsers) -> Iterator[Arrive]:
    """Come as somebody in a language; the same browser serves for all the pages that they look at."""
    opened: dict[tuple[str, str], Visitor] = {}

    def come(who: str, language: str) -> Walk:
        if (who, language) not in opened:
            visitor = browsers.visitor(
                semester.url, SCREENS[language], language=language, source=next(SOURCES), state=actors.cookies[who]
            )
            visitor.context.add_cookies([{"name": "language", "value": language, "url": semester.url}])
            opened[who, language] = visitor
        return Walk(semester, opened[who, language], language)

    yield come
    for visitor in opened.values():
        visitor.context.close()


def test_no_page_is_forgotten(semester: Semester) -> None:
    with closing(Campus(semester.settings, Author("test", "test", now))) as campus:
        rules = [rule for rule in create_app(campus).url_map.iter_rules() if "GET" in (rule.methods or ())]
    seen = {place.endpoint for place in PLACES} | set(NO_PAGES)
    assert {rule.endpoint for rule in rules} - seen == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_page_keeps_the_rules(place: Place, language: str, actors: Cast, arrive: Arrive) -> None:
    walk = arrive(place.who, language)
    with weighed(walk.visitor) as weights:
        walk.open(actors.address(place))
    assert walk.page.locator("html").get_attribute("lang") == language
    assert sum(weights) < HEAVIEST
    _keeps_the_rules(walk)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_a_state_of_a_page_keeps_the_rules(
    state: str, language: str, actors: Cast, semester: Semester, visit: Visit
) -> None:
    who, way = STATES[state]
    visitor = visit(SCREENS[language], language=language, state=actors.cookies[who])
    visitor.context.add_cookies([{"name": "language", "value": language, "url": semester.url}])
    walk = Walk(semester, visitor, language)
    way(walk)
    _keeps_the_rules(walk)


@pytest.mark.parametrize("path", ["/", "/create/data", "/create/office-code", "/forgot", "/desk/login"])
def test_the_code_to_copy_that_takes_the_puzzle_s_place_keeps_the_rules(path: str, arrive: Arrive) -> None:
    walk = arrive(VISITOR, "pl")
    walk.page.route(f"**{path}", _as_without_scripts)
    walk.open(path)
    walk.page.unroute(f"**{path}")
    assert walk.page.locator("[name=picture_code]").is_visible()
    _keeps_the_rules(walk)


def _as_without_scripts(route: Route) -> None:
    """Answer the page as a browser without JavaScript shows it; axe-core itself needs JavaScript to look at it."""
    answer = route.fetch()
    html = re.sub(r"<script\b.*?</script>|<template\b.*?</template>|</?noscript>", "", answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=html)


def _keeps_the_rules(walk: Walk) -> None:
    assert jumps(walk.page) < SMALLEST_JUMP
    assert violations(walk.page) == []
    assert runs_over(walk.page) == []
    complaints = [*walk.visitor.complaints, *walk.visitor.foreign]
    walk.visitor.complaints.clear()
    walk.visitor.foreign.clear()
    assert complaints == []
