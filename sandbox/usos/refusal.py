"""The ways USOS API says no (its page definitions/errors: `message` always, `error` mostly, `reason` sometimes)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Refusal(Exception):
    """An answer of 4xx with its JSON body."""

    status: int
    body: dict[str, str]


def unauthorized(message: str, **more: str) -> Refusal:
    """Return the answer to a request whose signature is not good."""
    return Refusal(401, {"message": message, **more})


def unsigned() -> Refusal:
    """Return the answer to a request without a signature where one is needed."""
    message = "This method requires a signature of a Consumer."
    return unauthorized(message, error="method_forbidden", reason="consumer_missing")


def method_forbidden(message: str, reason: str) -> Refusal:
    """Return the answer to a consumer that may not call the method."""
    return Refusal(400, {"message": message, "error": "method_forbidden", "reason": reason})


def method_unknown(name: str) -> Refusal:
    """Return the answer to a call of a method that this version has not."""
    return Refusal(404, {"message": f"Method {name} does not exist."})


def param_missing(name: str) -> Refusal:
    """Return the answer to a call without a required argument."""
    message = f"Required parameter {name} is missing."
    return Refusal(400, {"message": message, "error": "param_missing", "param_name": name})


def param_invalid(name: str, message: str, **reason: str) -> Refusal:
    """Return the answer to an argument with an impossible value."""
    return Refusal(400, {"message": message, "error": "param_invalid", "param_name": name, **reason})


def param_forbidden(name: str, reason: str) -> Refusal:
    """Return the answer to an argument that this consumer may not use."""
    message = f"You are not allowed to use the parameter {name}."
    return Refusal(400, {"message": message, "error": "param_forbidden", "param_name": name, "reason": reason})


def field_not_found(name: str, method: str) -> Refusal:
    """Return the answer to a field that the method's result has not."""
    message = f"Field {name} does not exist in {method}."
    return Refusal(400, {"message": message, "error": "field_not_found", "field_name": name, "method_name": method})


def field_invalid(message: str) -> Refusal:
    """Return the answer to a field selector that cannot be understood."""
    return Refusal(400, {"message": message, "error": "field_invalid"})


def object_not_found(kind: str) -> Refusal:
    """Return the answer to a reference to something that does not exist; the reason is its type."""
    message = f"Referenced {kind} does not exist."
    return Refusal(400, {"message": message, "error": "object_not_found", "reason": kind})
