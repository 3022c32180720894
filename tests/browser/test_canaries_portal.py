"""A password, a PESEL, a code and a link leave no trace but the directory's hash, whatever box they are typed into."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from sandbox.browser import PHONE
from sandbox.sample import Row
from sandbox.semester import Semester
from sandbox.walking import Walk
from tests.browser.conftest import Visit
from tests.browser.guest import Guest

pytestmark = pytest.mark.enable_socket

PASSWORD, NEXT_PASSWORD = "kanarek śpiewa w kopalni 7342", "drugi kanarek milczy nad szybem 9051"
TOKEN = re.compile(r"#([0-9a-f]{64})")
CODE = re.compile(r"(?m)^\s*([0-9A-HJ-NP-Z]{4,5}-[0-9A-HJ-NP-Z]{4,5})\s*$")


@pytest.fixture(scope="module")
def row(semester: Semester) -> Row:
    return semester.somebody()


@pytest.fixture(scope="module")
def walked(semester: Semester, row: Row) -> None:
    """Do everything with secrets that can be done right and wrong, without a screen."""
    with Guest(semester) as guest:
        _mistype(guest, row)
        guest.submit("/create/data", album=row.album_number, family_name=row.family_name, pesel=row.pesel)
        code = semester.letter(row.email, CODE.pattern).group(1)
        guest.submit("/create/code", "/create/code", code=code)
        guest.submit("/create/password", password="krótkie", password_again=PASSWORD)
        assert guest.submit("/create/password", password=PASSWORD, password_again=PASSWORD).leads_to == "/create/done"
        change = {"current": PASSWORD, "password": NEXT_PASSWORD, "password_again": NEXT_PASSWORD}
        assert guest.submit("/password", "/password", **change).status == 302
    with Guest(semester) as clerk:
        clerk.sign_in("jkowalska", semester.passwords["jkowalska"], "/desk/login")
        assert clerk.submit("/desk/", "/desk/students", text=row.pesel).status == 200
        reason = {"code-reason": f"pesel {row.pesel}", "code-checked": "y"}
        page = f"/desk/student/{row.album_number}"
        assert clerk.submit(page, f"{page}/code", **reason).status == 400


def _mistype(guest: Guest, row: Row) -> None:
    """Type secrets where they do not belong, as people do."""
    guest.sign_in(PASSWORD, PASSWORD)
    guest.sign_in(row.pesel, PASSWORD)
    guest.submit("/create/data", album=row.album_number, family_name=PASSWORD, pesel=row.pesel)
    guest.submit("/create/data", album=row.pesel, family_name=row.pesel, pesel=row.pesel)
    guest.submit("/create/office-code", album=row.album_number, code=PASSWORD)
    guest.submit("/forgot", name=row.pesel)
    guest.submit("/forgot", name=PASSWORD)
    guest.submit("/activate", link=PASSWORD)
    guest.read(f"/nowhere/{row.pesel}")


def test_a_browser_with_scripts_leaves_no_trace_either(semester: Semester, visit: Visit) -> None:
    """The meter sends what is typed; the link's secret stands in the address for a moment."""
    mine = semester.somebody()
    walk = Walk(semester, visit(PHONE))
    requested: list[str] = []
    walk.page.on("request", lambda request: requested.append(request.url))
    walk.open_letter(mine)
    walk.type(album=mine.album_number)
    walk.press("Go on")
    walk.page.locator("[name=password]").press_sequentially(PASSWORD, delay=5)
    walk.page.wait_for_timeout(600)
    walk.choose_password(PASSWORD)
    secrets = [*TOKEN.findall(semester.activation_link(mine)), PASSWORD, quote(PASSWORD), mine.pesel]
    assert not [url for url in requested if any(secret in url for secret in secrets)]
    assert not walk.page.context.storage_state()["origins"]
    assert not list(_traces(semester, [PASSWORD, mine.pesel, *TOKEN.findall(semester.activation_link(mine))]))


def test_what_may_be_kept_is_found_so_the_search_works(semester: Semester, row: Row, walked: None) -> None:
    found = set(_traces(semester, [row.album_number, row.email]))
    assert any("registry" in each for each in found) and any("mdb" in each for each in found)


def test_no_password_is_found_anywhere(semester: Semester, walked: None) -> None:
    assert not list(_traces(semester, [PASSWORD, NEXT_PASSWORD, *semester.passwords.values()]))
    assert not [letter for letter in _letters(semester) if PASSWORD in letter or NEXT_PASSWORD in letter]


def test_no_pesel_is_found_anywhere(semester: Semester, row: Row, walked: None) -> None:
    assert not list(_traces(semester, [row.pesel]))
    assert not [letter for letter in _letters(semester) if row.pesel in letter]


def test_codes_and_links_stand_in_the_one_letter_that_brings_them(semester: Semester, row: Row, walked: None) -> None:
    letters = [letter["text"] for letter in semester.letters(row.email)]
    secrets = [secret for text in letters for secret in (*TOKEN.findall(text), *CODE.findall(text))]
    assert len(secrets) >= 2
    assert all(sum(secret in letter for letter in _letters(semester)) == 1 for secret in secrets)
    plain = [secret.replace("-", "") for secret in secrets]
    assert not list(_traces(semester, [*secrets, *plain]))


def test_the_directory_holds_hashes_alone(semester: Semester, walked: None) -> None:
    data = b"".join(_content(path) for path in (semester.folder / "slapd").rglob("*") if path.is_file())
    assert b"{ARGON2}$argon2id$" in data
    assert PASSWORD.encode() not in data and NEXT_PASSWORD.encode() not in data


def _traces(semester: Semester, secrets: list[str]) -> Iterator[str]:
    """Yield the files in which a secret stands: the registry with its sessions and journal, logs, the directory."""
    wanted = [form.encode() for secret in secrets for form in {secret, quote(secret), secret.replace(" ", "+")}]
    for path in _written_by_us(semester):
        content = _content(path)
        yield from (f"{path.name}: a secret of {len(secret)} bytes" for secret in wanted if secret in content)


def _written_by_us(semester: Semester) -> Iterator[Path]:
    folder = semester.folder
    yield from folder.glob("registry.sqlite*")
    yield from folder.glob("*.log")
    for name in ("portal", "slapd", "prefect"):
        yield from (path for path in (folder / name).rglob("*") if path.is_file())


def _content(path: Path) -> bytes:
    """Return what was written into a file; the directory's is mostly holes."""
    with path.open("rb") as file:
        end, at, parts = file.seek(0, os.SEEK_END), 0, []
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            hole = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            parts.append(os.pread(file.fileno(), hole - at, at))
            at = hole
    return b"".join(parts)


def _letters(semester: Semester) -> list[str]:
    """Return every letter, as its reader sees it."""
    found = httpx.get(f"{semester.university.post.url}/sandbox/messages", params={"limit": 10_000}).json()
    return [f"{letter['subject']}\n{letter['text']}" for letter in found]
