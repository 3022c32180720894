"""The encoding of a text file, told by its bytes."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from estudent.adapters.recruitment.unfit import unreadable

BLOCK = 1 << 20
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
MARKS_OF_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SIGNATURES = (b"PK\x03\x04", b"%PDF", b"\x89PNG", b"\xd0\xcf\x11\xe0")
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
WINDOWS, ISO = "cp1250", "iso8859-2"
# Windows-1250 keeps Ś ś Ź ź and typographic signs where ISO-8859-2 has control characters; the second set is
# Ą Ś Ź ą ś in ISO-8859-2 and signs that no name holds in Windows-1250. Ą ą of Windows-1250 are Ľ š in ISO-8859-2,
# and ź of ISO-8859-2 is Ľ in Windows-1250: those decide only when nothing else does.
ONLY_WINDOWS, ONLY_ISO = bytes(range(0x80, 0xA0)), b"\xa1\xa6\xac\xb1\xb6"
RATHER_WINDOWS, RATHER_ISO = b"\xa5\xb9", b"\xbc"
ASCII = bytes(range(0x80))
POLISH_IN_UTF_8 = re.compile(rb"\xc4[\x84-\x87\x98\x99]|\xc5[\x81-\x84\x9a\x9b\xb9-\xbc]|\xc3[\x93\xb3]")


def encoding_of(path: Path, forced: str | None = None) -> str:
    """Return the name of the codec that decodes the whole file, or raise Unfit with the first line that none does."""
    _refuse_other_formats(path, forced)
    told = forced or _marked(path)
    if told is None and _undecodable_line(path, "utf-8") is None:
        return "utf-8-sig"
    told = told or _single_byte(path)
    if line := _undecodable_line(path, told):
        raise unreadable(f"line {line} is not {told}: export the file again as UTF-8")
    return "utf-8-sig" if codecs.lookup(told).name == "utf-8" else told


def is_encoding(name: str) -> bool:
    """Tell whether Python has a text encoding of this name."""
    try:
        return bool(" ".encode(name))
    except LookupError:
        return False


def _marked(path: Path) -> str | None:
    with path.open("rb") as file:
        start = file.read(3)
    return next((name for mark, name in BYTE_ORDER_MARKS.items() if start.startswith(mark)), None)


def _single_byte(path: Path) -> str:
    seen = _census(path)
    if seen[0xC3] + seen[0xC4] + seen[0xC5] and _line_with(path, POLISH_IN_UTF_8):
        raise unreadable(f"line {_undecodable_line(path, 'utf-8')} is not UTF-8 as others are: export the file again")
    windows, iso = (any(seen[byte] for byte in signs) for signs in (ONLY_WINDOWS, ONLY_ISO))
    if windows and iso:
        raise unreadable(_mixture(path))
    if windows or iso:
        return WINDOWS if windows else ISO
    rather_windows, rather_iso = (sum(seen[byte] for byte in signs) for signs in (RATHER_WINDOWS, RATHER_ISO))
    return ISO if rather_iso > rather_windows else WINDOWS


def _census(path: Path) -> Counter[int]:
    """Count the bytes beyond ASCII."""
    seen = Counter[int]()
    for block in _blocks(path):
        seen.update(block.translate(None, ASCII))
    return seen


def _mixture(path: Path) -> str:
    windows, iso = (_line_with(path, re.compile(b"[" + signs + b"]")) for signs in (ONLY_WINDOWS, ONLY_ISO))
    return f"it mixes Windows-1250 (line {windows}) and ISO-8859-2 (line {iso}): export the file again as UTF-8"


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _undecodable_line(path: Path, encoding: str) -> int | None:
    decoder, line = codecs.getincrementaldecoder(encoding)("strict"), 1
    try:
        for block in _blocks(path):
            line += decoder.decode(block).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return line + error.object[: error.start].count(b"\n")
    return None


def _line_with(path: Path, pattern: re.Pattern[bytes]) -> int | None:
    line, last = 1, b""
    for block in _blocks(path):
        if found := pattern.search(last + block):
            return line + (last + block).count(b"\n", 0, found.start())
        line += (last + block[:-1]).count(b"\n")
        last = block[-1:]
    return None


def _refuse_other_formats(path: Path, forced: str | None) -> None:
    with path.open("rb") as file:
        first = file.readline(BLOCK)
    is_text = forced or first.startswith(MARKS_OF_UTF_16) or not CONTROL.search(first)
    if not is_text or first.startswith(SIGNATURES):
        raise unreadable("it is no text: save it as CSV in UTF-8, or as XLSX under a name that ends in .xlsx")
    for block in _blocks(path):
        if len(block) == BLOCK and b"\n" not in block and b"\r" not in block:
            raise unreadable("a megabyte of it holds no line end, so it is no table: export the file again")
