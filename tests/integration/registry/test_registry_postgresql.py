"""The registry on a real PostgreSQL: the contract, and what PostgreSQL alone does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import make_url, select, text

from estudent.adapters.registry import tables
from estudent.adapters.registry.database import Database
from estudent.ports import AlreadyExists, Misconfigured, Unavailable
from sandbox.postgresql import PostgreSQL
from tests.contract import allowance_contract, single_use_contract
from tests.contract import registry_contract as contract
from tests.contract.registry_world import DOMAIN, START, Registry, a_feed, an_application

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


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


class TestSingleUse(single_use_contract.SingleUseContract): ...


class TestAllowance(allowance_contract.SharedAllowanceContract):
    @pytest.fixture
    def office(self, registry: Registry) -> Iterator[allowance_contract.Office]:
        with closing(allowance_contract.Registries(registry)) as office:
            yield office


class TestStudents(contract.StudentsContract): ...


class TestSecrecy(contract.SecrecyContract): ...


class TestMoments(contract.MomentsContract): ...


def test_a_consumer_of_the_outbox_passes_by_what_another_is_claiming(registry: Registry) -> None:
    registry.take_in(an_application("100001"), an_application("100002"))
    for student in registry.students.load([1, 2]):
        registry.ask_for_mailbox(student, f"name.{student.album}")
    other = registry.another()
    with closing(other.database), registry.database.writing() as connection:
        oldest = select(tables.request.c.id).order_by(tables.request.c.id).limit(1).with_for_update()
        held = connection.scalar(oldest)
        with other.database.writing() as impatient:
            impatient.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert [request.key for request in other.outbox.claim(2)] == [2]
    assert held == 1
    assert [request.key for request in registry.outbox.claim(2)] == [1]


def test_who_asks_for_an_address_that_is_just_being_given_waits_and_is_refused(registry: Registry) -> None:
    registry.take_in(an_application("100001"), an_application("100002"))
    first, second = registry.students.load([1, 2])
    refused: list[AlreadyExists] = []

    def ask() -> None:
        try:
            registry.ask_for_mailbox(second, "anna.nowak")
        except AlreadyExists as error:
            refused.append(error)

    asking = threading.Thread(target=ask)
    with registry.database.writing() as connection:
        given = {"address": f"anna.nowak@{DOMAIN}", "student_id": first.key, "kind": "primary", "given_at": START}
        connection.execute(tables.address.insert().values(given))
        asking.start()
        asking.join(0.2)
        assert asking.is_alive()
    asking.join(5)
    assert len(refused) == 1
    assert registry.count(tables.mailbox) == 0


def test_moments_come_back_in_utc_from_a_server_that_lives_elsewhere(registry: Registry) -> None:
    with registry.database.writing() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET timezone = 'Asia/Tokyo'"))
    elsewhere = registry.another()
    try:
        with closing(elsewhere.database):
            student = elsewhere.a_student()
            (line,) = elsewhere.journal.of(student.key)
            assert (line.at, line.at.utcoffset()) == (START, START.utcoffset())
            assert elsewhere.admissions.knows(a_feed(digest="only 100001"))
    finally:
        with registry.database.writing() as connection:
            connection.execute(text("ALTER ROLE CURRENT_USER RESET timezone"))


def changed(user: str | None = None, password: str | None = None, database: str | None = None) -> Callable[[str], str]:
    """Return how to change an address in these parts."""
    return lambda url: make_url(url).set(username=user, password=password, database=database).render_as_string(False)


@pytest.mark.parametrize(
    "wrong",
    [changed(password="geheim"), changed(database="nowhere"), changed(user="nobody")],
    ids=["password", "database", "user"],
)
def test_who_may_not_enter_is_misconfigured_and_the_password_is_not_told(
    migrated: str, wrong: Callable[[str], str]
) -> None:
    with closing(Database(wrong(migrated))) as database, pytest.raises(Misconfigured) as raised:
        database.check()
    assert "geheim" not in str(raised.value)
    assert str(make_url(migrated).password) not in str(raised.value)


def test_who_may_not_read_the_tables_is_misconfigured(migrated: str, registry: Registry) -> None:
    with registry.database.writing() as connection:
        connection.execute(text("CREATE ROLE reader LOGIN PASSWORD 'geheim'"))
    try:
        reader = Database(changed(user="reader", password="geheim")(migrated))
        with closing(reader), pytest.raises(Misconfigured):
            reader.check()
    finally:
        with registry.database.writing() as connection:
            connection.execute(text("DROP ROLE reader"))


def test_a_server_that_nobody_runs_is_unavailable() -> None:
    nobody = Database("postgresql+psycopg://estudent:geheim@127.0.0.1:9/registry")
    with closing(nobody), pytest.raises(Unavailable) as raised:
        nobody.check()
    assert "geheim" not in str(raised.value)


def test_a_stopped_server_is_unavailable_and_all_goes_on_when_it_is_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    server = PostgreSQL(tmp_path_factory.mktemp("outage"), durable=False)
    try:
        server.start()
        registry = Registry(server.create_database("registry"))
        with closing(registry.database):
            registry.database.upgrade()
            student = registry.a_student()
            with pytest.raises(Unavailable), registry.database.writing() as connection:
                server.stop()
                connection.execute(text("UPDATE student SET standing = 'studying'"))
            with pytest.raises(Unavailable):
                registry.by_album("100001")
            with pytest.raises(Unavailable):
                registry.database.check()
            server.start()
            assert registry.by_album("100001") == student
            assert registry.database.check().startswith("postgresql, 1 students")
    finally:
        server.discard()
