"""The registry on SQLite: the contract, and what SQLite alone does."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from estudent.adapters.registry.database import Database
from estudent.ports import Misconfigured, Unavailable
from tests.contract import registry_contract as contract
from tests.contract.registry_world import Registry


@pytest.fixture
def file(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path))


@pytest.fixture
def registry(file: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{file}")
    with closing(registry.database):
        yield registry


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'empty.db'}")
    with closing(registry.database):
        yield registry


class TestMigrations(contract.MigrationsContract): ...


class TestFeeds(contract.FeedsContract): ...


class TestRejections(contract.RejectionsContract): ...


class TestAdmitting(contract.AdmittingContract): ...


class TestRecognising(contract.RecognisingContract): ...


class TestUniqueness(contract.UniquenessContract): ...


class TestAccountNumbers(contract.AccountNumbersContract): ...


class TestMailboxRegister(contract.MailboxRegisterContract): ...


class TestTrail(contract.TrailContract): ...


class TestUsosRegister(contract.UsosRegisterContract): ...


class TestOutbox(contract.OutboxContract): ...


class TestJournal(contract.JournalContract): ...


class TestOwed(contract.OwedContract): ...


class TestLetters(contract.LettersContract): ...


class TestStudents(contract.StudentsContract): ...


class TestSecrecy(contract.SecrecyContract): ...


class TestMoments(contract.MomentsContract): ...


def test_no_pesel_and_no_document_number_stands_in_the_bytes_of_the_files(registry: Registry, file: Path) -> None:
    born = contract.CANARY.birth_date
    registry.a_student(pesel=contract.CANARY, birth_date=born, document=contract.CANARY_DOCUMENT)
    stored = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert "Żak".encode() in stored
    assert contract.CANARY.digits.encode() not in stored
    assert contract.CANARY_DOCUMENT.number.encode() not in stored


def test_a_consumer_of_the_outbox_waits_until_the_other_has_claimed(registry: Registry) -> None:
    registry.ask_for_mailbox(registry.a_student(), "lucja.zak")
    other = registry.another()
    with closing(other.database):
        with registry.database.writing():
            waiting = threading.Thread(target=other.outbox.claim, args=[1])
            waiting.start()
            waiting.join(0.2)
            assert waiting.is_alive()
        waiting.join(5)
    assert registry.outbox.claim(1) == []


def test_students_are_read_while_somebody_writes(registry: Registry) -> None:
    registry.a_student("100001")
    reader = registry.another()
    with closing(reader.database), registry.database.writing():
        started = time.monotonic()
        assert str(reader.by_album("100001").album) == "100001"
        assert time.monotonic() - started < 1


def test_a_registry_that_is_held_for_too_long_is_unavailable(registry: Registry) -> None:
    other = registry.another()
    event.listen(other.database.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
    with closing(other.database), registry.database.writing(), pytest.raises(Unavailable):
        other.a_student()


def test_tables_from_the_future_are_misconfigured(registry: Registry) -> None:
    with registry.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Misconfigured, match="does not know"):
        registry.database.upgrade()


def test_a_folder_that_is_not_there_is_misconfigured(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/missing/registry.db")) as database, pytest.raises(Misconfigured):
        database.check()


def test_a_file_that_is_no_database_is_misconfigured(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("Dear students, " * 100)
    with closing(Database(f"sqlite:///{tmp_path}/registry.db")) as database, pytest.raises(Misconfigured):
        database.check()


def test_a_file_that_may_only_be_read_is_misconfigured(registry: Registry, file: Path) -> None:
    registry.a_student()
    registry.database.close()
    read_only = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with closing(read_only), pytest.raises(Misconfigured), read_only.writing() as connection:
        connection.exec_driver_sql("DELETE FROM journal")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.db",
        "estudent:geheim@host/registry",
        "oracle9://estudent:geheim@host/registry",
        "mysql://estudent:geheim@host/registry",
        "postgresql+psycopg://estudent:geheim@host:geheim/registry",
        "sqlite://estudent:geheim@host/registry.db",
        "sqlite:///registry.db?timeout=geheim",
    ],
)
def test_a_wrong_url_is_misconfigured_and_the_password_is_not_told(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one of them names a file, which SQLite makes
    with pytest.raises(Misconfigured, match="ESTUDENT_REGISTRY__URL") as raised:
        Database(url).check()
    assert "geheim" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
