from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from estudent.adapters.recruitment.files import RecruitmentFiles
from estudent.adapters.recruitment.headers import POLISH_HEADERS
from estudent.domain.fault import Column
from estudent.ports import FeedProblem, Misconfigured, Recruitment, Refused, Unavailable
from tests.integration.recruitment_folder import HOUR_AGO, NOON, Folder, candidates, line, table

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be an account that may read only what others may read."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def open_folder() -> Iterator[Folder]:
    """A folder that every account may list."""
    with TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Folder(Path(path))


def test_the_folder_stands_behind_the_port(folder: Folder) -> None:
    recruitment: Recruitment = folder.files
    assert list(recruitment.feeds()) == []


def test_files_come_oldest_first_and_then_by_name(folder: Folder) -> None:
    folder.put("b.csv", table(line()))
    folder.put("c.csv", table(line()), HOUR_AGO - timedelta(days=1))
    folder.put("a.csv", table(line()))
    assert [feed.name for feed in folder.files.feeds()] == ["c.csv", "a.csv", "b.csv"]


def test_a_feed_tells_when_its_file_changed(folder: Folder) -> None:
    folder.put("a.csv", table(line()))
    assert folder.feed().modified_at == HOUR_AGO
    assert folder.feed().modified_at.tzinfo is UTC


@pytest.mark.parametrize(
    "name", [".hidden.csv", "~$a.xlsx", "a.csv.part", "a.tmp", "a.csv.tmp", ".~lock.a.xlsx#", "notes.docx", "csv"]
)
def test_files_that_are_no_lists_are_ignored(folder: Folder, name: str) -> None:
    folder.put(name, table(line()))
    assert list(folder.files.feeds()) == []


