"""What the Prefect UI asks for when somebody starts a run; numbers, dates and switches, never personal data."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from prefect.input import RunInput
from pydantic import BaseModel, Field, field_validator

from estudent.domain.album_number import AlbumNumber
from estudent.domain.deployment import LIMIT, LONGEST, TAGS
from estudent.domain.whom import Whom

Mode = Literal["rehearse", "apply"]
System = Literal["letters", "directory", "mailboxes", "usos", "payment_accounts"]
EVERY_SYSTEM: list[System] = ["letters", "directory", "mailboxes", "usos", "payment_accounts"]


class Chosen(BaseModel):
    """Whom the run looks at."""

    album_numbers: str = Field(
        "", title="Album numbers", description="separated by spaces, commas or new lines; empty: everyone"
    )
    programme: str = Field("", title="Programme", description="a programme's code; empty: every programme")

    @field_validator("album_numbers")
    @classmethod
    def _are_numbers(cls, text: str) -> str:
        for number in numbers_in(text):
            AlbumNumber(number)
        return text

    def whom(self) -> Whom:
        """Return the choice in the domain's words."""
        return Whom(tuple(AlbumNumber(number) for number in numbers_in(self.album_numbers)), self.programme.strip())


class Limits(BaseModel):
    """When the run stops and asks before it takes something away."""

    share: float | None = Field(
        None, ge=0, le=1, title="Share", description="of the students looked at, 0 to 1; empty: as in the settings"
    )


EVERYONE = Chosen()
AS_IN_SETTINGS = Limits()


class Agreement(RunInput):
    """The question of the brake; it stands in the paused run with a Resume button."""

    agree: bool = Field(False, title="Go on", description="carry this plan out nevertheless")


OnHosts = Annotated[str, Field(pattern=LIMIT, max_length=LONGEST, title="Hosts")]
WithTags = Annotated[str, Field(pattern=TAGS, max_length=LONGEST, title="Tags")]


class Approval(RunInput):
    """The question between the check of a deployment and the deployment; it stands in the paused run."""

    agree: bool = Field(False, title="Deploy", description="change the hosts as the check's artifact shows")
    name: str = Field(
        title="Your name", min_length=2, max_length=80, pattern=r"^[^\r\n]*$", description="stands in the run's log"
    )


def numbers_in(text: str) -> list[str]:
    """Return the words of a text that people separate in whatever way."""
    return re.findall(r"[^\s,;]+", text)
