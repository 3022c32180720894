"""Mailboxes that don't come, on order: the user gets a serviceProvisioningError with the reason instead."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import User, moment

XML = (
    '<ServiceInstance xmlns="http://schemas.microsoft.com/online/serviceextensions/2009/08/ExtensibilitySchema.xsd">'
    "<Name>{}</Name><ObjectErrors><ErrorRecord><ErrorCode>Provisioning</ErrorCode><ErrorParameters/>"
    "<ErrorDescription>{}</ErrorDescription></ErrorRecord></ObjectErrors></ServiceInstance>"
)
INSTANCE = "exchange/EURPR01-001-01"


@dataclass(slots=True)
class Obstacle:
    """Keeps so many mailboxes from appearing: any, or those of one employeeId."""

    reason: str
    times: int = 1
    employee_id: str = ""

    def __post_init__(self) -> None:
        if not self.reason or set(self.reason) & set("<>&"):
            raise ValueError("the reason is a sentence without markup")
        if self.times < 1:
            raise ValueError("times is at least 1")

    def befall(self, user: User, now: float) -> None:
        """Leave the user without its mailbox, and say why (graph.serviceProvisioningXmlError)."""
        user.stuck = True
        user.errors = [
            {
                "@odata.type": "#microsoft.graph.serviceProvisioningXmlError", "createdDateTime": moment(now),
                "isResolved": False, "serviceInstance": INSTANCE, "errorDetail": XML.format(INSTANCE, self.reason),
            }
        ]  # fmt: skip


class Obstacles:
    """What is still to go wrong, in the order in which it was ordered."""

    def __init__(self) -> None:
        self._waiting: list[Obstacle] = []

    def order(self, wanted: Any) -> None:
        """Add one; raises ValueError for what is none."""
        known = {field.name for field in fields(Obstacle)}
        if not isinstance(wanted, dict) or not {"reason"} <= set(wanted) <= known:
            raise ValueError(f"an obstacle is an object with a reason and perhaps others of {sorted(known)}")
        try:
            self._waiting.append(Obstacle(**wanted))
        except TypeError as error:
            raise ValueError("a field of the obstacle has the wrong type") from error

    def befalling(self, user: User) -> Obstacle | None:
        """Return what keeps the user from its mailbox, and count it."""
        number = str(user.written.get("employeeId") or "")
        found = next((each for each in self._waiting if each.employee_id in ("", number)), None)
        if found is not None:
            found.times -= 1
            self._waiting = [each for each in self._waiting if each.times]
        return found

    def clear(self) -> None:
        """Let mailboxes come again."""
        self._waiting = []

    def shown(self) -> list[Json]:
        """Return what is still to go wrong."""
        return [asdict(each) for each in self._waiting]
