"""Disturbances on order: the next calls that match are slow, refused, or lose their answer."""

from __future__ import annotations

from sandbox.orders import Disturbance, Orders


class Faults(Orders[Disturbance]):
    """The faults that are still to happen."""

    def __init__(self) -> None:
        super().__init__(Disturbance)

    def take(self, path: str) -> Disturbance | None:
        """Return the fault that befalls the call, and count it."""
        return self.next(lambda fault: fault.path_contains in path)
