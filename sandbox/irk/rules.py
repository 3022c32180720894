"""Who may ask for what, and the ways the API says no (Django REST framework's, and IRK's own `{error, detail}`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

RESOURCES = ("applications", "applicants", "registrations")


@dataclass
class Refusal(Exception):
    """An answer that is no success, with its JSON body."""

    status: int
    body: dict[str, object]


@dataclass(frozen=True)
class Rules:
    """The token and its limits; `most` is how many records a page has at most."""

    token: str = field(repr=False)
    not_granted: frozenset[str] = frozenset()
    changed_since: str = ""
    most: int = 100

    def admit(self, request: Request, resource: str) -> None:
        """Refuse whoever has not the right token, or not the right to this."""
        given = request.headers.get("Authorization", "")
        if not given:
            raise Refusal(401, {"detail": "Authentication credentials were not provided."})
        if given != f"Token {self.token}":
            raise Refusal(401, {"detail": "Invalid token."})
        if resource in self.not_granted:
            raise Refusal(403, {"detail": "You do not have permission to perform this action."})


def not_found(detail: str = "Not found.") -> Refusal:
    """Return the answer to what is not there."""
    return Refusal(404, {"detail": detail})


def not_allowed(method: str) -> Refusal:
    """Return the answer to whoever wants to write."""
    return Refusal(405, {"detail": f'Method "{method}" not allowed.'})


def bad_request(error: int, detail: str) -> Refusal:
    """Return IRK's answer to an argument that makes no sense."""
    return Refusal(400, {"error": error, "detail": detail})
