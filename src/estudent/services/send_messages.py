"""Send the letters that the portal caused: codes within seconds, each once, resumable after any interruption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from estudent.domain.letter import Letter, Notice
from estudent.domain.outcome import Result
from estudent.ports import FarSideError, Journal, JournalEntry, Message, Messages, Post, Refused, Students

AT_ONCE = 20
TRIED_AGAIN = timedelta(hours=6)
"""When a refused recipient is tried again; the student office may have corrected the address meanwhile."""


@dataclass(frozen=True, slots=True)
class SendMessages:
    """Drains the queue of letters.

    When a process dies between the post's acceptance and the note, the letter goes out again, byte for byte and under
    the same Message-ID, which mail stores that suppress duplicates show once.
    """

    messages: Messages
    students: Students
    compose: Callable[[Notice], Letter]
    post: Post
    journal: Journal

    def run(self) -> int:
        """Send what waits and return how many letters went out; raise what makes the post useless for all of them."""
        claimed, sent = self.messages.claim(AT_ONCE), 0
        whose = {student.key: student for student in self.students.load([each.student for each in claimed])}
        for at, message in enumerate(claimed):
            try:
                letter = self.compose(Notice(whose[message.student], message.kind, message.message_id))
            except Exception:  # a fault of ours in one letter must not keep the others
                self.messages.put_back([message], "the letter could not be written", TRIED_AGAIN)
                self.messages.put_back(claimed[at + 1 :], "")
                raise
            try:
                self.post.send(letter)
            except Refused as error:
                self._note_refusal(message, str(error))
                continue
            except FarSideError as error:
                self.messages.put_back(claimed[at:], str(error))
                raise
            self.messages.sent(message)
            sent += 1
        return sent

    def _note_refusal(self, message: Message, why: str) -> None:
        self.messages.put_back([message], why, TRIED_AGAIN)
        if not message.attempts:
            entry = JournalEntry(message.student, "letters", message.kind, Result.REFUSED, why)
            self.journal.note([entry])
