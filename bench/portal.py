"""How fast the portal is, beside argon2 verifications of the same machine in the same run: python -m bench.portal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

from bench.asked import Asked, asked, progress, tell
from bench.browser import Answer, Browser
from bench.budgets import Work
from bench.memory import watched
from bench.reference import CORES, verifications_per_core
from bench.samples import Figure, Unit, p95
from bench.world import PASSWORD, World, letter_to, world
from sandbox.sample import Row
from tests.portal.solving import answers
from tests.portal.world import form_in

ROUNDS = 3
SIGN_INS = 240
STUDENTS_AT_ONCE = 50
CLIENTS = 12
STATIC = 1500
PATIENCE = 120.0
"""After so many seconds nobody waits for all the others any more: one whose letter did not come never does."""


def main() -> None:
    """Print the table."""
    ours = asked(__doc__)
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found; how many students there are is not asked for here."""
    rounds = ours.rounds or ROUNDS
    progress(f"a portal with {SIGN_INS} students who sign in and {STUDENTS_AT_ONCE} who activate")
    with (
        TemporaryDirectory(prefix="bench-") as folder,
        world(Path(folder), SIGN_INS, STUDENTS_AT_ONCE) as here,
        watched(_pid(here)) as peak,
    ):
        done = [_round(here, at) for at in range(rounds)]
        pages, passwords = _activations(here)
    references, sign_ins, files, help_pages = zip(*done, strict=True)
    memory = peak.megabytes
    argon2 = "one argon2 verification"
    yield Figure(f"reference: {argon2}, for each core", SIGN_INS, Unit.RATE, references)
    yield Figure(Work.SIGN_INS, SIGN_INS, Unit.RATE, sign_ins, argon2, references, memory)
    yield Figure(Work.STATIC, STATIC, Unit.RATE, files, peak=memory)
    yield Figure("portal: help pages", STATIC // 5, Unit.RATE, help_pages, peak=memory)
    yield from waits(pages, passwords, memory)


def waits(pages: Sequence[float], passwords: Sequence[float], memory: float) -> Iterator[Figure]:
    """Yield what students waited for any page, the password's among them, which takes longest; and for either kind."""
    kinds = {
        Work.ACTIVATIONS: [*pages, *passwords],
        "portal: of them the password step, p95": passwords,
        "portal: of them all others, p95": pages,
    }
    for what, seconds in kinds.items():
        yield Figure(what, STUDENTS_AT_ONCE, Unit.WAIT, [p95(seconds)], peak=memory)


def _round(here: World, at: int) -> tuple[float, float, float, float]:
    """Return the rates of argon2 verifications and sign-ins for each core, of static files and of help pages."""
    reference, sign_ins = verifications_per_core(), _sign_ins(here, at) / CORES
    return reference, sign_ins, _rate(here, "/static/portal.css", STATIC), _rate(here, "/help", STATIC // 5)


def _pid(here: World) -> int:
    portal = here.university.portal
    if portal is None or portal.pid is None:
        raise RuntimeError("the portal does not run")
    return portal.pid


def _sign_ins(here: World, at: int) -> float:
    """Return how many students sign in each second; forms are opened and challenges solved before the clock starts."""
    browsers = [Browser(here.url, f"10.{at}.{n // 250}.{n % 250 + 1}") for n in range(len(here.active))]
    with ThreadPoolExecutor(CLIENTS) as crowd:
        opened = list(crowd.map(lambda browser: browser.get("/"), browsers))
        forms = [_filled(page, here.key, "/sign-in") for page in opened]
        typed = [
            (browser, to, fields | {"name": album.login, "password": PASSWORD})
            for browser, (to, fields), album in zip(browsers, forms, here.active, strict=True)
        ]
        begun = time.perf_counter()
        done = list(crowd.map(lambda each: each[0].post(each[1], each[2]), typed))
        seconds = time.perf_counter() - begun
    _all(done, lambda answer: answer.status == 302)
    for browser in browsers:
        browser.close()
    return len(done) / seconds


def _activations(here: World) -> tuple[list[float], list[float]]:
    """Return the seconds of every page but the password's, and of the password's, when all students come at once."""
    together = Barrier(STUDENTS_AT_ONCE, timeout=PATIENCE)
    ways = [_by_link, _by_data]
    jobs = [(ways[at % 2], here, row, f"10.9.0.{at + 1}", together) for at, row in enumerate(here.prepared)]
    with ThreadPoolExecutor(STUDENTS_AT_ONCE) as crowd:
        walked = list(crowd.map(lambda job: job[0](*job[1:]), jobs))
    pages = [answer.seconds for walk, _ in walked for answer in walk]
    return pages, [password.seconds for _, password in walked]


Walk = tuple[list[Answer], Answer]


def _by_link(here: World, row: Row, address: str, together: Barrier) -> Walk:
    token = letter_to(here, row.email, r"/activate#([0-9a-f]{64})")
    browser = Browser(here.url, address)
    together.wait()
    walk = [browser.get("/activate")]
    walk.append(_send(browser, walk[-1], here, link=token))
    walk.append(browser.get("/activate/confirm"))
    walk.append(_send(browser, walk[-1], here, album=row.album_number))
    return _choose_password(browser, walk, here)


def _by_data(here: World, row: Row, address: str, together: Barrier) -> Walk:
    browser = Browser(here.url, address)
    together.wait()
    walk = [browser.get("/create/data")]
    known = {"album": row.album_number, "family_name": row.family_name, "evidence": "pesel", "pesel": row.pesel}
    walk.append(_send(browser, walk[-1], here, **known))
    walk.append(browser.get("/create/code"))
    code = letter_to(here, row.email, r"\b([A-Z0-9]{4}[ -]?[A-Z0-9]{4})\b")
    walk.append(_send(browser, walk[-1], here, "/create/code", code=code))
    return _choose_password(browser, walk, here)


def _choose_password(browser: Browser, walk: list[Answer], here: World) -> Walk:
    walk.append(browser.get("/create/password"))
    chosen = _send(browser, walk[-1], here, password=PASSWORD, password_again=PASSWORD)
    walk += [browser.get("/create/done"), browser.get("/steps")]
    _all(walk, lambda answer: answer.status in (200, 302))
    _all([chosen, walk[-1]], lambda answer: answer.status == (302 if answer is chosen else 200))
    return walk, chosen


def _send(browser: Browser, page: Answer, here: World, to: str = "", **typed: str) -> Answer:
    to, fields = _filled(page, here.key, to)
    return browser.post(to, fields | typed)


def _filled(page: Answer, key: str, to: str) -> tuple[str, dict[str, str]]:
    action, fields = form_in(page.html, to)
    return action, fields | answers(page.html, key)


def _rate(here: World, path: str, count: int) -> float:
    """Return how many times each second a page is served to CLIENTS browsers, none of whom asks too often."""
    browsers = [Browser(here.url, f"10.8.{at}.1") for at in range(CLIENTS)]

    def ask(at: int) -> list[Answer]:
        browser = browsers[at]
        answered = []
        for turn in range(count // CLIENTS):
            browser.address = f"10.{7 + turn // 250}.{turn % 250}.{at + 1}"
            answered.append(browser.get(path))
        return answered

    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as crowd:
        done = [answer for answers_ in crowd.map(ask, range(CLIENTS)) for answer in answers_]
    seconds = time.perf_counter() - begun
    _all(done, lambda answer: answer.status == 200)
    return len(done) / seconds


def _all(done: Sequence[Answer], right: Callable[[Answer], bool]) -> None:
    wrong = [answer for answer in done if not right(answer)]
    if wrong:
        first = wrong[0]
        raise RuntimeError(f"{len(wrong)} of {len(done)} answers were wrong; {first.status}: {first.html[-900:]}")


if __name__ == "__main__":
    main()
