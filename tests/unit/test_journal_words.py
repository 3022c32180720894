"""Everything that anything writes into the journal, or counts as a failed try, has words for the desk."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from estudent.domain.booking_rules import Note
from estudent.domain.claim import Mismatch
from estudent.domain.directory_entry import Entry
from estudent.domain.funnel import Hold, Stage
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox import Mailbox
from estudent.domain.mailbox_life import NEXT, Deed, Leaving
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.one_time_code import Purpose
from estudent.domain.outcome import Result
from estudent.domain.plan import StepKind
from estudent.domain.student import LinkState, MailboxState
from estudent.portal.desk import words
from estudent.portal.journal_words import CAUSES, DOORS, in_words, is_known
from estudent.ports import SPARED, THROTTLED, UNJUDGED, CodeFault
from estudent.services import sign_in
from estudent.services.doorkeeper import UNFINISHED
from estudent.services.enter_desk import REFUSED as REFUSED_STAFF
from estudent.services.recover_password import ASKED
from estudent.services.turned_away import Why
from estudent.services.unlock_account import DOORS as COUNTED_DOORS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "estudent"
Step = tuple[str, str, str]

DONE, REFUSED, FAILED = (each.value for each in Result)
LETTERS = sorted(each.name for each in (ROOT / "templates" / "letters").iterdir() if each.is_dir())
MESSAGES = [kind for kind in LETTERS if kind != "album_number"]
NEVER_DIFFERENT = ("album", "alias", "identifier", "lock", "trouble", "looks", "again", "former")
FIELDS = {
    "directory": [each.name for each in fields(Entry) if each.name not in ("album", "lock")],
    "mailboxes": [each.name for each in fields(Mailbox) if each.name not in NEVER_DIFFERENT],
    "usos": ["email"],
}


def of_the_reconcilers() -> Iterator[Step]:
    for system, names in FIELDS.items():
        for result in (DONE, REFUSED, FAILED):
            yield system, "add", result
            yield from ((system, f"change {name}", result) for name in names)
            yield system, " ".join(["change", *names])[:60], result
        results = (DONE, REFUSED, FAILED) if system == "directory" else (REFUSED,)
        yield from ((system, kind.value, result) for kind in (StepKind.LOCK, StepKind.UNLOCK) for result in results)


WRITTEN: dict[tuple[str, str, str], list[Step]] = {
    ("services/reconcile.py", "self.system", "step[:60]"): [*of_the_reconcilers()],
    ("services/send_letters.py", "self.system", "'letter'"): [("letters", "letter", REFUSED)],
    ("services/send_messages.py", "'letters'", "message.kind"): [("letters", kind, REFUSED) for kind in MESSAGES],
    ("services/hand_out_code.py", "'desk'", "'code handed out'"): [("desk", "code handed out", DONE)],
    ("services/unlock_account.py", "'desk'", "step"): [("desk", step, DONE) for step in ("unlocked", "waits ended")],
    ("services/doorkeeper.py", "'portal'", "f'turned away: {why.value}'"): [
        ("portal", f"turned away: {why.value}", REFUSED) for why in Why
    ],
    ("services/sign_in.py", "SYSTEM", "REFUSAL"): [("portal", "sign-in", REFUSED)],
    ("services/sign_in.py", "SYSTEM", "FIRST_TIME"): [("portal", "signed in", DONE)],
    ("services/change_password.py", "SYSTEM", "step"): [
        ("portal", "password change", REFUSED),
        ("portal", "password changed", DONE),
    ],
    ("services/one_password.py", "SYSTEM", "REFUSAL"): [("portal", "password change", REFUSED)],
    ("services/one_password.py", "SYSTEM", "WRITTEN"): [
        ("portal", "mailbox password", result) for result in (DONE, REFUSED, FAILED)
    ],
    ("adapters/registry/accounts.py", "'portal'", "step"): [
        ("portal", step, DONE) for step in ("account activated", "password recovered")
    ],
    ("adapters/registry/corrections.py", "SYSTEM", "step"): [
        ("desk", step, DONE) for step in ("contact corrected", "letter asked for", "mailbox hurried", "link retried")
    ],
    ("adapters/registry/letters.py", "'letters'", "f'sent {notice.kind}'"): [("letters", "sent album_number", DONE)],
    ("services/close_mailboxes.py", "LIFE", "deed.value"): [
        ("mailbox_life", deed.value, result) for deed in Deed for result in (DONE, REFUSED, FAILED)
    ],
    ("services/watch_mailboxes.py", "LIFE", "'repair'"): [("mailbox_life", "repair", each) for each in (DONE, FAILED)],
    ("services/rename_mailboxes.py", "LIFE", "'rename'"): [
        ("mailbox_life", "rename", result) for result in (DONE, REFUSED, FAILED)
    ],
    ("adapters/registry/mailbox_renames.py", "SYSTEM", "f'rename {state.value}'"): [
        ("mailbox_life", f"rename {state.value}", REFUSED if state is RenameState.REFUSED else DONE)
        for state in RenameState
    ],
    ("adapters/registry/mailbox_life.py", "SYSTEM", "step"): [
        *(("mailbox_life", f"{deed.value} announced", DONE) for deed in NEXT.values()),
        *(("mailbox_life", f"mailbox {state.value}", DONE) for state in Leaving if state is not Leaving.ANNOUNCED),
        ("mailbox_life", "mailbox reopened", DONE),
    ],
    ("adapters/registry/mailboxes.py", "'mailboxes'", "step"): [
        ("mailboxes", f"mailbox {state.value}", DONE) for state in MailboxState
    ],
    ("adapters/registry/messages.py", "'letters'", "step"): [("letters", f"sent {kind}", DONE) for kind in MESSAGES],
    ("adapters/registry/observations.py", "'payment_accounts'", "f'number from {origin}'"): [
        ("payment_accounts", f"number from {origin}", DONE) for origin in ("usos", "assigned", "imported")
    ],
    ("adapters/registry/usos_links.py", "SYSTEM", "'id found'"): [("usos", "id found", DONE)],
    ("adapters/registry/usos_links.py", "SYSTEM", "f'link {after.state.value}'"): [
        ("usos", f"link {state.value}", REFUSED if state is LinkState.CONFLICT else DONE)
        for state in LinkState
        if state is not LinkState.RETRIED
    ],
    ("adapters/registry/receivables.py", "SYSTEM", "'receivable new'"): [("receivables", "receivable new", DONE)],
    ("adapters/registry/receivables.py", "SYSTEM", "'reminder queued'"): [("receivables", "reminder queued", DONE)],
    ("adapters/registry/receivables.py", "SYSTEM", "step"): [
        ("receivables", step, DONE) for step in ("receivable corrected", "receivable cancelled")
    ],
    ("adapters/registry/till.py", "SYSTEM", "step"): [("payments", f"payment {note.value}", DONE) for note in Note],
    ("adapters/registry/till.py", "SYSTEM", "'payer forgotten'"): [("payments", "payer forgotten", DONE)],
    ("adapters/registry/payment_desk.py", "SYSTEM", "step"): [
        ("desk", step, DONE) for step in ("payment assigned", "payment taken back")
    ],
    ("adapters/registry/people.py", "'recruitment'", "step"): [
        ("recruitment", step, DONE) for step in ("admitted", "data changed")
    ],
}
"""Wherever a journal entry is made, and what it can be."""

STEPS = sorted({step for steps in WRITTEN.values() for step in steps})


SIGN_IN = (sign_in.UNKNOWN, sign_in.WRONG_PASSWORD, sign_in.BARRED, sign_in.LOCKED, sign_in.NOT_ACTIVATED)
CAUSED = [*Mismatch, *CodeFault, *SIGN_IN, THROTTLED, SPARED, UNFINISHED, UNJUDGED, ASKED, REFUSED_STAFF, "wrong_album"]
"""Every cause under which a try is counted."""


ENTRIES = {"JournalEntry", "EntryForEach"}


def places() -> set[tuple[str, str, str]]:
    """Return every place of the code at which a journal entry is made: the file, and how system and step are told."""
    return {
        (str(file.relative_to(SOURCES)), ast.unparse(call.args[1]), ast.unparse(call.args[2]))
        for file in SOURCES.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ENTRIES
    }


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    app = Flask("words")
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield app


def test_every_place_that_writes_the_journal_is_known_here() -> None:
    assert places() == set(WRITTEN)


@pytest.mark.parametrize("step", STEPS, ids=" / ".join)
def test_every_step_has_words(app: Flask, step: Step) -> None:
    assert is_known(*step)
    sentence = in_words(*step, "", "staff jkowalska")
    assert len(sentence.text) > 10 and "_" not in sentence.text
    assert sentence.who == "jkowalska"


def test_a_step_that_nobody_foresaw_is_shown_as_it_is(app: Flask) -> None:
    assert in_words("moon", "landed", "done", "", "flow x 1").text == "moon: landed (done)"


@pytest.mark.parametrize("cause", CAUSED)
def test_every_cause_has_words(cause: str) -> None:
    assert str(cause) in CAUSES


@pytest.mark.parametrize("door", COUNTED_DOORS)
def test_every_door_has_words(door: str) -> None:
    assert door in DOORS


@pytest.mark.parametrize(
    "mapping, keys",
    [
        (words.WAITS_FOR, list(Stage)),
        (words.REACHED, [each for each in Stage if each not in (Stage.DONE, Stage.LEFT)]),
        (words.HOLDS, list(Hold)),
        (words.STANDINGS, list(Standing)),
        (words.LETTERS, LETTERS),
        (words.CODES, list(Purpose)),
    ],
    ids=["waits for", "reached", "holds", "standings", "letters", "codes"],
)
def test_everything_that_a_card_shows_has_words(mapping: dict[str, object], keys: list[str]) -> None:
    assert set(keys) == set(mapping)


def test_a_clerk_s_reason_is_shown_and_a_message_id_is_not(app: Flask) -> None:
    assert in_words("desk", "unlocked", DONE, "she showed her card", "staff j").said == "she showed her card"
    assert in_words("letters", "sent album_number", DONE, "<1@x>", "flow").said == ""


@pytest.mark.parametrize(
    "actor, who", [("student 123456", "the student"), ("visitor", "a visitor"), ("flow x", "a run by itself")]
)
def test_it_is_told_who_did_it(app: Flask, actor: str, who: str) -> None:
    assert in_words("desk", "unlocked", DONE, "", actor).who == who
