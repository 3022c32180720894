"""Mailboxes that don't come, on order: the user gets a serviceProvisioningError with the reason instead."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.microsoft365.user import User, moment
from sandbox.orders import Order, Orders

XML = (
    '<ServiceInstance xmlns="http://schemas.microsoft.com/online/serviceextensions/2009/08/ExtensibilitySchema.xsd">'
    "<Name>{}</Name><ObjectErrors><ErrorRecord><ErrorCode>Provisioning</ErrorCode><ErrorParameters/>"
    "<ErrorDescription>{}</ErrorDescription></ErrorRecord></ObjectErrors></ServiceInstance>"
)
INSTANCE = "exchange/EURPR01-001-01"


@dataclass(slots=True, kw_only=True)
class Obstacle(Order):
    """Keeps so many mailboxes from appearing: any, or those of one employeeId."""

    reason: str
    employee_id: str = ""

    def __post_init__(self) -> None:
        Order.__post_init__(self)
        if not self.reason or set(self.reason) & set("<>&"):
            raise ValueError("the reason is a sentence without markup")

    def befall(self, user: User, now: float) -> None:
        """Leave the user without its mailbox, and say why (graph.serviceProvisioningXmlError)."""
        user.stuck = True
        user.errors = [
            {
                "@odata.type": "#microsoft.graph.serviceProvisioningXmlError", "createdDateTime": moment(now),
                "isResolved": False, "serviceInstance": INSTANCE, "errorDetail": XML.format(INSTANCE, self.reason),
            }
        ]  # fmt: skip


class Obstacles(Orders[Obstacle]):
    """What is still to go wrong."""

    def __init__(self) -> None:
        super().__init__(Obstacle)

    def befalling(self, user: User) -> Obstacle | None:
        """Return what keeps the user from its mailbox, and count it."""
        number = str(user.written.get("employeeId") or "")
        return self.next(lambda each: each.employee_id in ("", number))
