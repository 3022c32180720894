"""Server-side sessions in the registry: the browser holds a random id in a cookie and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, g, request
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from estudent.adapters.registry.sessions import SqlSessions, stored_form
from estudent.ports import FarSideError


class Visits(ServerSideSessionInterface):
    """Flask-Session over the port `Sessions`; without a registry everybody is a stranger and nothing is kept."""

    ttl = False

    def __init__(self, app: Flask, sessions: SqlSessions) -> None:
        super().__init__(app, key_prefix="", permanent=False, cleanup_n_requests=500)
        self.sessions = sessions

    def save_session(self, app: Flask, session: ServerSideSession, response: Any) -> None:
        """Store the session; one that could not be read is not overwritten."""
        if not g.get("registry_lost"):
            super().save_session(app, session, response)

    def renew(self, session: ServerSideSession) -> None:
        """Give a session a new id, an empty one too, so that whoever knew the old one gains nothing."""
        self._delete_session(session.sid)
        session.sid = self._generate_sid(self.sid_length)
        session.modified = True

    def mark(self, session: ServerSideSession) -> str:
        """Return by which mark a session stands among its owner's; nobody can use it with that."""
        return stored_form(session.sid)

    def end_others(self, session: ServerSideSession) -> None:
        """End all sessions of this session's student but for this one."""
        self.sessions.end_all(session["student"], but=session.sid)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        try:
            held = self.sessions.load(store_id)
        except FarSideError as error:
            g.registry_lost = error
            return None
        g.visit_went_on = store_id if held is not None else None
        return held

    def _delete_session(self, store_id: str) -> None:
        self.sessions.end(store_id)

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:  # noqa: ARG002
        begun = g.get("visit_went_on") != store_id
        self.sessions.save(store_id, session, request.user_agent.string, begun=begun)

    def _delete_expired_sessions(self) -> None:
        self.sessions.sweep()
