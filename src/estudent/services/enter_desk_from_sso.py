"""Let the staff in who have signed in at the university's single sign-on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from estudent.ports import NotProven, SingleSignOn, StaffMember, Trip, role_in

USER = re.compile("[A-Za-z0-9._-]{1,60}")


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who is in, and by which visit to the single sign-on (empty where it does not number them)."""

    member: StaffMember
    visit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody who is who they say, and has no business at the desk."""

    user: str


@dataclass(frozen=True, slots=True)
class EnterDeskFromSso:
    """What the desk calls when a browser comes back from the single sign-on."""

    there: SingleSignOn

    def __call__(self, trip: Trip, answer: Mapping[str, str]) -> Arrived | Outsider:
        """Tell who is there and with which role; raise NotProven."""
        who = self.there.arrival(trip, answer)
        if not USER.fullmatch(who.user):
            raise NotProven("the single sign-on's `sub` is no user name of the staff; let it give the uid")
        role = role_in(who.groups)
        return Arrived(StaffMember(who.user, who.name or who.user, role), who.visit) if role else Outsider(who.user)
