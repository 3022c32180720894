"""Looking at one page in a real browser: what axe-core finds, what it weighs, whether it jumps or is too wide."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from sandbox.browser import NARROW, Visitor

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules whose outcome depends on the colour scheme."""

HEAVIEST = 100_000
SMALLEST_JUMP = 0.01
SMALL_ENOUGH_TO_SEND_AS_IT_IS = 256

FIND = """async (only) => {
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly: only});
  const said = (rule, node) => `${rule.id}: ${rule.help}: ${node.html}`.slice(0, 300);
  return found.violations.flatMap(rule => rule.nodes.map(node => said(rule, node)));
}"""
JUMPS = """() => new Promise(told => {
  let sum = 0;
  const add = list => list.getEntries().forEach(each => sum += each.value);
  new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => told(sum), 30)));
})"""
OVERFLOW = """() => {
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return [];
  const right = each => each.getBoundingClientRect().right;
  const wide = [...document.querySelectorAll("body *")].filter(each => right(each) > page.clientWidth + 1);
  return wide.slice(0, 3).map(each => each.outerHTML.slice(0, 160));
}"""


def axe() -> str:
    """Return axe-core; without it the tests cannot run, and say how to get it."""
    if not AXE.exists():
        pytest.fail("axe-core is missing: npm ci --ignore-scripts")
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what breaks WCAG 2.1 AA or good practice, in the light scheme by all rules and in the dark by colours."""
    page.evaluate(axe())
    page.emulate_media(color_scheme="light")
    found: list[str] = page.evaluate(FIND, {"type": "tag", "values": EVERYTHING})
    page.emulate_media(color_scheme="dark")
    dark: list[str] = page.evaluate(FIND, {"type": "rule", "values": COLOURS})
    page.emulate_media(color_scheme="light")
    return [*found, *(f"dark: {each}" for each in dark)]


def runs_over(page: Page) -> list[str]:
    """Return what stands out over the edge of a screen 320 pixels wide."""
    before = page.viewport_size
    page.set_viewport_size({"width": NARROW.width, "height": NARROW.height})
    wide: list[str] = page.evaluate(OVERFLOW)
    if before:
        page.set_viewport_size(before)
    return wide


def jumps(page: Page) -> float:
    """Return by how much the page's parts have moved by themselves (cumulative layout shift)."""
    return float(page.evaluate(JUMPS))


@contextmanager
def weighed(visitor: Visitor) -> Iterator[list[int]]:
    """Collect how many bytes each answer takes on its way, compressed as nginx would.

    What the page before had asked for may arrive while it is left, and has no body any more.
    """
    weights: list[int] = []
    answers: list[Response] = []

    def note(answer: Response) -> None:
        if answer.request.is_navigation_request() and answer.frame == visitor.page.main_frame:
            answers.clear()
        answers.append(answer)

    visitor.page.on("response", note)
    yield weights
    visitor.page.remove_listener("response", note)
    weights += [_weight(answer) for answer in answers if answer.ok]


def _weight(answer: Response) -> int:
    body = answer.body()
    text = answer.headers.get("content-type", "").startswith(("text/", "application/j", "image/svg"))
    return len(gzip.compress(body, 5)) if text and len(body) > SMALL_ENOUGH_TO_SEND_AS_IT_IS else len(body)
