"""The ways Graph and Exchange say no, in the shapes their clients parse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of `error.details`."""

    code: str
    target: str
    message: str = ""


@dataclass
class Refusal(Exception):
    """An answer that is not a success."""

    status: int
    code: str
    message: str
    details: tuple[Detail, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_error(self) -> dict[str, Any]:
        """Return the `error` object, without `details` when there are none."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [
                {"code": each.code, "message": each.message or self.message, "target": each.target}
                for each in self.details
            ]
        return error


class TokenRefused(Exception):
    """Why no token is given: an OAuth error, and Microsoft's number and words for it."""

    def __init__(self, status: int, error: str, number: int, words: str) -> None:
        super().__init__(words)
        self.status, self.error, self.number, self.words = status, error, number, words

    def body(self, when: str) -> dict[str, Any]:
        """Return the answer in the shape of https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""
        trace, correlation = str(uuid4()), str(uuid4())
        told = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {when}"
        return {
            "error": self.error, "error_description": f"AADSTS{self.number}: {self.words} {told}",
            "error_codes": [self.number], "timestamp": when, "trace_id": trace, "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }  # fmt: skip


def bad_request(message: str, *details: Detail) -> Refusal:
    """The directory's everyday refusal."""
    return Refusal(400, "Request_BadRequest", message, details)


def invalid_value(name: str) -> Refusal:
    """A value that the directory's own rules refuse."""
    message = f"Invalid value specified for property '{name}' of resource 'User'."
    return bad_request(message, Detail("InvalidValue", name))


def missing_value(name: str) -> Refusal:
    """A property that creation demands."""
    message = f"A value is required for property '{name}' of resource 'User'."
    return bad_request(message, Detail("MissingValue", name))


def not_found(key: str) -> Refusal:
    """No such object, or none that may be seen yet."""
    message = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return Refusal(404, "Request_ResourceNotFound", message)


def conflict(name: str) -> Refusal:
    """A value that must be unique is taken; always 400, never 409 (microsoft-graph-docs#1508, docs-contrib#8421)."""
    message = f"Another object with the same value for property {name} already exists."
    codes = ("ObjectConflict", "ConflictingObjects") if name == "proxyAddresses" else ("ObjectConflict",)
    return bad_request(message, *(Detail(code, name) for code in codes))


def unnamed_conflict() -> Refusal:
    """The third form of a conflict, which names neither property nor details (docs-contrib#6346)."""
    message = "A conflicting object with one or more of the specified property values is present in the directory."
    return bad_request(message)


def denied() -> Refusal:
    """What the application may never do (msgraph-beta-sdk-java#951)."""
    return Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def unsupported_query(message: str = "Unsupported Query.") -> Refusal:
    """A query that the directory's index does not serve."""
    return Refusal(400, "Request_UnsupportedQuery", message)
