"""What the registry's figures promise, on every database that it may stand on."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from estudent.adapters.registry import tables
from estudent.adapters.registry.figures import SqlFigures
from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.domain.enablement import LinkSight
from estudent.domain.funnel import Circle
from estudent.domain.lifecycle import Standing
from estudent.domain.student import LinkState, MailboxState
from estudent.ports import Fate
from tests.contract.desk_contract import activated, board_of, people_at_every_stage, with_mailbox
from tests.contract.registry_world import START, Registry, an_application

MINUTES = timedelta(minutes=1)


def figures_of(registry: Registry) -> SqlFigures:
    return SqlFigures(registry.database, registry.clock, board_of(registry))


def told(registry: Registry) -> str:
    return "\n".join(line for figure in figures_of(registry).read() for line in figure.lines()) + "\n"


def read(registry: Registry, name: str) -> dict[str, float]:
    """Return a figure as Prometheus' own library reads it: by the value of its label, if it has one."""
    families = text_string_to_metric_families(told(registry))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {next(iter(sample.labels.values()), ""): sample.value for sample in samples}


def there_are(registry: Registry, name: str) -> dict[str, float]:
    return {label: value for label, value in read(registry, name).items() if value}


class FiguresContract:
    def test_everybody_is_counted_as_on_the_board(self, registry: Registry) -> None:
        people_at_every_stage(registry)
        counts = board_of(registry).counts(Circle())
        assert read(registry, "estudent_students") == {stage.value: many for stage, many in counts.items()}

    def test_in_an_empty_registry_nobody_waits_and_every_state_is_told(self, registry: Registry) -> None:
        assert read(registry, "estudent_mailboxes") == dict.fromkeys(MailboxState, 0)
        assert read(registry, "estudent_usos_links") == dict.fromkeys(LinkState, 0)
        assert read(registry, "estudent_payment_lines_waiting") == {"": 0}
        assert "timestamp" not in told(registry)

    def test_a_stuck_mailbox_is_counted_until_its_student_leaves(self, registry: Registry) -> None:
        student = with_mailbox(registry, activated(registry, registry.a_student("100001")), MailboxState.STUCK)
        assert there_are(registry, "estudent_mailboxes") == {"stuck": 1}
        registry.take_in(an_application(str(student.album), standing=Standing.STRUCK_OFF))
        assert there_are(registry, "estudent_mailboxes") == {}

    def test_another_person_under_a_usos_id_is_counted(self, registry: Registry) -> None:
        student = registry.a_student("100001", usos_id=55)
        registry.usos.observe([LinkSight(student.key, LinkState.CONFLICT, "usosapi")])
        assert there_are(registry, "estudent_usos_links") == {"conflict": 1}

    def test_payments_wait_since_the_first_of_their_files_was_read(self, registry: Registry) -> None:
        a_payment(registry, 1, Fate.BOOKED)
        a_payment(registry, 2, Fate.UNMATCHED)
        a_payment(registry, 3, Fate.UNMATCHED)
        assert read(registry, "estudent_payment_lines_waiting") == {"": 2}
        since = (START + 2 * MINUTES).timestamp()
        assert read(registry, "estudent_payment_lines_due_since_timestamp_seconds") == {"": since}

    def test_an_open_request_is_due_from_its_turn_on(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        registry.outbox.ask(student.key, "account")
        assert read(registry, "estudent_requests_due_since_timestamp_seconds") == {"": START.timestamp()}
        (claimed,) = registry.outbox.claim(1)
        assert read(registry, "estudent_requests_due_since_timestamp_seconds")[""] > START.timestamp()
        assert read(registry, "estudent_requests_waiting") == {"": 1}
        registry.outbox.finish([claimed.key])
        assert read(registry, "estudent_requests_waiting") == {"": 0}

    def test_the_last_good_end_of_every_run_is_told_and_no_other_mark(self, registry: Registry) -> None:
        SqlWatermarks(registry.database, registry.clock).keep("mailbox delta", "token")
        for title in ("accounts", "usos", "accounts"):
            registry.clock.turn(minutes=1)
            figures_of(registry).run_ended_well(title, "the run's id")
        ends = {"accounts": (START + 3 * MINUTES).timestamp(), "usos": (START + 2 * MINUTES).timestamp()}
        assert read(registry, "estudent_run_well_timestamp_seconds") == ends

    def test_nothing_tells_of_a_single_person(self, registry: Registry) -> None:
        people_at_every_stage(registry)
        a_payment(registry, 1, Fate.UNMATCHED)
        words = told(registry).lower()
        assert [each for each in ("10000", "żak", "łucja", "@", "nowak", "title", "2710902138") if each in words] == []


def a_payment(registry: Registry, key: int, fate: Fate) -> None:
    """Keep a line of a file of its own, read so many minutes after the start."""
    read_at = START + key * MINUTES
    file = {"kind": "statement", "name": f"bank/{key}", "bank": "bank", "digest": f"{key}", "read_at": read_at}
    registry.insert(tables.fee_file, id=key, **file)
    of = {"account": "27109021380000000100000001", "number": f"{key}", "currency": "PLN"}
    registry.insert(tables.statement, id=key, fee_file_id=key, **of)
    line = {"line": 1, "position": 1, "content": "c", "kind": "credit", "amount": 10, "currency": "PLN"}
    said = {"account": "", "reference": "", "title": "title", "payer": "Nowak", "reason": "", "decision": ""}
    registry.insert(tables.statement_line, id=key, statement_id=key, state=fate.value, **line, **said)
