"""What the rows of one file say about each other: repetitions and contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from operator import itemgetter

from estudent.domain.application import BETWEEN, PLACE, Texts, application_key
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.domain.place import place

PERSONAL = (
    Column.PESEL,
    Column.DOCUMENT_NUMBER,
    Column.BIRTH_DATE,
    Column.FAMILY_NAME,
    Column.GIVEN_NAME,
    Column.MIDDLE_NAME,
    Column.EMAIL,
    Column.LANGUAGE,
    Column.ALBUM_NUMBER,
    Column.USOS_ID,
    Column.ACCOUNT_NUMBER,
)
"""The columns in which two rows of one person must agree."""

BETWEEN_BYTES = BETWEEN.encode()
SEPARATORS = len(Column) - 1
WHOSE = tuple(PLACE[column] for column in (Column.PESEL, Column.DOCUMENT_NUMBER, Column.CANDIDATE))
"""The columns by which rows of one file are the same person's, the surest first."""

CANDIDATE, PROGRAMME, INTAKE = PLACE[Column.CANDIDATE], PLACE[Column.PROGRAMME], PLACE[Column.INTAKE]
personal_of = itemgetter(*(PLACE[column] for column in PERSONAL))


class Consistency:
    """Remembers the good rows of a file, a few bytes for each, to recognise repetitions and contradictions.

    `known` has the hash of the row that the registry holds of each application.
    """

    def __init__(self, known: Mapping[str, bytes]) -> None:
        self._known = known
        # On which line each known row, or another one of its application, has come; 0 while none has.
        self._came = dict.fromkeys(known.values(), 0)
        self._others: dict[str, tuple[int, bytes]] = {}
        self._people: dict[int, tuple[int, bytes]] = {}
        self._intakes = set[str]()

    def absent(self) -> set[str]:
        """Return the keys of the known applications of which no row was kept."""
        return {key for key, row_hash in self._known.items() if not self._came[row_hash]}

    @property
    def intakes(self) -> Set[str]:
        """The intakes of the applications that were kept."""
        return {intake.strip() for intake in self._intakes}

    def knows(self, row_hash: bytes) -> bool:
        """Tell whether the registry holds just this row."""
        return row_hash in self._came

    def keep(self, line: int, texts: Texts, joined: bytes, *, key: str, whose: int, row_hash: bytes) -> None:
        """Remember a good row, all of it `joined`."""
        if row_hash in self._came:
            self._came[row_hash] = line
        else:
            self._others[key] = line, row_hash
            if key in self._known:
                self._came[self._known[key]] = line
        self._intakes.add(texts[INTAKE])
        if whose not in self._people:
            self._people[whose] = line, _parted(texts, joined)

    def keep_known(self, line: int, texts: Texts, joined: bytes, *, whose: int, row_hash: bytes) -> bool:
        """Remember a row if it is known, and the first of its application and its person; tell whether it is."""
        if self._came.get(row_hash) != 0 or whose in self._people:
            return False
        self._came[row_hash] = line
        self._intakes.add(texts[INTAKE])
        self._people[whose] = line, _parted(texts, joined)
        return True

    def repeats(self, key: str, row_hash: bytes) -> bool:
        """Tell whether an equal row, which is of the same application, was kept earlier."""
        kept = self._kept(key)
        return kept is not None and kept[1] == row_hash

    def contradiction(self, texts: Texts, key: str, whose: int) -> Fault | None:
        """Return the fault of a row that says other things of its person, or its application, than an earlier one."""
        if kept := self._kept(key):
            return Fault("row", FaultKind.CONTRADICTS_LINE, place(kept[0]))
        if whose in self._people:
            line, earlier = self._people[whose]
            return _contradiction(texts, earlier, line)
        return None

    def _kept(self, key: str) -> tuple[int, bytes] | None:
        """Return the line and the hash of the row that was kept of an application."""
        if key in self._others:
            return self._others[key]
        row_hash = self._known.get(key)
        if row_hash is None or not self._came[row_hash]:
            return None
        return self._came[row_hash], row_hash


def join(texts: Iterable[str]) -> bytes:
    """Return the texts of a row as one."""
    return BETWEEN.join(texts).encode("utf-8", "surrogatepass")


def key_of(texts: Texts) -> str:
    """Return the key of the application that a row holds."""
    return application_key(texts[CANDIDATE].strip(), texts[PROGRAMME].strip())


def owner(texts: Texts) -> int:
    """Return a number that is equal for rows of the same person: by PESEL, else document, else candidate number."""
    for at in WHOSE:
        if value := texts[at].strip():
            return hash((at, value))
    return 0


def _parted(texts: Texts, joined: bytes) -> bytes:
    """Return the texts as one that can be parted again: some files have a sign for a space that is our separator."""
    return joined if joined.count(BETWEEN_BYTES) == SEPARATORS else join(_without_separators(texts))


def _without_separators(texts: Texts) -> Texts:
    return tuple(text.replace(BETWEEN, " ") for text in texts)


def _contradiction(texts: Texts, earlier: bytes, line: int) -> Fault | None:
    others = personal_of(earlier.decode("utf-8", "surrogatepass").split(BETWEEN))
    pairs = zip(PERSONAL, personal_of(_without_separators(texts)), others, strict=True)
    differing = next((column for column, own, other in pairs if own.strip() != other.strip()), None)
    return Fault(differing.value, FaultKind.CONTRADICTS_LINE, place(line)) if differing else None
