"""Whom a run looks at."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber


@dataclass(frozen=True, slots=True)
class Whom:
    """Everyone, or the students with these album numbers, or those of one programme; both given means either."""

    albums: tuple[AlbumNumber, ...] = ()
    programme: str = ""

    @property
    def everyone(self) -> bool:
        """Tell whether nobody is left out."""
        return not self.albums and not self.programme
