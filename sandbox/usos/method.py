"""A method of USOS API: who may call it, with what, and what a call of it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.usos.fields import Schema, select
from sandbox.usos.people import People
from sandbox.usos.refusal import method_forbidden, param_forbidden, param_missing

Need = Literal["required", "optional", "ignored"]


@dataclass(frozen=True, slots=True)
class Installation:
    """What all methods share."""

    people: People
    granted: frozenset[str]
    methods: Mapping[str, Method]


@dataclass(frozen=True, slots=True)
class Method:
    """The description that `services/apiref/method` gives, and the function behind it."""

    name: str
    brief: str
    answer: Callable[[Call], Any]
    result: Schema = field(default_factory=dict)
    default_fields: str = ""
    arguments: Mapping[str, bool] = field(default_factory=dict)
    consumer: Need = "required"
    token: Need = "optional"
    scopes: tuple[str, ...] = ()
    administrative: bool = False
    beta: bool = False
    verb: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the method, its arguments, where it arrived, and what it may touch."""

    method: Method
    verb: str
    arguments: Mapping[str, str]
    base_url: str
    installation: Installation

    def answer(self) -> Any:
        """Check the consumer's rights and answer."""
        name = self.method.name
        if self.method.verb not in (None, self.verb):
            raise method_forbidden(f"{name} is to be called by {self.method.verb}.", "post_required")
        if self.method.administrative and name not in self.installation.granted:
            raise method_forbidden(f"{name} requires an administrative Consumer.", "administrative_only")
        return self.method.answer(self)

    def need(self, name: str) -> str:
        """Return an argument that has to be there."""
        value = self.arguments.get(name, "")
        if not value:
            raise param_missing(name)
        return value

    def impersonated(self) -> str | None:
        """Return the id of the user for whom an administrative consumer acts."""
        os_id = self.arguments.get("as_user_id")
        if os_id and self.method.name not in self.installation.granted:
            raise param_forbidden("as_user_id", "administrative_only")
        return os_id

    def chosen(self, value: Any) -> Any:
        """Return the fields of the result that were asked for."""
        fields = self.arguments.get("fields") or self.method.default_fields
        return select(value, fields, self.method.result, self.method.name)
