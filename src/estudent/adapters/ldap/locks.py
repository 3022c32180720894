"""What keeps a password from working, as slapd's ppolicy reads it (draft-behera-ldap-password-policy-10)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial

from estudent.adapters.ldap.attributes import END, LOCK, LOCKED, Found, texts
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.reading import one
from estudent.domain.plan import Lock
from estudent.ports import Barrier

START, POLICY, CHANGED = "pwdStartTime", "pwdPolicySubentry", "pwdChangedTime"
STATE = (LOCK, START, END, POLICY, CHANGED)
"""What must be read of an entry to know its barrier; slapd notes CHANGED with every password."""

DURATION = "pwdLockoutDuration"
MOMENT = re.compile(r"\d{14}")


def barrier_of(found: Found, pool: Pool, suffix: str, now: datetime) -> Barrier | None:
    """Return what bars an entry now; the policy is asked only where a lock runs out by itself."""
    ends, starts, locked = (_moment(found, name) for name in (END, START, LOCK))
    if ends and ends <= now:
        return Barrier(Lock.BARRED)
    if LOCKED in texts(found, LOCK):
        return Barrier(Lock.UNTIL_ACTIVATED)
    if locked:
        return _lockout(locked, _duration(found, pool, suffix), now)
    return Barrier(Lock.OPEN, starts) if starts and starts > now else None


def _lockout(locked: datetime, duration: timedelta, now: datetime) -> Barrier | None:
    """Return the lock after too many wrong passwords; without a duration it ends with a new password only."""
    if not duration:
        return Barrier(Lock.UNTIL_ACTIVATED)
    return Barrier(Lock.OPEN, locked + duration) if now < locked + duration else None


def _duration(found: Found, pool: Pool, suffix: str) -> timedelta:
    policy = next(iter(texts(found, POLICY)), f"cn=default,ou=policies,{suffix}")
    kept: Found | None = pool.ask(partial(one, name=policy, attributes=[DURATION]))
    return timedelta(seconds=sum(int(seconds) for seconds in texts(kept or {}, DURATION)))


def _moment(found: Found, name: str) -> datetime | None:
    """Return a generalized time to the second (RFC 4517, section 3.3.13), as slapd writes it: in UTC."""
    written = MOMENT.match(next(iter(texts(found, name)), ""))
    return datetime.strptime(written[0], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if written else None
