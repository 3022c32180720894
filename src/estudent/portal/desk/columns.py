"""The columns of recruitment's files in the clerk's language."""

from __future__ import annotations

from flask_babel import lazy_gettext

from estudent.domain.fault import Column

WORDS = {
    Column.CANDIDATE: lazy_gettext("Candidate number"),
    Column.INTAKE: lazy_gettext("Intake"),
    Column.STATUS: lazy_gettext("Status"),
    Column.PESEL: lazy_gettext("PESEL"),
    Column.DOCUMENT_KIND: lazy_gettext("Kind of document"),
    Column.DOCUMENT_NUMBER: lazy_gettext("Number of the document"),
    Column.DOCUMENT_COUNTRY: lazy_gettext("Country of the document"),
    Column.BIRTH_DATE: lazy_gettext("Date of birth"),
    Column.FAMILY_NAME: lazy_gettext("Family name"),
    Column.GIVEN_NAME: lazy_gettext("Given name"),
    Column.MIDDLE_NAME: lazy_gettext("Second name"),
    Column.EMAIL: lazy_gettext("E-mail"),
    Column.LANGUAGE: lazy_gettext("Language"),
    Column.PROGRAMME: lazy_gettext("Programme's code"),
    Column.PROGRAMME_NAME: lazy_gettext("Programme"),
    Column.START: lazy_gettext("Start of studies"),
    Column.ALBUM_NUMBER: lazy_gettext("Album number"),
    Column.USOS_ID: lazy_gettext("Number in USOS"),
    Column.ACCOUNT_NUMBER: lazy_gettext("Account number"),
}


def column_in_words(field: str) -> str:
    """Return what people call a column; a fault of the whole row names none."""
    return str(WORDS[Column(field)]) if field in list(Column) else field
