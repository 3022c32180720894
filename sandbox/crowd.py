"""A whole year's intake that wants mailboxes at once, from a tenant with a known share of Microsoft's quota."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estudent.bootstrap import Campus, campus
from estudent.domain.lifecycle import Owed
from estudent.domain.student import MailboxState, Student
from estudent.domain.whom import Whom
from estudent.ports import Sighting
from sandbox.microsoft365.quota import KEPT_BACK, UNITS, WRITES, WRITES_WINDOW
from sandbox.sample import generate, write_csv
from sandbox.university import University


@dataclass(frozen=True, slots=True)
class Scale:
    """Which share of Microsoft's quota the tenant grants, and we are told of."""

    factor: float

    @property
    def settings(self) -> dict[str, object]:
        """Return it as settings of the section `mailboxes`."""
        return {"writes": round(WRITES * self.factor), "units": round(UNITS * self.factor)}

    @property
    def options(self) -> tuple[str, ...]:
        """Return it as options of the stand-in, which has seats for everybody."""
        return ("--quota-scale", str(self.factor), "--seats", "100000")

    def permitted(self, seconds: float) -> float:
        """Return how many writes of low priority the tenant takes in so many seconds, from a full bucket."""
        return WRITES * self.factor * (1 - KEPT_BACK + seconds / WRITES_WINDOW)


def let_have_mailboxes(here: Campus, students: Sequence[Student]) -> None:
    """Let these students' accounts be active, and mailboxes with plain names be seen to work, without Microsoft."""
    here.students.observe_activations([student.key for student in students])
    for student in students:
        name, alias = f"{student.album.login}.k@{here.domain}", f"{student.album.login}@{here.domain}"
        here.mailbox_register.reserve(student, name, alias, waited_for=False)
    seen = [Sighting(student.key, MailboxState.VERIFIED, f"id-{student.key}") for student in students]
    here.mailbox_register.observe(seen)


def let_ask(university: University, most: int) -> int:
    """Take a feed in and let so many students have mailboxes with names of ours; return how many there are."""
    write_csv(generate(most * 3 // 2 + 20), university.feeds / "feed.csv")
    with campus("crowd", "set-up") as here:
        here.database.upgrade()
        here.admit.run()
        students = here.students.load(here.students.keys(Whom()))
        owed = [student.key for student in students if student.is_owed(Owed.MAILBOX)]
        return here.ask_for_mailbox.ask_for_default(owed[:most])
