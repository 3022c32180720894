"""Another address after a change of name: offered on the mailbox's page, chosen, shown once more, and asked for."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from estudent.domain.mailbox_name import NameFault, fault_of
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.student import Student
from estudent.portal.here import campus, for_students, this_student
from estudent.portal.name_form import LONGEST_TYPED, OWN, NameForm, WishForm, told, without_domain
from estudent.portal.page import show
from estudent.portal.security import limiter
from estudent.portal.steps import whose
from estudent.ports import AlreadyExists, Refused, TooAlike

pages = Blueprint("mailbox_rename", __name__, url_prefix="/mailbox/rename")
SUGGESTED = 4


@pages.get("")
@for_students
def choose() -> Response:
    """Let the student choose another address."""
    return _choose(NameForm()) if is_offered(this_student()) else redirect(url_for("mailbox.front"))


@pages.post("")
@limiter.limit("60 per minute", key_func=whose)
@for_students
def confirm() -> Response:
    """Show what changes and what stays before anything is asked for."""
    student, form = this_student(), NameForm()
    if not is_offered(student):
        return redirect(url_for("mailbox.front"), 303)
    if not form.validate():
        return _choose(form)
    if fault := campus().ask_for_mailbox.fault_of(student, form.wanted):
        return _refuse(form, fault)
    name = form.wanted.lower()
    return show("portal/mailbox_rename_confirm.html", form=WishForm(name=name), name=name, alias=_alias(student))


@pages.post("/request")
@limiter.limit("30 per minute", key_func=whose)
@for_students
def ask() -> Response:
    """Reserve the address; the next run moves the mailbox."""
    student, form = this_student(), WishForm()
    wanted = without_domain(form.name.data or "")
    again = NameForm(formdata=None, name=wanted[:LONGEST_TYPED])
    try:
        if is_offered(student):
            campus().ask_for_new_address.ask(student.album, wanted)
    except ValueError:
        return _refuse(again, fault_of(wanted.lower()) or NameFault.CHARACTERS)
    except TooAlike:
        return _refuse(again, NameFault.LIKE_TAKEN)
    except AlreadyExists:
        return _refuse(again, NameFault.TAKEN)
    except Refused:
        pass  # it is being moved already, or does not work any more; the next page says so
    return redirect(url_for("mailbox.front"), 303)


@pages.post("/keep")
@limiter.limit("30 per minute", key_func=whose)
@for_students
def keep() -> Response:
    """Keep the address in spite of the new name."""
    campus().ask_for_new_address.decline(this_student().album)
    return redirect(url_for("mailbox.front"), 303)


def is_offered(student: Student) -> bool:
    """Tell whether the student may choose another address now."""
    offered = student.rename is not None and student.rename.state is RenameState.OFFERED
    return offered and student.working_mailbox is not None


def _alias(student: Student) -> str:
    return f"{student.album.login}@{campus().domain}"


def _choose(form: NameForm) -> Response:
    names = campus().ask_for_mailbox.free_names(this_student().album, SUGGESTED)
    form.choice.choices = [(name, Markup("{}<wbr>@{}").format(name, campus().domain)) for name in names]
    form.choice.choices.append((OWN, gettext("A name of my own")))
    if form.choice.data not in names:
        form.choice.data = OWN if form.name.data else names[0]
    return show("portal/mailbox_rename.html", 422 if form.errors else 200, form=form)


def _refuse(form: NameForm, fault: NameFault) -> Response:
    form.name.data = form.wanted[:LONGEST_TYPED]
    form.name.errors = [told(fault)]
    return _choose(form)
