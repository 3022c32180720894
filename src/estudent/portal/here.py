"""Who is here: the campus of this request, and the student or the staff member who is signed in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from estudent.bootstrap import Campus
from estudent.domain.student import Student
from estudent.portal.security import network
from estudent.portal.visits import Visits
from estudent.ports import Role, StaffMember

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
ROLES = list(Role)
STAFF_ASKED_EVERY = 300
"""Seconds for which a role counts as it was; whoever is taken out of a group is out after so long at most."""


def campus() -> Campus:
    """Return the campus of this request; what it writes into the journal bears the name of whoever is signed in."""
    if "campus" not in g:
        g.campus = cast(Campus, current_app.extensions["campus"]).acting(_actor(), f"web {secrets.token_hex(6)}")
    return cast(Campus, g.campus)


def student() -> Student | None:
    """Return the student who is signed in."""
    key = session.get("student")
    if key is None:
        return None
    if "student" not in g:
        g.student = next(iter(campus().students.load([key])), None)
    return cast("Student | None", g.student)


def this_student() -> Student:
    """Return the student who is signed in, on a page that is for students."""
    found = student()
    if found is None:
        abort(403)
    return found


def staff() -> StaffMember | None:
    """Return the member of the staff who is signed in."""
    user = session.get("staff")
    return StaffMember(user, session["staff_name"], Role(session["staff_role"])) if user else None


def still_staff() -> bool:
    """Tell whether whoever is signed in at the desk is still of the staff; every few minutes the directory is asked."""
    now = int(campus().author.clock().timestamp())
    if session.get("staff") is None or now - session.get("staff_seen", 0) < STAFF_ASKED_EVERY:
        return True
    member = campus().staff_directory.look_up(session["staff"])
    if member is not None:
        session.update(staff_name=member.name, staff_role=member.role.value, staff_seen=now)
    return member is not None


def source() -> str:
    """Return a keyed hash of the visitor's network, by which tries are counted; the address itself is not kept."""
    return campus().fingerprints.of("source", network())


def admit_student(whose: Student) -> None:
    """Sign a student in, under a new session id."""
    _begin(student=whose.key, album=str(whose.album))


def admit_staff(member: StaffMember, **more: str) -> None:
    """Sign a member of the staff in, under a new session id; the session holds `more`, too."""
    now = int(campus().author.clock().timestamp())
    _begin(staff=member.user, staff_name=member.name, staff_role=member.role.value, staff_seen=now, **more)


def leave() -> None:
    """Sign out; the session's id is worthless from now on."""
    session.clear()
    cast(Visits, current_app.session_interface).renew(session)
    _forget_who()


def mark() -> str:
    """Return by which mark this session stands among the student's."""
    return cast(Visits, current_app.session_interface).mark(session)


def end_other_sessions() -> None:
    """End all sessions of the student who is signed in, but for this one."""
    cast(Visits, current_app.session_interface).end_others(session)


def for_students(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer | Response]:
    """Let only signed-in students see this page; others sign in first and come back to it."""

    @wraps(view)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer | Response:
        if student() is None:
            return redirect(url_for("home.front", next=own_path()))
        return view(*args, **kwargs)

    return guarded


def for_staff(
    least: Role,
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer | Response]]:
    """Let only staff of this role or a higher one see this page."""

    def guard(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer | Response]:
        @wraps(view)
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer | Response:
            member = staff()
            if member is None:
                return redirect(url_for("sign_in.desk_login", next=own_path()))
            if ROLES.index(member.role) < ROLES.index(least):
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return guard


def say_goodbye(_error: BaseException | None) -> None:
    """Close what this request has opened for itself, e.g. a connection to the mail server."""
    if "campus" in g:
        g.campus.close()


def own_path() -> str | None:
    """Return the path of the page asked for, where coming back to it makes sense."""
    return request.path if request.method == "GET" else None


def _begin(**who: object) -> None:
    kept = {name: session[name] for name in ("_permanent",) if name in session}
    session.clear()
    session.update(kept | who)
    cast(Visits, current_app.session_interface).renew(session)
    _forget_who()


def _forget_who() -> None:
    for name in ("campus", "student"):
        g.pop(name, None)


def _actor() -> str:
    if user := session.get("staff"):
        return f"staff {user}"
    return f"student {session['album']}" if "album" in session and "student" in session else "visitor"
