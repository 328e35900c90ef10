"""The four tables; migrations create exactly these.

Every primary key starts with `user_id`, so no query can forget the owner and the whole schema
shards by user on a distributed PostgreSQL without change. `payload` is the ChatKit type dumped as
JSON, without any signed URL.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.attachment_state import SETTLED, UNUSED, USABLE, AttachmentState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

threads = Table(
    "threads",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    # Assigned by the database: ChatKit's timestamps may be equal, these never are.
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("title", Text),
    Column("payload", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Of the title (search_terms.py).
    Column("search_terms", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("user_id", "id"),
    Index("ix_threads_user_id_position", "user_id", "position"),
    # For ADMIN_TOKEN's list over all users: its order, and its cursor. The order is an expression,
    # so that no plan for one user's list walks through everybody else's threads.
    Index("ix_threads_position", text("(position + 0)")),
    Index("ix_threads_id", "id"),
    Index(
        "ix_threads_search_terms",
        "search_terms",
        postgresql_using="gin",
        postgresql_where="title IS NOT NULL",
    ),
)

thread_items = Table(
    "thread_items",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("thread_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("user_id", "thread_id", "id"),
    ForeignKeyConstraint(
        ["user_id", "thread_id"], ["threads.user_id", "threads.id"], ondelete="CASCADE"
    ),
    Index("ix_thread_items_user_id_thread_id_position", "user_id", "thread_id", "position"),
)


class _State(TypeDecorator[AttachmentState]):
    """Text that is read as an `AttachmentState`."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Any) -> AttachmentState | None:
        return None if value is None else AttachmentState(value)


def _in_states(*states: AttachmentState) -> str:
    listed = ", ".join(f"'{state}'" for state in states)
    return f"state IN ({listed})"


# What is true of a row in each state. So PostgreSQL rejects an illegal transition by any statement
# that sets `state` and does not also forge the columns that prove it.
_TRUE_IN_STATE = {
    AttachmentState.PENDING: (
        "object_key IS NOT NULL AND etag IS NULL AND thread_id IS NULL AND problem IS NULL"
        " AND purge_after IS NULL"
    ),
    AttachmentState.STORED: (
        "object_key IS NOT NULL AND etag IS NOT NULL AND thread_id IS NULL AND purge_after IS NULL"
    ),
    # Without an object key it is someone else's (see `object_key`), and need not be in a thread.
    AttachmentState.ATTACHED: (
        "(object_key IS NULL OR etag IS NOT NULL AND thread_id IS NOT NULL) AND purge_after IS NULL"
    ),
    AttachmentState.REJECTED: (
        "object_key IS NOT NULL AND etag IS NULL AND problem IS NOT NULL AND purge_after IS NULL"
    ),
    AttachmentState.TOMBSTONE: "purge_after IS NOT NULL",
}

# The life of an attachment (docs/architecture.md): the row is written before an upload link is
# issued and removed after the object is gone, so every object has a row.
attachments = Table(
    "attachments",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("thread_id", Text),
    Column("state", _State, nullable=False),
    # NULL for attachments that this service did not create (someone's own `save_attachment`).
    # Compared byte by byte, as buckets list their keys: `reconcile` walks both side by side.
    Column("object_key", Text(collation="C")),
    # The thumbnail's key, where a preview is not the object itself.
    Column("preview_key", Text),
    Column("name", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False, server_default="0"),
    # Of the upload whose bytes were taken over, and of the object that every read must match.
    Column("upload_etag", Text),
    Column("etag", Text),
    # Why the attachment is not usable, in words for the person.
    Column("problem", Text),
    Column("payload", JSONB, nullable=False),
    Column("upload_expires_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("purge_after", DateTime(timezone=True)),
    Column("purge_attempts", Integer, nullable=False, server_default="0"),
    # Of the name, as in `threads`.
    Column("search_terms", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("user_id", "id"),
    CheckConstraint(
        "CASE state "
        + " ".join(f"WHEN '{state}' THEN {rule}" for state, rule in _TRUE_IN_STATE.items())
        + " ELSE false END",
        name="state",
    ),
    Index("ix_attachments_user_id_state", "user_id", "state", postgresql_include=["size"]),
    Index("ix_attachments_user_id_thread_id", "user_id", "thread_id"),
    Index("ix_attachments_object_key", "object_key"),
    Index(
        "ix_attachments_purge_after",
        "purge_after",
        postgresql_where=_in_states(AttachmentState.TOMBSTONE),
    ),
    Index(
        "ix_attachments_unused_created_at",
        "created_at",
        postgresql_where=_in_states(*UNUSED),
    ),
    # NULL once nothing can arrive by the upload link any more and what it brought is deleted.
    Index(
        "ix_attachments_upload_expires_at",
        "upload_expires_at",
        postgresql_where=_in_states(*SETTLED),
    ),
    Index(
        "ix_attachments_search_terms",
        "search_terms",
        postgresql_using="gin",
        postgresql_where=_in_states(*USABLE),
    ),
)

feedback = Table(
    "feedback",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("thread_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("user_id", "thread_id", "item_id"),
    ForeignKeyConstraint(
        ["user_id", "thread_id"], ["threads.user_id", "threads.id"], ondelete="CASCADE"
    ),
    CheckConstraint("kind IN ('positive', 'negative')", name="kind"),
)
