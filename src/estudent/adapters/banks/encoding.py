"""The encoding of a bank's file, told by the Polish letters that it gives, or refused where it cannot be told."""

from __future__ import annotations

import codecs
import unicodedata

from estudent.adapters.banks.broken import Broken

CANDIDATES = ("cp1250", "cp852", "iso8859-2")
POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
OTHER_SIGNS = frozenset("„”“’‘–—…§€°«»\u00a0\u00ad")
NAMES = {"cp1250": "Windows-1250", "cp852": "CP852", "iso8859-2": "ISO-8859-2", "utf-8": "UTF-8"}
TO_DO = "export the file again as UTF-8, or name its encoding in ESTUDENT_STATEMENTS__BANKS"


def decoded(content: bytes, told: str | None) -> str:
    """Return the text of a file; raise Broken where the told encoding is wrong or none can be told."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = "\0" if b"\0" in content and not is_wide else _as_told(content, told) if told else _recognised(content)
    # No database keeps this sign.
    if "\0" in text:
        raise Broken("this is no text", "MT940, camt.053 or CSV as the bank exports them")
    return text


def _recognised(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(content, "utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _of_one_byte(content)


def _of_one_byte(content: bytes) -> str:
    texts = {name: text for name in CANDIDATES if (text := _plausible(content, name)) is not None}
    polish = {name: text for name, text in texts.items() if not _strange(text)}
    # Two encodings that give the same text are no doubt.
    if len(set((polish or texts).values())) == 1:
        return next(iter((polish or texts).values()))
    line = _first_line_beyond_ascii(content)
    if not texts:
        raise Broken("its letters are of no encoding that Polish banks use", TO_DO, line=line)
    could = " or ".join(NAMES[name] for name in polish or texts)
    raise Broken(f"its letters could be {could}", TO_DO, line=line)


def _as_told(content: bytes, told: str) -> str:
    try:
        text = content.decode(told).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        _refuse_for_a_better(content, told)
        raise _not_this(content, told, error) from None
    if _strange(text):
        _refuse_for_a_better(content, told)
    return text


def _refuse_for_a_better(content: bytes, told: str) -> None:
    better = next((name for name in ("utf-8", *CANDIDATES) if _fits_wholly(content, name)), None)
    if better and codecs.lookup(better).name != codecs.lookup(told).name:
        line = _first_line_beyond_ascii(content)
        raise Broken(
            f"this is not {told} but {NAMES[better]}", "correct the bank's encoding in the settings", line=line
        )


def _strictly(content: bytes, name: str) -> str:
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        raise _not_this(content, name, error) from None


def _not_this(content: bytes, name: str, error: UnicodeDecodeError) -> Broken:
    return Broken(f"this is not {name}", TO_DO, line=content[: error.start].count(b"\n") + 1)


def _fits_wholly(content: bytes, name: str) -> bool:
    try:
        return not _strange(content.decode(name))
    except UnicodeDecodeError:
        return False


def _plausible(content: bytes, name: str) -> str | None:
    """Return the text if every sign beyond ASCII is a letter or a typographic sign."""
    try:
        text = content.decode(name)
    except UnicodeDecodeError:
        return None
    return None if any(_is_strange(sign) and not _is_latin(sign) for sign in set(text)) else text


def _strange(text: str) -> set[str]:
    return {sign for sign in set(text) if _is_strange(sign)}


def _is_strange(sign: str) -> bool:
    return not sign.isascii() and sign not in POLISH and sign not in OTHER_SIGNS


def _is_latin(sign: str) -> bool:
    return sign.isalpha() and unicodedata.name(sign, "").startswith("LATIN")


def _first_line_beyond_ascii(content: bytes) -> int:
    return next((at for at, line in enumerate(content.split(b"\n"), 1) if not line.isascii()), 0)
