from __future__ import annotations

from pathlib import Path

import pytest

from estudent.adapters.recruitment.encoding import BLOCK, encoding_of, is_encoding
from estudent.adapters.recruitment.unfit import Unfit

NAMES = "Nazwisko;Imię\nŻółć;Świętosława\nŹdźbło;Łucja\nĄdamski;Jaś\n"


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "names.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1250", "iso8859-2"])
def test_students_keep_their_polish_letters_in_every_encoding(tmp_path: Path, codec: str) -> None:
    path = written(tmp_path, NAMES.encode(codec))
    assert path.read_text(encoding_of(path)) == NAMES


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_either_byte_order_of_utf_16_is_told_by_its_mark(tmp_path: Path, codec: str) -> None:
    path = written(tmp_path, ("\ufeff" + NAMES).encode(codec))
    assert path.read_text(encoding_of(path)) == NAMES


@pytest.mark.parametrize("codec", ["cp1250", "iso8859-2"])
@pytest.mark.parametrize("letter", "ąśźĄŚŹ")
def test_one_letter_in_the_last_line_is_enough_to_tell(tmp_path: Path, codec: str, letter: str) -> None:
    text = "Kowalski;Jan;łódź żółć\n".replace("ź", "z") * 20_000 + f"Kowalski;{letter}\n"
    path = written(tmp_path, text.encode(codec))
    assert path.read_text(encoding_of(path)) == text


def test_a_letter_that_two_blocks_share_is_still_one_letter(tmp_path: Path) -> None:
    padding = "K\n" * (BLOCK // 2 - 1) + "K"
    path = written(tmp_path, (padding + "ą\n").encode() + "Śmiały\n".encode("cp1250"))
    with pytest.raises(Unfit, match=f"line {BLOCK // 2 + 1} is not UTF-8"):
        encoding_of(path)
    good = written(tmp_path, (padding + "ą\n").encode())
    assert good.read_text(encoding_of(good)) == padding + "ą\n"


def test_a_slovak_student_in_a_polish_list_changes_nothing(tmp_path: Path) -> None:
    text = NAMES + "Ľuptáková;Šárka\n"
    for codec in ("cp1250", "iso8859-2"):
        path = written(tmp_path, text.encode(codec))
        assert path.read_text(encoding_of(path)) == text


def test_plain_ascii_is_utf_8(tmp_path: Path) -> None:
    assert encoding_of(written(tmp_path, b"Nazwisko\nKowalski\n")) == "utf-8-sig"


def test_letters_that_both_encodings_share_are_read_as_windows_writes_them(tmp_path: Path) -> None:
    assert encoding_of(written(tmp_path, "żółć".encode("iso8859-2"))) == "cp1250"


def test_a_file_of_two_encodings_names_a_line_of_each(tmp_path: Path) -> None:
    path = written(tmp_path, "a\nŚmiały\n".encode("cp1250") + "b\nŚmiały\n".encode("iso8859-2"))
    with pytest.raises(Unfit, match=r"Windows-1250 \(line 2\) and ISO-8859-2 \(line 4\)"):
        encoding_of(path)


def test_a_bad_line_in_utf_8_is_named_instead_of_read_as_two_letters_each(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="line 3 is not UTF-8"):
        encoding_of(written(tmp_path, "Żółć\nŁucja\n".encode() + b"Kowal\xb3a\nok\n"))


def test_a_byte_that_no_encoding_has_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="line 2 is not cp1250"):
        encoding_of(written(tmp_path, b"Kowalski\nKowal\x81ski\n\x9cwi\n"))


def test_an_encoding_that_is_forced_is_obeyed(tmp_path: Path) -> None:
    path = written(tmp_path, "Šimek ± ł".encode("cp1250"))
    assert encoding_of(path, "iso8859-2") == "iso8859-2"
    assert encoding_of(path, "cp1250") == "cp1250"


def test_utf_16_without_a_mark_is_read_when_it_is_forced(tmp_path: Path) -> None:
    path = written(tmp_path, NAMES.encode("utf-16-le"))
    assert path.read_text(encoding_of(path, "utf-16-le")) == NAMES
    with pytest.raises(Unfit, match="it is no text"):
        encoding_of(path)


def test_a_forced_encoding_that_does_not_fit_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="line 2 is not utf-8"):
        encoding_of(written(tmp_path, "a\nŻ\n".encode("cp1250")), "utf-8")


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"%PDF-1.7\n", b"\x89PNG\r\n", b"\xd0\xcf\x11\xe0", b"\x00\x01\x02"])
def test_what_is_no_text_is_refused(tmp_path: Path, start: bytes) -> None:
    with pytest.raises(Unfit, match="it is no text"):
        encoding_of(written(tmp_path, start + bytes(range(256))))


def test_a_megabyte_without_a_line_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="no line end"):
        encoding_of(written(tmp_path, b"a" * (3 << 20)))


@pytest.mark.parametrize(
    ("name", "known"), [("utf-8", True), ("Windows-1250", True), ("utf8000", False), ("hex", False)]
)
def test_only_text_encodings_can_be_forced(name: str, known: bool) -> None:
    assert is_encoding(name) is known
