"""The way from admission to a student who has everything: at which stage somebody waits, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.student import LinkState, MailboxState


class Stage(StrEnum):
    """What somebody waits for next, in the order of the manual's steps; DONE has everything, LEFT is owed nothing."""

    NUMBER = "number"
    LETTER = "letter"
    ACCOUNT = "account"
    NAME = "name"
    MAILBOX = "mailbox"
    USOS = "usos"
    PAYMENT_ACCOUNT = "payment_account"
    DONE = "done"
    LEFT = "left"


WAY = tuple(stage for stage in Stage if stage is not Stage.LEFT)
"""The stages that make the funnel."""


class Hold(StrEnum):
    """Why somebody waits."""

    NUMBER_NOT_GIVEN = "number_not_given"
    LETTER_REFUSED = "letter_refused"
    LETTER_NOT_SENT = "letter_not_sent"
    NO_ENTRY = "no_entry"
    TRIED_IN_VAIN = "tried_in_vain"
    NEVER_TRIED = "never_tried"
    NO_NAME_CHOSEN = "no_name_chosen"
    ADDRESS_TAKEN = "address_taken"
    MICROSOFT_PROBLEM = "microsoft_problem"
    MAILBOX_STUCK = "mailbox_stuck"
    MICROSOFT_SLOW = "microsoft_slow"
    NO_USOS_ID = "no_usos_id"
    USOS_REFUSES = "usos_refuses"
    USOS_NOT_YET = "usos_not_yet"
    USOS_NO_PERSON = "usos_no_person"
    USOS_NOT_ACTIVE = "usos_not_active"
    USOS_SOMEBODY_ELSE = "usos_somebody_else"
    USOS_STUCK = "usos_stuck"
    USOSWEB_NOT_YET = "usosweb_not_yet"
    NO_ACCOUNT_NUMBER = "no_account_number"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Traces:
    """What the registry holds that may tell why somebody waits; `refusal` is what the stage's system said last."""

    entry_seen: bool = False
    last_cause: str = ""
    mailbox_state: MailboxState | None = None
    problem: str = ""
    usos_id_known: bool = False
    link_state: LinkState | None = None
    link_problem: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """One programme in one intake; an empty part means any."""

    intake: str = ""
    programme: str = ""
    programme_name: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits at a stage: since when, why, what was said about it, and until when at the earliest."""

    album: AlbumNumber | None
    candidate: str
    name: str = field(repr=False)
    stage: Stage
    since: datetime | None
    hold: Hold
    detail: str = ""
    until: datetime | None = None


def reached(counts: Mapping[Stage, int]) -> dict[Stage, int]:
    """Return for each stage but the last how many have got beyond it, from how many wait at each."""
    return {stage: sum(counts.get(later, 0) for later in WAY[at + 1 :]) for at, stage in enumerate(WAY[:-1])}


def hold_at(stage: Stage, traces: Traces) -> tuple[Hold, str]:
    """Return why somebody waits at a stage, and the words of whoever said so."""
    match stage:
        case Stage.LETTER:
            return (Hold.LETTER_REFUSED, traces.refusal) if traces.refusal else (Hold.LETTER_NOT_SENT, "")
        case Stage.ACCOUNT:
            return _before_activation(traces)
        case Stage.MAILBOX:
            return _before_the_mailbox(traces)
        case Stage.USOS:
            return _before_usos(traces)
    return ALWAYS[stage], ""


ALWAYS = {
    Stage.NUMBER: Hold.NUMBER_NOT_GIVEN,
    Stage.NAME: Hold.NO_NAME_CHOSEN,
    Stage.PAYMENT_ACCOUNT: Hold.NO_ACCOUNT_NUMBER,
    Stage.DONE: Hold.NOTHING,
    Stage.LEFT: Hold.NOTHING,
}
"""Where there is one cause only."""


def _before_activation(traces: Traces) -> tuple[Hold, str]:
    if not traces.entry_seen:
        return Hold.NO_ENTRY, traces.refusal
    if traces.last_cause:
        return Hold.TRIED_IN_VAIN, traces.last_cause
    return Hold.NEVER_TRIED, ""


def _before_the_mailbox(traces: Traces) -> tuple[Hold, str]:
    if traces.mailbox_state is MailboxState.CONFLICT:
        return Hold.ADDRESS_TAKEN, traces.problem
    if traces.mailbox_state is MailboxState.STUCK:
        return Hold.MAILBOX_STUCK, traces.problem
    said = traces.problem or traces.refusal
    return (Hold.MICROSOFT_PROBLEM, said) if said else (Hold.MICROSOFT_SLOW, "")


def _before_usos(traces: Traces) -> tuple[Hold, str]:
    if not traces.usos_id_known:
        return Hold.NO_USOS_ID, ""
    if traces.link_state in BEFORE_USOS:
        return BEFORE_USOS[traces.link_state], traces.link_problem
    said = traces.link_problem or traces.refusal
    return (Hold.USOS_REFUSES, said) if said else (Hold.USOS_NOT_YET, "")


BEFORE_USOS = {
    LinkState.AWAITED: Hold.USOS_NO_PERSON,
    LinkState.PERSON: Hold.USOS_NOT_ACTIVE,
    LinkState.LINKED: Hold.USOSWEB_NOT_YET,
    LinkState.CONFLICT: Hold.USOS_SOMEBODY_ELSE,
    LinkState.STUCK: Hold.USOS_STUCK,
}
"""Where the state alone tells why."""
