"""The port `Usos` for the university's own objects in USOS's Oracle: a view to look, a procedure to write.

Both belong to the university; docs/usos.md has them as DDL. No table of USOS is named here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Self, TypeVar

from estudent.adapters.usos.database import Api, Connect, Connection, meaning
from estudent.adapters.usos.values import address_of, nrb_of, sole_owners
from estudent.domain.album_number import AlbumNumber
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.ports import FarSideError, Misconfigured, Refused, Unavailable

T = TypeVar("T")
log = logging.getLogger(__name__)
COLUMNS = ("os_id", "nr_albumu", "aktywny", "email", "identyfikator", "nr_konta")
AT_ONCE = 500
"""Oracle takes at most 1,000 values in a list (ORA-01795)."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}(\.[A-Za-z][A-Za-z0-9_$#]{0,127}){0,2}")
TAKEN = frozenset({"OK", "BEZ_ZMIAN"})
REFUSALS = {
    "BRAK_OSOBY": "USOS does not know this person; check the USOS id",
    "BRAK_STUDIOW": "the person has no active study in USOS",
    "ADRES_ZAJETY": "the address belongs to another person in USOS (ADRES_ZAJETY); its administrators see to it",
}


class UsosOracle:
    """One connection at a time, opened when it is needed and dropped after an error."""

    source = "oracle"

    def __init__(self, connect: Connect, api: Api, view: str, procedure: str) -> None:
        for name in filter(None, (view, procedure)):
            if not NAME.fullmatch(name):
                raise Misconfigured(f"{name!r} is no name of an object in Oracle; write it like estudent.osoby")
        self._connect, self._api, self._view, self._procedure = connect, api, view, procedure
        self._connection: Connection | None = None

    def takes_links(self) -> bool:
        """Tell whether the settings name a procedure."""
        return bool(self._procedure)

    def find(self, usos_ids: Sequence[int]) -> dict[int, UsosPerson]:
        """Return the persons who exist of these ids."""
        return {row[0]: _person(row) for row in self._people(usos_ids)}

    def ids_of(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, int]:
        """Return the ids of the persons with these numbers; a number of two is nobody's."""
        rows = [row for some in _portions([album.digits for album in albums]) for row in self._rows("nr_albumu", some)]
        _refuse_doubles([row[0] for row in rows], self._view)
        return sole_owners(albums, [(row[1], row[0]) for row in rows])

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Call the procedure for each; each call is committed by itself. Without a connection no more is tried."""
        for step in steps:
            self._open()
            yield self._take(step)

    def account_numbers(self, usos_ids: Sequence[int]) -> dict[int, Nrb]:
        """Return the payment accounts that the view has; one whose digits do not check is skipped."""
        found = {row[0]: nrb_of(row[5], row[0]) for row in self._people(usos_ids)}
        return {usos_id: number for usos_id, number in found.items() if number is not None}

    def check(self) -> str:
        """Say that the view has our columns, and whether addresses can be handed over."""
        list(self._query("WHERE 1 = 0", []))
        how = f"{self._procedure} takes addresses" if self._procedure else "no procedure is named, so we only look"
        return f"Oracle answers: {self._view} has the columns that are needed, {how}"

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except self._api.Error:
                log.info("the connection to Oracle was broken when it was closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _people(self, usos_ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        for some in _portions(usos_ids):
            rows = self._rows("os_id", some)
            _refuse_strangers([row[0] for row in rows], some, self._view)
            _refuse_doubles([row[0] for row in rows], self._view)
            yield from rows

    def _rows(self, column: str, values: Sequence[int | str]) -> list[tuple[Any, ...]]:
        places = ", ".join(f":{at}" for at in range(1, len(values) + 1))
        return [(int(row[0]), *row[1:]) for row in self._query(f"WHERE {column} IN ({places})", values)]

    def _query(self, condition: str, values: Sequence[int | str]) -> list[tuple[Any, ...]]:
        statement = f"SELECT {', '.join(COLUMNS)} FROM {self._view} {condition}"  # noqa: S608 - the view is a setting
        try:
            with closing(self._open().cursor()) as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        except self._api.Error as error:
            raise self._failed(error, f"the view {self._view}") from None

    def _take(self, step: Step[UsosLink]) -> Outcome:
        try:
            self._hand_over(step)
        except Unavailable as error:
            return Outcome(step, Result.FAILED, str(error))
        except Refused as error:
            return Outcome(step, Result.REFUSED, str(error))
        return Outcome(step, Result.DONE)

    def _hand_over(self, step: Step[UsosLink]) -> None:
        answer = self._call(step.wanted.usos_id, address_of(step))
        if answer not in TAKEN:
            code = answer if re.fullmatch("[A-Z_]{1,40}", answer) else "an answer that is no code"
            raise Refused(REFUSALS.get(answer, f"{self._procedure} refused: {code}; ask USOS's administrators"))

    def _call(self, usos_id: int, email: str) -> str:
        """Call the procedure and commit; the identifier that CAS hands over is the address."""
        try:
            connection = self._open()
            with closing(connection.cursor()) as cursor:
                told = cursor.callproc(self._procedure, [usos_id, email, email, cursor.var(str)])
            connection.commit()
        except self._api.Error as error:
            raise self._failed(error, f"the procedure {self._procedure}") from None
        return str(told[3])

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _failed(self, error: BaseException, what: str) -> FarSideError:
        """Return an error's meaning; what was under way is undone with the connection."""
        self.close()
        return meaning(error, self._api, what)


def _portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))


def _refuse_strangers(found: Sequence[int], asked: Sequence[int], view: str) -> None:
    if not set(found) <= set(asked):
        raise Refused(f"{view} answered about a person who was not asked for; nothing was used, tell its owner")


def _refuse_doubles(found: Sequence[int], view: str) -> None:
    if len(set(found)) < len(found):
        raise Misconfigured(f"{view} has a person twice; it must have one row for each, with the main album number")


def _person(row: tuple[Any, ...]) -> UsosPerson:
    usos_id, album, active, email, identifier, _ = row
    # A person without an identifier has none of ours: the view shows the column, unlike USOS API.
    return UsosPerson(usos_id, album or None, email or None, active == "T", identifier or "")
