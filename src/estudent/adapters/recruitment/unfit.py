"""Why a whole file is left alone."""

from __future__ import annotations

from estudent.ports import FeedProblem


class Unfit(Exception):
    """A file that no row can be trusted of: the problem, and one sentence that says what to do."""

    def __init__(self, problem: FeedProblem, detail: str) -> None:
        super().__init__(detail)
        self.problem, self.detail = problem, detail


def unreadable(detail: str) -> Unfit:
    """Return the Unfit of a file that cannot be read at all."""
    return Unfit(FeedProblem.UNREADABLE, detail)