def test_rows_are_read_from_the_start_each_time(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1"), line("K2")))
    feed = folder.feed()
    next(feed.rows())
    assert candidates(feed.rows()) == candidates(feed.rows()) == ["K1", "K2"]


def test_a_file_just_written_is_left_until_it_settles(folder: Folder) -> None:
    folder.put("a.csv", table(line()), NOON - timedelta(minutes=4, seconds=59))
    feed = folder.feed()
    assert feed.problem is FeedProblem.STILL_WRITTEN
    assert feed.detail == "it changed 299 s ago: nothing to do, a later run reads it"
    folder.age(folder.path / "a.csv", NOON - timedelta(minutes=5))
    assert folder.feed().problem is None


def test_a_file_from_the_future_says_that_a_clock_is_wrong(folder: Folder) -> None:
    folder.put("a.csv", table(line()), NOON + timedelta(days=1))
    feed = folder.feed()
    assert feed.problem is FeedProblem.STILL_WRITTEN
    assert "correct the clock" in feed.detail


@pytest.mark.parametrize("beside", ["~$a.xlsx", ".~lock.a.xlsx#", "a.xlsx.part", "a.part", "a.xlsx.lock", "a.lock"])
def test_a_file_that_somebody_has_open_is_left(folder: Folder, beside: str) -> None:
    folder.put("a.xlsx", b"")
    folder.put(beside, b"")
    feed = folder.feed()
    assert feed.problem is FeedProblem.STILL_WRITTEN
    assert beside in feed.detail


def test_a_file_that_another_program_writes_beside_does_not_wait(folder: Folder) -> None:
    folder.put("a.csv", table(line()))
    folder.put("b.csv.part", b"")
    assert folder.feed().problem is None


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", table(), table().rstrip(), table("\n", ";" * 18 + "\n")])
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_a_file_without_students_is_empty(folder: Folder, content: str, name: str) -> None:
    folder.put(name, content)
    feed = folder.feed()
    assert feed.problem is FeedProblem.EMPTY
    assert feed.detail == "it holds no rows: export the file again, or remove it"


def test_an_empty_workbook_file_is_empty(folder: Folder) -> None:
    folder.put("a.xlsx", b"")
    assert folder.feed().problem is FeedProblem.EMPTY


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.jsonl"])
def test_a_folder_with_the_name_of_a_file_is_unreadable(folder: Folder, name: str) -> None:
    (folder.path / name).mkdir()
    feed = folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert "it is no file" in feed.detail


def test_a_pipe_is_unreadable_and_waited_for_by_nobody(folder: Folder) -> None:
    os.mkfifo(folder.path / "a.csv")
    assert folder.feed().problem is FeedProblem.UNREADABLE


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.jsonl"])
def test_a_file_that_may_not_be_read_says_whose_right_is_missing(open_folder: Folder, name: str) -> None:
    open_folder.put(name, table(line())).chmod(0)
    with without_privileges():
        feed = open_folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert "give it the right" in feed.detail


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.jsonl"])
def test_binary_garbage_is_unreadable(folder: Folder, name: str) -> None:
    folder.put(name, bytes(range(256)) * 40)
    assert folder.feed().problem is FeedProblem.UNREADABLE


def test_a_bad_byte_names_its_line(folder: Folder) -> None:
    folder.put("a.csv", table(line(), line()).encode() + b"K\xb9\n")
    feed = folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert feed.detail.startswith("line 4 is not UTF-8")


def test_a_feed_with_a_problem_refuses_to_give_rows(folder: Folder) -> None:
    folder.put("a.csv", "")
    with pytest.raises(Refused, match=r"a\.csv is not read \(empty\)"):
        list(folder.feed().rows())


def test_one_bad_file_does_not_hold_up_the_others(folder: Folder) -> None:
    folder.put("a.csv", "")
    folder.put("b.csv", table(line()))
    assert [feed.problem for feed in folder.files.feeds()] == [FeedProblem.EMPTY, None]


def test_a_file_that_vanishes_while_others_are_read_is_passed_over(folder: Folder) -> None:
    folder.put("a.csv", table(line()))
    gone = folder.put("b.csv", table(line()))
    feeds = folder.files.feeds()
    first = next(feeds)
    gone.unlink()
    assert [first.name, *(feed.name for feed in feeds)] == ["a.csv"]


def test_a_file_that_is_gone_before_its_rows_are_read_is_tried_later(folder: Folder) -> None:
    path = folder.put("a.csv", table(line()))
    feed = folder.feed()
    path.unlink()
    with pytest.raises(Unavailable, match=r"a\.csv changed or went away"):
        list(feed.rows())


def test_a_file_that_grows_before_its_rows_are_read_gives_none_of_them(folder: Folder) -> None:
    path = folder.put("a.csv", table(line()))
    feed = folder.feed()
    path.write_text(table(line(), line("K2")))
    with pytest.raises(Unavailable):
        next(feed.rows())


@pytest.mark.parametrize("content", [table(line(), line("K2")), table(line("K3"))])
def test_a_file_that_changes_while_it_is_read_says_so_at_its_end(folder: Folder, content: str) -> None:
    path = folder.put("a.csv", table(line()))
    rows = folder.feed().rows()
    next(rows)
    path.write_text(content)
    with pytest.raises(Unavailable):
        list(rows)


def test_a_file_that_turns_into_another_encoding_while_it_is_read_is_tried_later(folder: Folder) -> None:
    path = folder.put("a.csv", table(*(line(f"K{n}") for n in range(10_000))))
    rows = folder.feed().rows()
    next(rows)
    path.write_bytes(b"\xb9" * 1_000_000)
    with pytest.raises(Unavailable):
        list(rows)


def test_the_same_content_has_the_same_digest_under_every_name(folder: Folder) -> None:
    folder.put("a.csv", table(line()))
    folder.put("b.csv", table(line()))
    folder.put("c.csv", table(line("K2")))
    first, second, third = (feed.digest for feed in folder.files.feeds())
    assert first == second != third
    assert len(bytes.fromhex(first)) == hashlib.sha256().digest_size


def test_other_headers_or_another_encoding_read_the_same_file_anew(folder: Folder) -> None:
    folder.put("a.csv", table(line()))
    other = dict(POLISH_HEADERS) | {Column.INTAKE: ["Nabór"]}
    files = RecruitmentFiles(folder.path, other, settle=timedelta(0), clock=lambda: NOON)
    renamed, forced = next(files.feeds()).digest, Folder(folder.path, encoding="utf-8").feed().digest
    assert len({folder.feed().digest, renamed, forced}) == 3


def test_a_file_that_is_not_read_yet_has_no_digest(folder: Folder) -> None:
    folder.put("a.csv", table(line()), NOON)
    assert folder.feed().digest == ""


def test_an_encoding_may_be_forced(folder: Folder) -> None:
    folder.put("a.csv", table(line(middle_name="Š ± ˇ")).encode("cp1250"))
    (row,) = Folder(folder.path, encoding="cp1250").rows()
    assert row.values[Column.MIDDLE_NAME] == "Š ± ˇ"


def test_an_unknown_encoding_stops_everything(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_RECRUITMENT__ENCODING"):
        Folder(tmp_path, encoding="utf-9")


def test_headers_that_miss_a_required_column_stop_everything(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="say nothing of candidate, status"):
        RecruitmentFiles(tmp_path, {Column.PESEL: ["PESEL"]}, settle=timedelta(0), clock=lambda: NOON)


def test_one_header_for_two_columns_stops_everything(tmp_path: Path) -> None:
    twins = dict(POLISH_HEADERS) | {Column.INTAKE: ["status"]}
    with pytest.raises(Misconfigured, match="for two columns"):
        RecruitmentFiles(tmp_path, twins, settle=timedelta(0), clock=lambda: NOON)


def test_a_check_counts_the_files(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.files.check() == f"no files in {tmp_path.name} yet"
    folder.put("a.csv", "", datetime(2026, 9, 30, 5, tzinfo=UTC))
    assert folder.files.check() == f"1 file in {tmp_path.name}, newest of 2026-09-30 05:00 UTC"
    folder.put("b.csv", "", datetime(2026, 10, 1, 5, tzinfo=UTC))
    assert folder.files.check() == f"2 files in {tmp_path.name}, newest of 2026-10-01 05:00 UTC"


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    missing = Folder(tmp_path / "missing").files
    with pytest.raises(Misconfigured, match=r"does not exist: correct ESTUDENT_RECRUITMENT__FOLDER"):
        missing.check()
    with pytest.raises(Misconfigured):
        list(missing.feeds())


def test_a_file_in_the_place_of_the_folder_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"is no folder: correct ESTUDENT_RECRUITMENT__FOLDER"):
        Folder(tmp_path / "file").files.check()


def test_a_folder_that_may_not_be_read_names_the_setting(open_folder: Folder) -> None:
    open_folder.path.chmod(0o700)
    with without_privileges(), pytest.raises(Misconfigured, match=r"may not be read .* ESTUDENT_RECRUITMENT__FOLDER"):
        open_folder.files.check()
