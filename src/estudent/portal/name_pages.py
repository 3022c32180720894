"""The way to an address, the first one or another one: choose a name, see it once more, ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from estudent.domain.mailbox_name import NameFault, fault_of
from estudent.domain.student import Student
from estudent.portal.here import campus, this_student
from estudent.portal.name_form import LONGEST_TYPED, OWN, NameForm, WishForm, told, without_domain
from estudent.portal.page import show
from estudent.ports import AlreadyExists, Refused, TooAlike

SUGGESTED = 4


@dataclass(frozen=True, slots=True)
class NamePages:
    """One such way; whoever may not go it is led to the mailbox.

    `endpoints` is the blueprint whose `confirm` and `ask` are the next pages, `choosing` and `confirming` are
    templates, `is_offered` tells whose turn it is, and `reserve` asks for a name.
    """

    endpoints: str
    choosing: str
    confirming: str
    is_offered: Callable[[Student], bool]
    reserve: Callable[[Student, str], object]

    def choose(self) -> Response:
        """Let the student choose a name."""
        return self._choose(NameForm()) if self.is_offered(this_student()) else redirect(url_for("mailbox.front"))

    def confirm(self) -> Response:
        """Show what would be done before it is asked for, since it stays for years."""
        student, form = this_student(), NameForm()
        if not self.is_offered(student):
            return redirect(url_for("mailbox.front"), 303)
        if not form.validate() or "again" in request.form:
            return self._choose(form)
        fault = campus().ask_for_mailbox.fault_of(student, form.wanted)
        if fault:
            return self._refuse(form, fault)
        name = form.wanted.lower()
        return self._show(self.confirming, form=WishForm(name=name), name=name)

    def ask(self) -> Response:
        """Reserve the name; whoever was slower than somebody else chooses again."""
        student, form = this_student(), WishForm()
        wanted = without_domain(form.name.data or "")
        again = NameForm(formdata=None, name=wanted[:LONGEST_TYPED])
        try:
            if self.is_offered(student):
                self.reserve(student, wanted)
        except ValueError:
            return self._refuse(again, fault_of(wanted.lower()) or NameFault.CHARACTERS)
        except TooAlike:
            return self._refuse(again, NameFault.LIKE_TAKEN)
        except AlreadyExists:
            return self._refuse(again, NameFault.TAKEN)
        except Refused:
            pass  # it is not the student's turn any more; the next page says why
        return redirect(url_for("mailbox.front"), 303)

    def _choose(self, form: NameForm) -> Response:
        names = campus().ask_for_mailbox.free_names(this_student().album, SUGGESTED)
        form.choice.choices = [(name, Markup("{}<wbr>@{}").format(name, campus().domain)) for name in names]
        form.choice.choices.append((OWN, gettext("A name of my own")))
        if form.choice.data not in names:
            form.choice.data = OWN if form.name.data else names[0]
        return self._show(self.choosing, 422 if form.errors else 200, form=form)

    def _refuse(self, form: NameForm, fault: NameFault) -> Response:
        form.name.data = form.wanted[:LONGEST_TYPED]
        form.name.errors = [told(fault)]
        return self._choose(form)

    def _show(self, template: str, status: int = 200, **values: object) -> Response:
        to = {f"to_{page}": url_for(f"{self.endpoints}.{page}") for page in ("confirm", "ask")}
        return show(template, status, **to, **values, alias=alias_of(this_student()))


def alias_of(student: Student) -> str:
    """Return the second address of a student's mailbox."""
    return f"{student.album.login}@{campus().domain}"
