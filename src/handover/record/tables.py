"""The schema as SQLAlchemy knows it. Migrations are written by hand; a test holds them against this."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData()
_MOMENT = DateTime(timezone=True)


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        """Give the type's name in SQL."""
        return "xid8"


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=None if default is None else text(f"'{default}'"))


organisation = Table(
    "organisation",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    _text("kind"),
    Column("enterprise_number", Text, nullable=False, unique=True),
    _text("name"),
    _text("phone", default=""),
    _text("email", default=""),
    _text("coordinator", default=""),
    Column("webhook_hosts", ARRAY(Text), nullable=False, server_default=text("'{}'")),
)
counsellor = Table(
    "counsellor",
    metadata,
    Column("counsellor_id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.organisation_id"), nullable=False),
    _text("name"),
    _text("team", default=""),
    _text("function", default=""),
    _text("phone", default=""),
    _text("email", default=""),
    _text("person", default=""),
    Index("counsellor_by_organisation", "organisation_id"),
)
agreement = Table(
    "agreement",
    metadata,
    Column("agreement_id", Uuid, primary_key=True),
    Column("ocmw", Text, ForeignKey("organisation.organisation_id"), nullable=False),
    Column("vdab", Text, ForeignKey("organisation.organisation_id"), nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _text("changed_by"),
    Column("changed_at", _MOMENT, nullable=False),
    Index("agreement_by_ocmw", "ocmw"),
    Index("agreement_by_vdab", "vdab"),
)
agreement_history = Table(
    "agreement_history",
    metadata,
    Column("agreement_id", Uuid, primary_key=True),
    _text("ocmw"),
    _text("vdab"),
    Column("terms", JSONB, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("changed_by"),
    Column("changed_at", _MOMENT, nullable=False),
)
offer = Table(
    "offer",
    metadata,
    Column("offer_id", Uuid, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.organisation_id"), nullable=False),
    _text("kind"),
    _text("title"),
    _text("instrument"),
    Column("places", ARRAY(Text), nullable=False),
    Column("target_groups", ARRAY(Text), nullable=False),
    Column("barriers", ARRAY(Text), nullable=False),
    _text("words"),
    Column("body", JSONB, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _text("changed_by"),
    Column("changed_at", _MOMENT, nullable=False),
    Index("offer_by_organisation", "organisation_id"),
    Index("offer_by_place", "places", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
)
legal_basis = Table(
    "legal_basis",
    metadata,
    Column("legal_basis_id", Text, primary_key=True),
    _text("title"),
    _text("reference"),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
)
dossier = Table(
    "dossier",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("ssin_sealed", LargeBinary, nullable=False),
    Column("opened_at", _MOMENT, nullable=False),
    Column("erased_at", _MOMENT),
)
# In the schema `keys`, which backups leave out; Alembic compares the other one, so this is here to be read.
dossier_key = Table(
    "dossier_key",
    MetaData(),
    Column("dossier_id", Uuid, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("confidential", LargeBinary, nullable=False),
    Column("changed_at", _MOMENT, nullable=False),
    schema="keys",
)
ssin_lookup = Table(
    "ssin_lookup",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("key_version", SmallInteger, primary_key=True, autoincrement=False),
    Column("dossier_id", Uuid, nullable=False),
    Column("replaced", Boolean, nullable=False, server_default=text("false")),
    Column("sealed", LargeBinary),
    Index("ssin_lookup_of_dossier", "dossier_id"),
)
event = Table(
    "event",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False),
    _text("type"),
    Column("thread_id", Uuid),
    _text("organisation_id"),
    Column("recorded_at", _MOMENT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
    UniqueConstraint("dossier_id", "event_id"),
)
feed = Table(
    "feed",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("xid", Xid8(), primary_key=True, server_default=text("pg_current_xact_id()")),
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("dossier_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Index("feed_in_order", "xid", "position"),
)
inscribed = Table(
    "inscribed",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("organisation_id", Text, primary_key=True),
)
idempotency = Table(
    "idempotency",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("dossier_id", Uuid, nullable=False),
    Column("first_sequence", Integer, nullable=False),
    Column("last_sequence", Integer, nullable=False),
    Column("recorded_at", _MOMENT, nullable=False),
    Index("idempotency_by_age", "recorded_at"),
)
request_once = Table(
    "request_once",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("taken_at", _MOMENT, nullable=False),
    Column("answer", LargeBinary),
    Index("request_once_by_age", "taken_at"),
)
subscription = Table(
    "subscription",
    metadata,
    Column("subscription_id", Uuid, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.organisation_id"), nullable=False),
    _text("url"),
    Column("event_types", ARRAY(Text)),
    Column("secrets", LargeBinary, nullable=False),
    _text("status", default="active"),
    _text("status_reason", default=""),
    Column("created_at", _MOMENT, nullable=False),
    Column("changed_at", _MOMENT, nullable=False),
    Column("missed_from", Xid8()),
    Column("down_since", _MOMENT),
    Column("probe_at", _MOMENT),
    _text("content", default="thin"),
    _text("public_key", default=""),
    Index("subscription_by_organisation", "organisation_id"),
    Index("subscription_to_probe", "probe_at", postgresql_where=text("probe_at IS NOT NULL")),
)
delivery = Table(
    "delivery",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("subscription_id", Uuid, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _text("state", default="pending"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("last_status", SmallInteger),
    _text("last_error", default=""),
    Column("enqueued_at", _MOMENT, nullable=False),
    Column("settled_at", _MOMENT),
    Column("delivered_at", _MOMENT),
    Column("previous_sequence", Integer),
    Index("delivery_of_subscription", "subscription_id", "enqueued_at", "dossier_id", "sequence"),
)
lane = Table(
    "lane",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("subscription_id", Uuid, primary_key=True),
    Column("waiting", Integer, nullable=False),
    Column("head", Integer, nullable=False, server_default=text("0")),
    Column("sent", Integer, nullable=False, server_default=text("0")),
    Column("dead", Integer),
    Column("due_at", _MOMENT),
    Column("lease_until", _MOMENT),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("failures", SmallInteger, nullable=False, server_default=text("0")),
    Column("failing_since", _MOMENT),
    Index("lane_due", "subscription_id", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("lane_dead", "subscription_id", postgresql_where=text("dead IS NOT NULL")),
)
replay_job = Table(
    "replay_job",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("subscription_id", Uuid, ForeignKey("subscription.subscription_id"), nullable=False),
    _text("which"),
    Column("since", _MOMENT),
    Column("until", _MOMENT),
    Column("xid", Xid8(), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("horizon", Xid8(), nullable=False),
    Column("queued", Integer, nullable=False, server_default=text("0")),
    Column("created_at", _MOMENT, nullable=False),
    Column("finished_at", _MOMENT),
    Index("replay_job_to_do", "created_at", postgresql_where=text("finished_at IS NULL")),
    Index("replay_job_of_subscription", "subscription_id", "created_at"),
)
inbox_dossier = Table(
    "inbox_dossier",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("organisation_id", Text, primary_key=True),
    Column("counsellors", ARRAY(Text), nullable=False),
    Column("entered", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("foreign_sequence", Integer, nullable=False),
    Column("card", LargeBinary, nullable=False),
    Column("hidden", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("shown", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("closed", Boolean, nullable=False, server_default=text("false")),
    Index(
        "inbox_dossier_by_organisation",
        "organisation_id",
        "dossier_id",
        postgresql_include=["counsellors", "closed"],
    ),
    Index(
        "inbox_dossier_unassigned",
        "organisation_id",
        "dossier_id",
        postgresql_where=text("counsellors = '{}' AND NOT closed"),
    ),
    Index(
        "inbox_dossier_by_counsellor",
        "counsellors",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
)
inbox_thread = Table(
    "inbox_thread",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("organisation_id", Text, primary_key=True),
    Column("thread_id", Uuid, primary_key=True),
    Column("your_turn", Boolean, nullable=False),
    _text("counsellor_id"),
    Column("due_at", _MOMENT),
    Column("since", _MOMENT, nullable=False),
    Column("card", LargeBinary, nullable=False),
    Column("also", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Index(
        "inbox_thread_by_counsellor",
        "organisation_id",
        "counsellor_id",
        "your_turn",
        postgresql_include=["due_at"],
    ),
    Index("inbox_thread_also", "also", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    Index("inbox_thread_your_turn", "organisation_id", "due_at", postgresql_where=text("your_turn")),
    Index("inbox_thread_their_turn", "organisation_id", "since", postgresql_where=text("NOT your_turn")),
)
inbox_seen = Table(
    "inbox_seen",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("counsellor_id", Text, primary_key=True),
    Column("dossier_id", Uuid, primary_key=True),
    Column("sequence", Integer, nullable=False),
)
wake = Table(
    "wake",
    metadata,
    Column("dossier_id", Uuid, primary_key=True),
    Column("at", _MOMENT, nullable=False),
    Index("wake_in_order", "at"),
)
projection = Table(
    "projection",
    metadata,
    Column("name", Text, primary_key=True),
    Column("xid", Xid8(), nullable=False),
    Column("position", BigInteger, nullable=False),
)
replay_progress = Table(
    "replay_progress",
    metadata,
    Column("job", Text, primary_key=True),
    Column("xid", Xid8(), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("dossier_id", Uuid),
    Column("changed_at", _MOMENT, nullable=False),
)
inbound_mark = Table(
    "inbound_mark",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _text("digest"),
    Column("revision", Integer, nullable=False),
    Column("dossier_id", Uuid, nullable=False),
    Column("thread_id", Uuid),
    Column("changed_at", _MOMENT, nullable=False),
)
log_leaf = Table(
    "log_leaf",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("dossier_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("nodes", LargeBinary, nullable=False),
    UniqueConstraint("dossier_id", "sequence"),
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    _text("note"),
    Column("signed_at", _MOMENT, nullable=False),
)
checkpoint_delivery = Table(
    "checkpoint_delivery",
    metadata,
    Column("subscription_id", Uuid, ForeignKey("subscription.subscription_id"), primary_key=True),
    Column("size", BigInteger, nullable=False, server_default=text("-1")),
    Column("delivered_at", _MOMENT),
    Column("due_at", _MOMENT, nullable=False),
    Column("failures", SmallInteger, nullable=False, server_default=text("0")),
    _text("last_error", default=""),
)
session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    _text("organisation_id"),
    _text("counsellor_id"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("seen_at", _MOMENT, nullable=False),
    Column("ended_at", _MOMENT),
    Column("provider_subject", LargeBinary),
    Column("provider_session", LargeBinary),
    Column("id_token", LargeBinary),
    Index("session_by_age", "created_at"),
    Index("session_by_provider_subject", "provider_subject", postgresql_where=text("provider_subject IS NOT NULL")),
    Index("session_by_provider_session", "provider_session", postgresql_where=text("provider_session IS NOT NULL")),
)
sign_in = Table(
    "sign_in",
    metadata,
    Column("state", LargeBinary, primary_key=True),
    Column("browser", LargeBinary, nullable=False),
    _text("nonce"),
    _text("verifier"),
    Column("created_at", _MOMENT, nullable=False),
    Index("sign_in_by_age", "created_at"),
)
counsellor_subject = Table(
    "counsellor_subject",
    metadata,
    Column("counsellor_id", Text, ForeignKey("counsellor.counsellor_id"), primary_key=True),
    _text("subject"),
    Index("counsellor_by_subject", "subject"),
)
ovo_code = Table(
    "ovo_code",
    metadata,
    Column("ovo_code", Text, primary_key=True),
    _text("enterprise_number"),
)
access_log = Table(
    "access_log",
    metadata,
    Column("entry", BigInteger, Identity(always=True), primary_key=True),
    Column("reference", Uuid, nullable=False),
    Column("at", _MOMENT, nullable=False),
    _text("organisation_id"),
    _text("service"),
    _text("application"),
    _text("counsellor_id"),
    _text("action"),
    _text("outcome"),
    _text("role"),
    _text("relation"),
    _text("legal_basis_id"),
    Column("dossier_id", Uuid),
    Index("access_log_of_dossier", "dossier_id", "entry", postgresql_where=text("dossier_id IS NOT NULL")),
    Index("access_log_of_organisation", "organisation_id", "entry"),
    Index("access_log_by_age", "at"),
)
break_glass = Table(
    "break_glass",
    metadata,
    Column("break_glass_id", Uuid, primary_key=True),
    Column("dossier_id", Uuid, nullable=False),
    _text("organisation_id"),
    _text("counsellor_id"),
    Column("reason", LargeBinary, nullable=False),
    Column("opened_at", _MOMENT, nullable=False),
    Column("until", _MOMENT, nullable=False),
    Index("break_glass_of_counsellor", "counsellor_id", "dossier_id", "until"),
    Index("break_glass_of_organisation", "organisation_id", "opened_at", "break_glass_id"),
    Index("break_glass_by_age", "opened_at"),
)
retention = Table(
    "retention",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.organisation_id"), primary_key=True),
    Column("close_after_months", Integer, nullable=False),
    Column("erase_after_months", Integer, nullable=False),
)
notice_preference = Table(
    "notice_preference",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("counsellor_id", Text, ForeignKey("counsellor.counsellor_id", ondelete="CASCADE"), primary_key=True),
    _text("language"),
    Column("daily_mail", Boolean, nullable=False, server_default=text("false")),
    Column("mail_hour", SmallInteger, nullable=False, server_default=text("8")),
    Column("mail_from", Date, nullable=False),
    Column("changed_at", _MOMENT, nullable=False),
    Index("notice_preference_by_hour", "mail_hour", postgresql_where=text("daily_mail")),
)
daily_summary = Table(
    "daily_summary",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("counsellor_id", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("started_at", _MOMENT, nullable=False),
    Column("due_at", _MOMENT, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default=text("1")),
    Column("failures", SmallInteger, nullable=False, server_default=text("0")),
    _text("outcome", default=""),
    Column("settled_at", _MOMENT),
    ForeignKeyConstraint(
        ["organisation_id", "counsellor_id"],
        ["notice_preference.organisation_id", "notice_preference.counsellor_id"],
        ondelete="CASCADE",
    ),
    Index("daily_summary_unsettled", "started_at", postgresql_where=text("settled_at IS NULL")),
)
push_subscription = Table(
    "push_subscription",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("counsellor_id", Text, ForeignKey("counsellor.counsellor_id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    _text("endpoint"),
    _text("browser"),
    Column("created_at", _MOMENT, nullable=False),
    Column("told_at", _MOMENT, nullable=False),
    Column("pushed_at", _MOMENT),
    Column("due_at", _MOMENT, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("failures", SmallInteger, nullable=False, server_default=text("0")),
    Index("push_subscription_due", "due_at"),
)
