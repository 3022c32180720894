"""Give mailboxes another primary address, after marriage or for the spelling; the old one stays an alias for good.

The order, and what happens when a half of it fails:

1. *Asked*: the registry reserves the address. Nobody else can get it; nothing has changed anywhere.
2. *Arriving*: Exchange makes it the primary address. Mail arrives at both; the sign-in is as before.
3. *Moving*: registry, directory (`mail`, which single sign-on hands to Microsoft as IDPEmail), then the sign-in name at
   Microsoft (UPN), at once after each other: between the last two a federated sign-in fails. The directory comes first
   since it is ours: when Microsoft refuses, or is seen not to have moved the name, registry and directory go back at
   once, and the sign-in works as before. Where Microsoft cannot even be asked, nobody knows, and the next run looks and
   goes on from what it sees.
4. *Moved*: all was seen at the new address. The student is told, and USOS gets the new address.

Every step is looked for before it is taken, so a run that was killed is completed by the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_life import CloudUser
from estudent.domain.mailbox_name import check_local_part
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.outcome import Remark, Result, Tally
from estudent.domain.plan import StepKind
from estudent.domain.student import Student
from estudent.ports import (
    CloudUsers,
    FarSideError,
    Journal,
    JournalEntry,
    Misconfigured,
    NotFound,
    Partings,
    Refused,
    Renames,
    Students,
    Unavailable,
    Whose,
)
from estudent.services.close_mailboxes import LIFE
from estudent.services.reconcile import Forecast, Reconciler, follow

SYSTEM = "mailbox_rename"
NO_USER = "the user is not to be seen at Microsoft"
NOT_SEEN = "Microsoft accepted the new address, but it is not to be seen there yet"
NO_DIRECTORY = "the directory did not take the new address"


@dataclass(frozen=True, slots=True)
class AskForNewAddress:
    """What the portal, the desk and the command line call; a run carries it out."""

    students: Students
    renames: Renames
    domain: str

    def ask(self, album: AlbumNumber, name: str) -> str:
        """Reserve the address and return it; the run that follows moves the mailbox.

        Raises BadName for a name against the rules, AlreadyExists and TooAlike for somebody else's, Refused where there
        is no working mailbox, or it is being moved already.
        """
        student = self.students.by_album(album)
        wanted = f"{check_local_part(name)}@{self.domain}"
        if student.working_mailbox is None or not student.is_owed(Owed.MAILBOX) or student.is_being_renamed:
            raise Refused(f"the mailbox of {album} does not work yet, or is being moved; ask again when it works")
        if wanted == student.mailbox:
            raise Refused("this is the address that the mailbox has")
        self.renames.ask(student, wanted)
        return wanted

    def decline(self, album: AlbumNumber) -> None:
        """Keep the address."""
        self.renames.decline(self.students.by_album(album))


@dataclass(frozen=True, slots=True)
class RenameMailboxes:
    """The reconciler of renames under way; `directory` and `followers` bring one student in line each."""

    students: Students
    renames: Renames
    partings: Partings
    users: CloudUsers
    directory: Reconciler
    followers: Sequence[Reconciler]
    journal: Journal
    system: str = SYSTEM

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Count the renames under way and change nothing."""
        under_way = len(self._under_way(keys))
        steps = Counter({StepKind.RENAME: under_way} if under_way else {})
        return Forecast(self.system, self.partings.with_mailbox(list(keys)), steps)

    def apply(self, keys: Sequence[int]) -> Tally:
        """Take each rename as far as it goes."""
        tally = Tally(self.system, read=self.partings.with_mailbox(list(keys)))
        for student in self._under_way(keys):
            self._take_further(student, tally)
        return tally

    def _under_way(self, keys: Sequence[int]) -> list[Student]:
        owed = (student for student in self.students.load(keys) if student.is_owed(Owed.MAILBOX))
        return [student for student in owed if student.is_being_renamed]

    def _take_further(self, student: Student, tally: Tally) -> None:
        try:
            self._move(student)
        except NotFound as error:  # which Microsoft says of what it cannot see yet, or cannot reach
            self._note(student, Result.FAILED, str(error), tally)
        except Refused as error:
            self._note(student, Result.REFUSED, self._given_up(student, str(error)), tally)
        except Unavailable as error:
            self._note(student, Result.FAILED, str(error), tally)
        else:
            self._note(student, Result.DONE, "", tally)
            for follower in self.followers:
                tally.remarks += follow(follower, [student.key]).remarks

    def _move(self, student: Student) -> None:
        wanted, user = _wanted(student), self._user(student)
        if _state(student) is RenameState.ASKED:
            if not _arrives(user, student):
                self.users.make_primary(user.identifier, wanted)
            if not _arrives(self._user(student), student):
                raise Unavailable(NOT_SEEN)
            student = self.renames.observe(student, RenameState.ARRIVING)
        if _state(student) is RenameState.ARRIVING:
            student = self.renames.observe(student, RenameState.MOVING)
        self._move_sign_in(student, user)
        self.renames.observe(student, RenameState.MOVED)

    def _move_sign_in(self, student: Student, user: CloudUser) -> None:
        """Move directory and sign-in name together, or neither."""
        wanted = _wanted(student)
        told = self.directory.apply([student.key])
        if (told.failed or told.refused) and not _signs_in_with(user, wanted):
            self._go_back(student)
            raise Unavailable(NO_DIRECTORY)
        if _signs_in_with(user, wanted):
            return
        try:
            self.users.move_sign_in(user.identifier, wanted)
        except (Unavailable, NotFound, Misconfigured):
            if _signs_in_with(self._user(student), wanted):
                return
            self._go_back(student)
            raise
        # What Microsoft accepted will be so, even where its reading side lags; the next run looks again.
        if not _signs_in_with(self._user(student), wanted):
            raise Unavailable(NOT_SEEN)

    def _go_back(self, student: Student) -> None:
        """Let the sign-in work as before; mail arrives at both addresses."""
        self.renames.observe(student, RenameState.ARRIVING)
        self.directory.apply([student.key])

    def _given_up(self, student: Student, why: str) -> str:
        """Bring everything back to the old address, as far as it was moved; return why, and what could not be."""
        student = self.students.by_album(student.album)
        moved = _state(student) is not RenameState.ASKED
        student = self.renames.observe(student, RenameState.REFUSED, why)
        if not moved:
            return why
        self.directory.apply([student.key])
        try:
            self.users.make_primary(student.mailbox_id or "", student.mailbox or "")
        except FarSideError as error:
            return f"{why}; the old address is not the primary one again: {error}"
        return why

    def _user(self, student: Student) -> CloudUser:
        user = self.users.look([Whose(student.album, student.mailbox_id)]).get(student.album)
        if user is None or user.deleted or not user.identifier:
            raise Unavailable(NO_USER)
        return user

    def _note(self, student: Student, result: Result, detail: str, tally: Tally) -> None:
        tally.count(StepKind.RENAME, result)
        self.journal.note([JournalEntry(student.key, LIFE, "rename", result, detail)])
        if result is not Result.DONE:
            then = "the next run tries again" if result is Result.FAILED else "ask the student for another name"
            tally.remarks.append(Remark(str(student.album), detail, then))


def _state(student: Student) -> RenameState | None:
    return student.rename.state if student.rename else None


def _wanted(student: Student) -> str:
    return (student.rename.wanted if student.rename else None) or ""


def _arrives(user: CloudUser, student: Student) -> bool:
    """Tell whether mail arrives at both addresses, the new one being the primary one."""
    before = (student.rename.before if student.rename else None) or ""
    return (user.primary or "").lower() == _wanted(student).lower() and before.lower() in user.addresses


def _signs_in_with(user: CloudUser, name: str) -> bool:
    return user.sign_in.lower() == name.lower()
