"""The adapter for files: what goes out, what comes back, and that nothing half-written or broken moves anybody."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from itertools import count
from pathlib import Path

import pytest

from estudent.adapters.usos import UsosFiles
from estudent.adapters.usos.files import ASKED, HELD
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Result
from estudent.ports import Misconfigured, Refused
from tests.contract.usos_contract import NOBODY, UsosContract, World, a_link, results

ACCOUNT = Nrb.build("10901014", "0000071219812874")
MOMENTS = count(4_000_000_000)


@dataclass
class Office:
    """The people of USOS with their folder: they take requests in, and export what they hold."""

    folder: Path
    persons: dict[int, dict[str, str]] = field(default_factory=dict)

    def enter(self, os_id: int, album: str, **columns: str) -> None:
        empty = dict.fromkeys(HELD, "")
        self.persons[os_id] = empty | {"os_id": str(os_id), "album": album, "active": "T"} | columns

    def take_in(self) -> None:
        for file in sorted((self.folder / "out").glob("*.csv"), key=lambda each: each.stat().st_mtime_ns):
            for row in csv.DictReader(StringIO(file.read_text(encoding="utf-8")), delimiter=";"):
                self.persons[int(row["os_id"])] |= {"email": row["email"], "identifier": row["identifier"]}
            file.rename(file.with_suffix(".done"))
        self.export()

    def export(self, name: str = "usos.csv", text: str | None = None) -> Path:
        """Write what they hold; each file is newer than the one before."""
        file = self.folder / "in" / name
        with file.open("w", encoding="utf-8", newline="") as written:
            if text is not None:
                written.write(text)
            else:
                writer = csv.DictWriter(written, HELD, delimiter=";")
                writer.writeheader()
                writer.writerows(self.persons.values())
        moment = next(MOMENTS)
        os.utime(file, (moment, moment))
        return file

    def requests(self) -> list[Path]:
        return sorted((self.folder / "out").iterdir())


@pytest.fixture
def office(tmp_path: Path) -> Office:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    office = Office(tmp_path)
    office.enter(1, "123457")
    office.enter(2, "123458", account_number=ACCOUNT.digits)
    office.export()
    return office


class TestUsosFiles(UsosContract):
    @pytest.fixture
    def world(self, office: Office) -> World:
        return World(UsosFiles(office.folder), 1, "123457", 2, ACCOUNT, office.take_in)


def test_a_request_is_one_file_for_all_with_a_line_for_each(office: Office) -> None:
    adapter = UsosFiles(office.folder)
    list(adapter.carry_out([a_link(2, "123458"), a_link(1, "123457"), a_link(NOBODY, "999999")]))
    (file,) = office.requests()
    assert file.read_text(encoding="utf-8").splitlines() == [
        ";".join(ASKED),
        "1;123457;p1@student.example.pl;p1@student.example.pl",
        "2;123458;p2@student.example.pl;p2@student.example.pl",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_the_same_request_again_writes_no_second_file(office: Office) -> None:
    adapter = UsosFiles(office.folder)
    for steps in ([a_link(1, "123457"), a_link(2, "123458")], [a_link(2, "123458")], [a_link(1, "123457")]):
        assert set(results(list(adapter.carry_out(steps)))) == {Result.DONE}
    assert len(office.requests()) == 1


def test_the_same_file_from_usos_twice_does_nothing(office: Office) -> None:
    adapter = UsosFiles(office.folder)
    before = adapter.find([1, 2])
    office.export("once more.csv")
    assert adapter.find([1, 2]) == before


def test_a_later_file_prevails_for_those_whom_it_names(office: Office) -> None:
    office.export("later.csv", f"{';'.join(HELD)}\r\n1;123457;N;;;;\r\n")
    found = UsosFiles(office.folder).find([1, 2])
    assert (found[1].active, found[2].active) == (False, True)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("adres zajęty", "USOS's file says: adres zajęty; "),
        ('"adres\r\n zajęty"', "USOS's file says: adres zajęty; "),
        ("ma go jan@example.pl", "a reason that names an address"),
        ("PESEL 440514-01359 się nie zgadza", "a reason that names an address or a long number"),
    ],
)
def test_a_refusal_comes_back_with_its_reason_and_without_personal_data(office: Office, reason: str, told: str) -> None:
    adapter = UsosFiles(office.folder)
    assert results(list(adapter.carry_out([a_link(1, "123457")]))) == [Result.DONE]
    office.export("answer.csv", f"{';'.join(HELD)}\r\n1;123457;T;;;;{reason}\r\n")
    found = adapter.find([1, 2])
    assert told in found[1].refused
    assert not any(part in found[1].refused for part in ("@", "0514", "\n"))
    assert found[2].refused == ""


def test_a_request_that_was_refused_and_is_made_again_is_not_answered_by_the_old_refusal(office: Office) -> None:
    adapter, step = UsosFiles(office.folder), a_link(1, "123457")
    list(adapter.carry_out([step]))
    office.export("answer.csv", f"{';'.join(HELD)}\r\n1;123457;T;;;;adres zajęty\r\n")
    (file,) = office.requests()
    written = file.stat().st_ino
    assert results(list(adapter.carry_out([step]))) == [Result.DONE]
    (file,) = office.requests()
    assert file.stat().st_ino != written
    moment = next(MOMENTS)
    os.utime(file, (moment, moment))
    assert adapter.find([1])[1].refused == ""
    office.export("answer.csv", f"{';'.join(HELD)}\r\n1;123457;T;;;;dalej zajęty\r\n")
    assert "dalej" in adapter.find([1])[1].refused


def test_a_file_that_is_still_written_is_not_read(office: Office) -> None:
    (office.folder / "in" / "half.part").write_text("os_id;al", encoding="utf-8")
    assert set(UsosFiles(office.folder).find([1, 2])) == {1, 2}


HEADER = ";".join(HELD)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the columns must be"),
        ("os_id;album\r\n", "line 1: the columns must be"),
        (f"{HEADER}\r\n1;123457;T\r\n", "line 2: 7 columns"),
        (f"{HEADER}\r\nx;123457;T;;;;\r\n", "line 2, os_id"),
        (f"{HEADER}\r\n{'9' * 5000};123457;T;;;;\r\n", "line 2, os_id"),
        (f"{HEADER}\r\n1;123457;T;;;;\r\n01;123499;T;;;;\r\n", "line 3, os_id"),
        (f"{HEADER}\r\n1;123457;T;;;;{'x' * 200_000}\r\n", "no CSV"),
        (f"{HEADER}\r\n1;123457;tak;;;;\r\n", "line 2, active"),
        (f"{HEADER}\r\n1;123457;T;;;{ACCOUNT.digits[:-1]}0;\r\n", "line 2, account_number"),
    ],
)
def test_a_broken_file_moves_nobody_and_names_its_fault(office: Office, text: str, told: str) -> None:
    office.export("broken.csv", text)
    with pytest.raises(Refused, match=r"broken\.csv") as raised:
        UsosFiles(office.folder).find([1])
    assert told in str(raised.value)


def test_another_encoding_is_refused(office: Office) -> None:
    (office.folder / "in" / "cp1250.csv").write_bytes(f"{HEADER}\r\n1;123457;T;;;;zajęty\r\n".encode("cp1250"))
    with pytest.raises(Refused, match="UTF-8"):
        UsosFiles(office.folder).find([1])


@pytest.mark.parametrize("act", [lambda usos: usos.find([1]), lambda usos: usos.check()], ids=["find", "check"])
def test_a_folder_that_is_not_there_is_told(tmp_path: Path, act: Callable[[UsosFiles], object]) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_USOS__FOLDER"):
        act(UsosFiles(tmp_path / "nowhere"))
