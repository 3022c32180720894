"""The registry's tables; their unique constraints carry the rules of identity."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigKey = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets time zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Store in UTC, and refuse moments without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return in UTC."""
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


def _key() -> Column[int]:
    return Column("id", BigKey, primary_key=True, autoincrement=True)


def _student(*, primary_key: bool = False, index: bool = False) -> Column[int]:
    owner = ForeignKey("student.id")
    return Column("student_id", BigKey, owner, primary_key=primary_key, index=index, nullable=False)


person = Table(
    "person",
    metadata,
    _key(),
    Column("usos_id", BigInteger, unique=True),
    Column("pesel_hash", String(64), unique=True),
    Column("document_hash", String(64), unique=True),
    Column("given_name", String(100), nullable=False),
    Column("middle_name", String(100), nullable=False),
    Column("family_name", String(100), nullable=False),
    Column("birth_date", Date, nullable=False),
    Column("email", String(254), nullable=False),
)

student = Table(
    "student",
    metadata,
    _key(),
    Column("person_id", BigKey, ForeignKey("person.id"), nullable=False, unique=True),
    Column("album_number", String(7), unique=True),
    Column("number_awaited_since", Moment),
    Column("language", String(2), nullable=False),
    Column("standing", String(20), nullable=False),
)
AWAITS_A_NUMBER = text("number_awaited_since IS NOT NULL")

Index(
    "ix_student_awaits_number",
    student.c.number_awaited_since,
    sqlite_where=AWAITS_A_NUMBER,
    postgresql_where=AWAITS_A_NUMBER,
)

