"""Comparing passwords: the directory does it, whenever somebody binds."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import partial

from ldap3 import Connection
from ldap3.core.results import (
    RESULT_INAPPROPRIATE_AUTHENTICATION,
    RESULT_INVALID_CREDENTIALS,
    RESULT_SUCCESS,
    RESULT_UNWILLING_TO_PERFORM,
)

from estudent.adapters.ldap import requests, wire
from estudent.adapters.ldap.answers import ADMITTED, controls_of, result_of
from estudent.adapters.ldap.ber import elements_in
from estudent.adapters.ldap.connection import Access
from estudent.adapters.ldap.errors import Operation, OutOfReach, meaning, speaking
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.reading import one
from estudent.ports import Misconfigured

LONGEST = 4096
"""How many bytes of a password are sent at most."""

POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"
"""The control by which slapd says that a password must be changed (draft-behera-ldap-password-policy-10, section 6)."""

ERROR_TAG, CHANGE_AFTER_RESET = 0x81, 2
WRONG = {RESULT_INVALID_CREDENTIALS, RESULT_INAPPROPRIATE_AUTHENTICATION, RESULT_UNWILLING_TO_PERFORM}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry whose password may be compared."""

    name: str
    barred: bool
    has_password: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the password was the right one."""

    accepted: bool
    must_change: bool = False


class Doorkeeper:
    """Compares passwords on connections of its own, which stay open, so that a try needs no new handshake.

    slapd answers at once for what does not exist, is locked or has no password. So that nobody learns from the time,
    the decoy's password is compared instead: one verification and one noted failure for whatever is refused.
    """

    def __init__(self, access: Access, searches: Pool, suffix: str) -> None:
        self._binds, self._searches = Pool(access), searches
        self._decoy = f"cn=decoy,ou=services,{suffix}"
        self._has_decoy = False

    def compare(self, candidate: Candidate | None, password: str) -> Answer:
        """Tell whether the password is the candidate's."""
        sent = sendable(password)
        if candidate is None or candidate.barred or not sent:
            return self._refuse(sent)
        answer = self._binds.ask(partial(bind, name=candidate.name, password=sent))
        return answer if answer.accepted or candidate.has_password else self._refuse(sent)

    def close(self) -> None:
        """Close the connections."""
        self._binds.close()

    def _refuse(self, sent: bytes) -> Answer:
        if not self._has_decoy:
            self.look_for_decoy()
        self._binds.ask(partial(bind, name=self._decoy, password=sent or b"-"))
        return Answer(accepted=False)

    def look_for_decoy(self) -> None:
        """Raise Misconfigured where the directory has no decoy."""
        if self._searches.ask(partial(one, name=self._decoy, attributes=["1.1"])) is None:
            raise Misconfigured(f"{self._decoy} is not to be seen; add the entries of base.ldif that are missing")
        self._has_decoy = True


def sendable(password: str) -> bytes:
    """Return a password as it is hashed and compared, NFC in UTF-8; nothing for one that no account can have."""
    sent = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
    return sent if len(sent) <= LONGEST else b""


def bind(connection: Connection, name: str, password: bytes) -> Answer:
    """Try a password on an open connection, which is nobody's afterwards, or the student's until the next try."""
    if connection.closed:
        raise OutOfReach("the connection was closed; try again")
    with speaking(Operation.OPEN):
        answer = wire.asked(connection, requests.bind(name, password) + requests.wish(POLICY), ADMITTED)
        result, error = result_of(answer), _error(controls_of(answer).get(POLICY, b""))
    if result in WRONG:
        return Answer(accepted=False)
    if result != RESULT_SUCCESS:
        raise meaning(result, Operation.OPEN)
    return Answer(accepted=True, must_change=error == CHANGE_AFTER_RESET)


def _error(told: bytes) -> int | None:
    """Return the error in slapd's answer to the control: SEQUENCE { warning [0] OPTIONAL, error [1] OPTIONAL }."""
    errors = (content for tag, content in (elements_in(told) if told else ()) if tag == ERROR_TAG)
    return next((int.from_bytes(content, "big") for content in errors), None)
