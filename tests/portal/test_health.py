"""What the balancer learns of a node."""

from __future__ import annotations

import pytest

from estudent.adapters.ldap.passwords import LdapPasswords
from estudent.adapters.registry.database import Database
from estudent.domain.album_number import AlbumNumber
from estudent.ports import Unavailable
from tests.portal.world import Portal

pytestmark = pytest.mark.enable_socket


def lost(*_asked: object) -> AlbumNumber | None:
    """Answer as a far system does that is away."""
    raise Unavailable("does not answer")


def test_a_node_is_well_while_the_registry_and_the_directory_answer(portal: Portal) -> None:
    answer = portal.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "well\n")
    assert "Set-Cookie" not in answer.headers


def test_a_node_without_the_directory_says_so(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LdapPasswords, "look_up", lost)
    answer = portal.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (503, "no answer: directory\n")


def test_a_node_without_the_registry_says_so(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "reading", lost)
    answer = portal.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (503, "no answer: registry\n")