study = Table(
    "study",
    metadata,
    _key(),
    _student(index=True),
    Column("candidate_number", String(254), nullable=False),
    Column("intake", String(254), nullable=False),
    Column("programme", String(254), nullable=False),
    Column("programme_name", String(254), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("status", String(20), nullable=False),
    Column("row_hash", LargeBinary(32), nullable=False),
    Column("feed_id", BigKey, ForeignKey("feed.id"), nullable=False),
    UniqueConstraint("candidate_number", "programme"),
    Index("ix_study_programme", "programme"),
)

account = Table(
    "account",
    metadata,
    _student(primary_key=True),
    Column("login", String(8), nullable=False, unique=True),
    Column("state", String(10), nullable=False),
    Column("entry_seen_at", Moment),
    # Of what was wanted when the directory was last seen to hold just that.
    Column("entry_hash", LargeBinary(16)),
)

address = Table(
    "address",
    metadata,
    Column("address", String(254), primary_key=True),
    _student(index=True),
    Column("kind", String(10), nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("likeness", String(254), index=True),
)

mailbox = Table(
    "mailbox",
    metadata,
    _student(primary_key=True),
    Column("address", String(254), ForeignKey("address.address"), nullable=False, unique=True),
    Column("alias", String(254), ForeignKey("address.address"), nullable=False, unique=True),
    Column("state", String(10), nullable=False),
    Column("object_id", String(64), unique=True),
    Column("problem", String(500), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("observed_at", Moment),
    Column("created_at", Moment),
    Column("licensed_at", Moment),
    Column("opened_at", Moment),
    Column("aliased_at", Moment),
    Column("verified_at", Moment),
    Column("waits_since", Moment),
    Column("next_look_at", Moment, index=True),
    Column("looks", Integer, nullable=False, server_default="0"),
)

usos_link = Table(
    "usos_link",
    metadata,
    _student(primary_key=True),
    # Our address where USOS was seen to hold it; what else it may hold is not kept.
    Column("email", String(254), unique=True),
    Column("source", String(20), nullable=False),
    Column("observed_at", Moment, nullable=False),
    Column("state", String(10), nullable=False, server_default="verified", index=True),
    Column("since", Moment),
    Column("asked_for", String(254)),
    Column("expected_at", Moment),
    Column("problem", String(500), nullable=False, server_default=""),
    Column("awaited_at", Moment),
    Column("person_at", Moment),
    Column("active_at", Moment),
    Column("requested_at", Moment),
    Column("linked_at", Moment),
    Column("verified_at", Moment),
)

payment_account = Table(
    "payment_account",
    metadata,
    _key(),
    _student(),
    Column("purpose", String(30), nullable=False),
    Column("nrb", String(26), nullable=False, unique=True),
    Column("origin", String(10), nullable=False),
    Column("given_at", Moment, nullable=False),
    UniqueConstraint("student_id", "purpose"),
)

receivable = Table(
    "receivable",
    metadata,
    _key(),
    _student(index=True),
    Column("payment_account_id", BigKey, ForeignKey("payment_account.id")),
    Column("source_id", String(100), nullable=False, unique=True),
    Column("title", String(254), nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("due_date", Date, nullable=False),
    # Set by migrations for rows of old; a cancelled receivable stays, so that its number is never used again.
    Column("state", String(10), nullable=False, server_default="owed"),
    Column("instalment", Integer),
    Column("instalments", Integer),
    Column("seen_at", Moment),
)

fee_reminder = Table(
    "fee_reminder",
    metadata,
    Column("receivable_id", BigKey, ForeignKey("receivable.id"), primary_key=True),
    # A receivable that is due on another day is one to be reminded of once more.
    Column("due_date", Date, primary_key=True),
    Column("made_at", Moment, nullable=False),
)

fee_file = Table(
    "fee_file",
    metadata,
    _key(),
    Column("kind", String(20), nullable=False),
    Column("name", String(255), nullable=False),
    Column("bank", String(100), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("read_at", Moment, nullable=False),
)

statement = Table(
    "statement",
    metadata,
    _key(),
    Column("fee_file_id", BigKey, ForeignKey("fee_file.id"), nullable=False, index=True),
    Column("account", String(40), nullable=False),
    Column("number", String(40), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("opening", Numeric(16, 2)),
    Column("closing", Numeric(16, 2)),
    Column("closed_on", Date),
)

statement_line = Table(
    "statement_line",
    metadata,
    _key(),
    Column("statement_id", BigKey, ForeignKey("statement.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    # None for a line that is known from an earlier statement.
    Column("key", String(64), unique=True),
    Column("content", String(64), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("booking_date", Date),
    Column("value_date", Date),
    Column("account", String(40), nullable=False),
    Column("reference", String(100), nullable=False),
    # What people wrote is kept while somebody may have to read it, and no longer.
    Column("title", String(500), nullable=False),
    Column("payer", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("decision", String(300), nullable=False),
)
WAITS_FOR_SOMEBODY = text("state = 'unmatched'")

Index(
    "ix_statement_line_unmatched",
    statement_line.c.id,
    sqlite_where=WAITS_FOR_SOMEBODY,
    postgresql_where=WAITS_FOR_SOMEBODY,
)

booking_export = Table(
    "booking_export",
    metadata,
    _key(),
    Column("made_at", Moment, nullable=False),
    Column("bookings", Integer, nullable=False),
    Column("total", Numeric(14, 2), nullable=False),
    Column("acknowledged_at", Moment),
    Column("acknowledgement", String(100), nullable=False),
)

booking = Table(
    "booking",
    metadata,
    _key(),
    Column("payment_account_id", BigKey, ForeignKey("payment_account.id"), index=True),
    Column("booking_date", Date, nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("source_line", String(254), nullable=False, unique=True),
    Column("statement_line_id", BigKey, ForeignKey("statement_line.id"), index=True),
    # A booking that was made in error stays, and this one takes it back.
    Column("undoes", BigKey, ForeignKey("booking.id"), unique=True),
    Column("booking_export_id", BigKey, ForeignKey("booking_export.id"), index=True),
    Column("made_at", Moment),
)

feed = Table(
    "feed",
    metadata,
    _key(),
    Column("name", String(255), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("modified_at", Moment, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("read", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("missing", JSON, nullable=False),
    UniqueConstraint("name", "digest", "modified_at"),
)

rejection = Table(
    "rejection",
    metadata,
    _key(),
    Column("feed_id", BigKey, ForeignKey("feed.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("candidate_number", String(254), nullable=False, index=True),
    Column("field", String(30), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("detail", String(500), nullable=False),
    Column("masked", String(30), nullable=False),
    Column("resolved_at", Moment),
)

request = Table(
    "request",
    metadata,
    _key(),
    _student(index=True),
    Column("kind", String(20), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("problem", String(500), nullable=False),
    Index("ix_request_open", "finished_at", "not_before"),
)

journal = Table(
    "journal",
    metadata,
    _key(),
    _student(index=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("run", String(60), nullable=False),
    Column("system", String(20), nullable=False),
    Column("step", String(60), nullable=False),
    Column("result", String(10), nullable=False),
    Column("detail", String(500), nullable=False),
)
STAFF_WROTE_IT = text("substr(actor, 1, 6) = 'staff '")
"""The few lines of the journal that people at the desk have caused; an index of their own finds them."""

Index("ix_journal_staff", journal.c.at, sqlite_where=STAFF_WROTE_IT, postgresql_where=STAFF_WROTE_IT)

letter = Table(
    "letter",
    metadata,
    _key(),
    _student(),
    Column("kind", String(30), nullable=False),
    Column("message_id", String(120), nullable=False, unique=True),
    Column("token_hash", String(64), unique=True),
    Column("attempts", Integer, nullable=False),
    Column("prepared_at", Moment, nullable=False),
    Column("sending_since", Moment),
    Column("sent_at", Moment),
    UniqueConstraint("student_id", "kind"),
)

one_time_code = Table(
    "one_time_code",
    metadata,
    _key(),
    _student(index=True),
    Column("purpose", String(20), nullable=False),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("wrong_tries", Integer, nullable=False),
    Column("issued_by", String(60), nullable=False),
)

message = Table(
    "message",
    metadata,
    _key(),
    _student(index=True),
    Column("kind", String(30), nullable=False),
    Column("message_id", String(120), nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("problem", String(500), nullable=False),
    Index("ix_message_open", "sent_at", "not_before"),
)

mailbox_parting = Table(
    "mailbox_parting",
    metadata,
    _student(primary_key=True),
    Column("state", String(10), nullable=False),
    Column("since", Date, nullable=False),
    Column("reached", Date, nullable=False),
    Column("due", Date),
)

mailbox_rename = Table(
    "mailbox_rename",
    metadata,
    _student(primary_key=True),
    Column("state", String(10), nullable=False),
    Column("before", String(254), ForeignKey("address.address")),
    Column("wanted", String(254), ForeignKey("address.address")),
    Column("problem", String(500), nullable=False),
    Column("changed_at", Moment, nullable=False),
)

watermark = Table(
    "watermark",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("token", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

shard = Table(
    "shard",
    metadata,
    Column("run", String(60), primary_key=True),
    Column("system", String(20), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("of", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("allowed", Integer, nullable=False),
    Column("reached", BigInteger, nullable=False),
    Column("tally", Text, nullable=False),
    Column("takes", Integer, nullable=False),
    Column("holder", String(60), nullable=False),
    Column("heard_at", Moment, nullable=False),
    Column("finished_at", Moment),
)
"""The shards of runs for many students; `holder` is a name that a process gives itself, empty where nobody has one."""

allowance = Table(
    "allowance",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("level", Double, nullable=False),
    Column("at", Double, nullable=False),
    Column("paused_until", Double, nullable=False),
)

place = Table(
    "place",
    metadata,
    Column("room", String(60), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("until", Double, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    _key(),
    Column("at", Moment, nullable=False, index=True),
    Column("door", String(20), nullable=False),
    Column("subject_hash", String(64), nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("student_id", BigKey, ForeignKey("student.id"), index=True),
    Column("cause", String(30), nullable=False),
    Index("ix_attempt_subject", "subject_hash", "at"),
    Index("ix_attempt_source", "source_hash", "at"),
)

session = Table(
    "session",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("student_id", BigKey, ForeignKey("student.id"), index=True),
    Column("staff", String(60), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, index=True),
    Column("agent", String(200), nullable=False),
)

mailbox_password = Table(
    "mailbox_password",
    metadata,
    _student(primary_key=True),
    Column("mailbox_id", String(64), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("agreed_at", Moment),
)
