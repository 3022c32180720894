"""The form of a mailbox's name: what may be typed, what is meant by it, and why a name cannot be had."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext
from wtforms import RadioField

from estudent.domain.mailbox_name import LONGEST, SHORTEST, NameFault
from estudent.portal.forms import Form, TextField
from estudent.portal.here import campus

OWN = "own"
LONGEST_TYPED = 100


class NameForm(Form):
    """The choice of a name: one of those proposed, or one's own, which is meant wherever something was typed."""

    choice = RadioField(lazy_gettext("Your new address"), validate_choice=False)
    name = TextField(lazy_gettext("Your own name"), longest=LONGEST_TYPED, required=False)

    @property
    def wanted(self) -> str:
        """The name that is meant, without the domain that some type along."""
        chosen = "" if self.choice.data in (None, OWN) else self.choice.data
        return without_domain(self.name.data or chosen)


class WishForm(Form):
    """The name that was confirmed."""

    name = TextField(lazy_gettext("Name"), longest=LONGEST_TYPED)


def told(fault: NameFault) -> str:
    """Return what would be right instead, in the visitor's language."""
    texts: dict[NameFault, str] = {
        NameFault.TOO_SHORT: gettext("Use at least %(number)s characters.", number=SHORTEST),
        NameFault.TOO_LONG: gettext("Use at most %(number)s characters.", number=LONGEST),
        NameFault.CHARACTERS: gettext(
            "Use the letters a to z without accents, digits, and single dots, hyphens or underscores between them."
        ),
        NameFault.NO_LETTER: gettext("Use at least one letter."),
        NameFault.RESERVED: gettext("This name is kept for an office of the university. Choose another one."),
        NameFault.LIKE_RESERVED: gettext("This name looks like that of an office. Choose another one."),
        NameFault.ALBUM_ALIAS: gettext(
            "Names of s and a number are kept for album numbers. You get yours as a second address anyway."
        ),
        NameFault.OFFENSIVE: gettext("This name could offend somebody. Choose another one."),
        NameFault.TAKEN: gettext("Somebody has this name already. Choose another one; those below are free."),
        NameFault.LIKE_TAKEN: gettext(
            "This name looks like somebody else's, so mail could go astray. Choose another one; those below are free."
        ),
    }
    return texts[fault]


def without_domain(typed: str) -> str:
    """Return a name without our own domain behind it."""
    return typed.removesuffix(f"@{campus().domain}").strip()
