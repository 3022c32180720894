"""Plans: the steps that bring a far system in line with the registry, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, Self, TypeVar

from estudent.domain.album_number import AlbumNumber


class StepKind(StrEnum):
    """What a step does. The last four are planned by their own services, never by `plan`, which removes nothing."""

    ADD = "add"
    CHANGE = "change"
    LOCK = "lock"
    UNLOCK = "unlock"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    RENAME = "rename"
    REPAIR = "repair"


class Lock(StrEnum):
    """Whether something may be used. UNTIL_ACTIVATED ends with the student's first password, BARRED never by itself."""

    OPEN = "open"
    UNTIL_ACTIVATED = "until_activated"
    BARRED = "barred"


DANGEROUS = frozenset({StepKind.LOCK, StepKind.WITHDRAW, StepKind.ERASE, StepKind.RENAME, StepKind.REPAIR})
"""The kinds that the brake counts: they take something away from students, or undo what somebody did by hand."""


class Plannable(Protocol):
    """Something that belongs to one student and exists, or should, in a far system."""

    @property
    def album(self) -> AlbumNumber:
        """Whose it is."""

    @property
    def lock(self) -> Lock:
        """Whether it may be used."""

    def differences(self, found: Self) -> tuple[str, ...]:
        """Name the fields in which `found` falls short of this; the lock is not among them."""


T = TypeVar("T", bound=Plannable)


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One change to one student's thing in one far system."""

    kind: StepKind
    wanted: T
    found: T | None = None
    fields: tuple[str, ...] = ()

    @property
    def album(self) -> AlbumNumber:
        """Whose step this is."""
        return self.wanted.album


def plan(wanted: Iterable[T], found: Mapping[AlbumNumber, T]) -> Iterator[Step[T]]:
    """Yield the steps that bring what is found in line with what is wanted; nothing is ever removed."""
    for thing in wanted:
        present = found.get(thing.album)
        if present is None:
            yield Step(StepKind.ADD, thing)
        else:
            yield from _changes(thing, present)


def _changes(wanted: T, found: T) -> Iterator[Step[T]]:
    fields = wanted.differences(found)
    if fields:
        yield Step(StepKind.CHANGE, wanted, found, fields)
    # What waited for its activation and is open has been activated, whether or not we have heard of it.
    was_activated = wanted.lock is Lock.UNTIL_ACTIVATED and found.lock is Lock.OPEN
    if wanted.lock is not found.lock and not was_activated:
        yield Step(StepKind.UNLOCK if wanted.lock is Lock.OPEN else StepKind.LOCK, wanted, found)
