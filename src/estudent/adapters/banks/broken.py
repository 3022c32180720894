"""Why a bank's file is not read: the line, the field, what is wrong there and what would be right."""

from __future__ import annotations


class Broken(Exception):
    """A file of which no line is booked, since one of them cannot be trusted; its text holds no value of the file."""

    def __init__(self, problem: str, right: str, *, line: int = 0, field: str = "") -> None:
        where = ", ".join(part for part in (f"line {line}" if line else "", f"field {field}" if field else "") if part)
        super().__init__(f"{where}: {problem}; right is: {right}" if where else f"{problem}; right is: {right}")
        self.line, self.field, self.problem, self.right = line, field, problem, right
