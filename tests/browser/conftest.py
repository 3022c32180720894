"""A university on its first day, and browsers that walk through its portal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from sandbox.browser import Browsers, Visitor
from sandbox.semester import Semester

STUDENTS = 240
Visit = Callable[..., Visitor]
SOURCES = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in count(1))
"""Every visitor comes from an address of their own, as the front server would say."""


@pytest.fixture(scope="session")
def semester(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Semester]:
    with Semester(tmp_path_factory.mktemp("semester"), STUDENTS) as running:
        yield running


@pytest.fixture(scope="module")
def browsers() -> Iterator[Browsers]:
    """Chromium; not for the whole session, since Playwright's event loop would be in the way of other tests."""
    with Browsers() as running:
        yield running


@pytest.fixture
def visit(browsers: Browsers, semester: Semester) -> Iterator[Visit]:
    """Open the portal as somebody; in the end nobody may have met an error or a foreign host."""
    visitors: list[Visitor] = []

    def arrive(*screen: object, **wishes: object) -> Visitor:
        visitors.append(browsers.visitor(semester.url, *screen, **{"source": next(SOURCES)} | wishes))  # type: ignore[arg-type]
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.context.close()
    assert [each for visitor in visitors for each in (*visitor.foreign, *visitor.complaints)] == []
