"""The challenge before a form: passed once, in time, by whoever solves it."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask.testing import FlaskClient

from estudent.portal.challenge import challenge_passed
from estudent.portal.forms import Form
from estudent.portal.page import text_of
from tests.portal.solving import codes_of
from tests.portal.world import KEY, Portal

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def door(portal: Portal) -> Iterator[FlaskClient]:
    """A browser before a page whose form needs a challenge."""

    @portal.app.post("/door")
    def door() -> str:
        form = Form(meta={"csrf": False})
        return "open" if challenge_passed(form) else f"closed: {form.form_errors}"

    @portal.app.get("/door")
    def page() -> str:
        return text_of("portal/captcha.html")

    portal.app.config["WTF_CSRF_ENABLED"] = False
    yield portal.browser()


def solution(door: FlaskClient) -> str:
    posed = Challenge.from_dict(door.get("/challenge/puzzle").get_json())
    solved = solve_challenge(posed)
    assert solved is not None
    return Payload(posed, solved).to_base64()


def handle(door: FlaskClient) -> str:
    found = re.search(r'name="picture_handle" value="([^"]+)"', door.get("/door").text)
    assert found is not None
    return found.group(1)


def test_a_solved_puzzle_opens(door: FlaskClient) -> None:
    assert door.post("/door", data={"altcha": solution(door)}).text == "open"


def test_a_solution_is_good_for_one_form(door: FlaskClient, portal: Portal) -> None:
    solved = solution(door)
    door.post("/door", data={"altcha": solved})
    assert "grown old" in door.post("/door", data={"altcha": solved}).text
    assert "grown old" in portal.browser().post("/door", data={"altcha": solved}).text


def test_a_solution_is_good_for_ten_minutes(door: FlaskClient, portal: Portal) -> None:
    solved = solution(door)
    portal.clock.turn(minutes=11)
    assert "grown old" in door.post("/door", data={"altcha": solved}).text


def test_nothing_sent_is_told(door: FlaskClient) -> None:
    assert "not a robot" in door.post("/door").text
    assert "not a robot" in door.post("/door", data={"altcha": "  ", "picture_code": ""}).text


@pytest.mark.parametrize(
    "rubbish",
    ["x", "0" * 100_000, "e30=", "bnVsbA==", "W10=", base64.b64encode(b'{"challenge":{},"solution":[]}').decode()],
)
def test_rubbish_stays_out(door: FlaskClient, rubbish: str) -> None:
    assert door.post("/door", data={"altcha": rubbish}).text.startswith("closed")


@pytest.mark.parametrize("change", ["expiresAt", "cost", "keyPrefix", "nonce", "keySignature"])
def test_a_puzzle_that_was_made_easier_stays_out(door: FlaskClient, change: str) -> None:
    forged = json.loads(base64.b64decode(solution(door)))
    forged["challenge"]["parameters"][change] = 2**31 if change in ("expiresAt", "cost") else "00"
    assert door.post("/door", data={"altcha": base64.b64encode(json.dumps(forged).encode())}).text.startswith("closed")


def test_a_guessed_key_stays_out(door: FlaskClient) -> None:
    forged = json.loads(base64.b64decode(solution(door)))
    forged["solution"]["derivedKey"] = "00" * 32
    assert door.post("/door", data={"altcha": base64.b64encode(json.dumps(forged).encode())}).text.startswith("closed")


def test_the_copied_code_opens_however_it_is_spaced(door: FlaskClient) -> None:
    name = handle(door)
    code = codes_of(KEY).code(name)
    assert door.post("/door", data={"picture_handle": name, "picture_code": f" {code[:2]} {code[2:]} "}).text == "open"


def test_a_code_is_gone_after_one_try(door: FlaskClient) -> None:
    name = handle(door)
    code = codes_of(KEY).code(name)
    wrong = str((int(code) + 1) % 100_000).zfill(5)
    assert "not the right one" in door.post("/door", data={"picture_handle": name, "picture_code": wrong}).text
    assert "grown old" in door.post("/door", data={"picture_handle": name, "picture_code": code}).text


def test_a_code_is_good_for_ten_minutes(door: FlaskClient, portal: Portal) -> None:
    name = handle(door)
    portal.clock.turn(minutes=11)
    assert (
        "grown old" in door.post("/door", data={"picture_handle": name, "picture_code": codes_of(KEY).code(name)}).text
    )
    assert door.get(f"/challenge/{name}.png").status_code == 404


@pytest.mark.parametrize("name", ["", "x", "a.b", "a.9999999999.seal", "ż.1.2", "." * 500])
def test_a_handle_that_we_did_not_make_stays_out(door: FlaskClient, name: str) -> None:
    assert "grown old" in door.post("/door", data={"picture_handle": name, "picture_code": "12345"}).text
    assert door.get(f"/challenge/{name}.png").status_code == 404


def test_the_code_stands_nowhere_in_the_page(door: FlaskClient) -> None:
    page = door.get("/door").text
    found = re.search(r'name="picture_handle" value="([^"]+)"', page)
    assert found is not None
    rest = re.sub(r"\?v=\w+", "", page.replace(found.group(1), ""))
    assert codes_of(KEY).code(found.group(1)) not in rest


def test_the_picture_is_a_picture_and_the_recording_a_recording(door: FlaskClient) -> None:
    name = handle(door)
    picture, spoken = door.get(f"/challenge/{name}.png"), door.get(f"/challenge/{name}.wav")
    assert struct.unpack(">II", picture.data[16:24]) == (200, 72)
    assert picture.mimetype == "image/png"
    assert spoken.mimetype == "audio/wav" and spoken.data[:4] == b"RIFF"
    assert picture.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_the_widget_speaks_the_page_s_language_and_has_nothing_inline(
    portal: Portal, door: FlaskClient, language: str
) -> None:
    page = portal.browser(language).get("/door").text
    assert f'language="{language}"' in page
    assert ("i18n-" in page) == (language != "en")
    assert not re.search(r"<script(?![^>]*src)|\son\w+=|style=", page)
