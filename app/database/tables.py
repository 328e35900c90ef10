"""The tables; migrations create exactly these.

Every primary key starts with `user_id`: a query that answers a user names the owner, and the same
schema can be sharded by user on a distributed PostgreSQL. `payload` is ChatKit's type as JSON,
without signed URLs (payloads.py).
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

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
    # Assigned by the database, because ChatKit's timestamps may be equal.
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("title", Text),
    Column("payload", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # When something was last said in it. A new title changes `updated_at` only. The clock, not the
    # time of the transaction, which begins before an insert waits for its turn (statements.py).
    Column(
        "active_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.clock_timestamp(),
    ),
    # The search terms of the title (search_terms.py), and its words (word_index.py).
    Column("search_terms", ARRAY(Text), nullable=False),
    Column("words", TSVECTOR),
    PrimaryKeyConstraint("user_id", "id"),
    Index("ix_threads_user_id_position", "user_id", "position"),
    Index("ix_threads_user_id_active_at_position", "user_id", "active_at", "position"),
    # Both are for ADMIN_TOKEN's list of all users' threads: its order and its cursor. The order is
    # an expression, so that the planner can't use this index for the list of one user.
    Index("ix_threads_position", text("(position + 0)")),
    Index("ix_threads_id", "id"),
    Index(
        "ix_threads_search_terms",
        "search_terms",
        postgresql_using="gin",
        postgresql_where="title IS NOT NULL",
    ),
    Index(
        "ix_threads_words", "words", postgresql_using="gin", postgresql_where="words IS NOT NULL"
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
    # The words of a message and of its files' names (word_index.py).
    Column("words", TSVECTOR),
    PrimaryKeyConstraint("user_id", "thread_id", "id"),
    ForeignKeyConstraint(
        ["user_id", "thread_id"], ["threads.user_id", "threads.id"], ondelete="CASCADE"
    ),
    Index("ix_thread_items_user_id_thread_id_position", "user_id", "thread_id", "position"),
    Index(
        "ix_thread_items_words",
        "words",
        postgresql_using="gin",
        postgresql_where="words IS NOT NULL",
    ),
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


# The condition that a row meets in each state. So PostgreSQL rejects a statement that changes only
# `state`, to a state that the row's other columns contradict.
_TRUE_IN_STATE = {
    AttachmentState.PENDING: (
        "object_key IS NOT NULL AND etag IS NULL AND thread_id IS NULL AND problem IS NULL"
        " AND malware IS NULL AND purge_after IS NULL"
    ),
    AttachmentState.STORED: (
        "object_key IS NOT NULL AND etag IS NOT NULL AND thread_id IS NULL AND malware IS NULL"
        " AND purge_after IS NULL"
    ),
    # A foreign attachment has no object key, and may be in no thread.
    AttachmentState.ATTACHED: (
        "(object_key IS NULL OR etag IS NOT NULL AND thread_id IS NOT NULL) AND malware IS NULL"
        " AND purge_after IS NULL"
    ),
    AttachmentState.REJECTED: (
        "object_key IS NOT NULL AND etag IS NULL AND problem IS NOT NULL AND purge_after IS NULL"
    ),
    AttachmentState.TOMBSTONE: "purge_after IS NOT NULL",
}

# A row is inserted before its upload link is issued, and deleted after its objects are, so every
# object has a row (docs/architecture.md).
attachments = Table(
    "attachments",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("thread_id", Text),
    Column("state", _State, nullable=False),
    # NULL for an attachment that other code saved through ChatKit's store. `reconcile` needs the
    # order of collation C, in which a bucket lists its keys.
    Column("object_key", Text(collation="C")),
    # The key of the thumbnail; NULL if the preview is the object itself.
    Column("preview_key", Text),
    Column("name", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False, server_default="0"),
    # The ETags of the upload that was copied, and of the copy, which every read must match.
    Column("upload_etag", Text),
    Column("etag", Text),
    # Why the attachment can't be used, for the person who attached it.
    Column("problem", Text),
    # The name of the malware in a rejected file, and until when its bytes are kept in quarantine.
    Column("malware", Text),
    Column("quarantine_ends_at", DateTime(timezone=True)),
    Column("payload", JSONB, nullable=False),
    # Nothing can arrive by the upload link after this. NULL when what the link wrote is deleted.
    Column("upload_ends_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("purge_after", DateTime(timezone=True)),
    Column("purge_attempts", Integer, nullable=False, server_default="0"),
    # The search terms of the name.
    Column("search_terms", ARRAY(Text), nullable=False),
    # What is said in a recording (transcripts.py), and until when a process may be transcribing it.
    Column("transcript", JSONB),
    Column("transcribing_until", DateTime(timezone=True)),
    PrimaryKeyConstraint("user_id", "id"),
    CheckConstraint(
        "CASE state "
        + " ".join(f"WHEN '{state}' THEN {rule}" for state, rule in _TRUE_IN_STATE.items())
        + " ELSE false END",
        name="state",
    ),
    CheckConstraint("quarantine_ends_at IS NULL OR malware IS NOT NULL", name="quarantine"),
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
    Index(
        "ix_attachments_upload_ends_at",
        "upload_ends_at",
        postgresql_where=_in_states(*SETTLED),
    ),
    Index(
        "ix_attachments_quarantine_ends_at",
        "quarantine_ends_at",
        postgresql_where="quarantine_ends_at IS NOT NULL",
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

# app/database/audit.py writes it. It has no foreign key: entries stay when the objects are gone.
audit_log = Table(
    "audit_log",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    PrimaryKeyConstraint("user_id", "position"),
    # Entries are written in the order of their time, so the smallest of indexes finds old ones.
    Index("ix_audit_log_at", "at", postgresql_using="brin"),
)

# The last erasure of each user (erasures.py). It stays when it is finished, for its receipt.
erasures = Table(
    "erasures",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("finished_at", DateTime(timezone=True)),
    Column("receipt", JSONB),
    PrimaryKeyConstraint("user_id"),
)

# The ids of what an erasure that is under way has deleted.
erased = Table(
    "erased",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("id", Text(collation="C"), nullable=False),
    Column("object_key", Text),
    PrimaryKeyConstraint("user_id", "kind", "id"),
)

# A row is written after the file, because the provider chooses its id, and deleted after the file.
# It outlives the row of its attachment until the provider has deleted the file.
provider_files = Table(
    "provider_files",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("file_id", Text, nullable=False),
    Column("attachment_id", Text, nullable=False),
    # Says which of the attachment's renditions it is, and what the provider does not keep of it.
    Column("rendition_key", Text, nullable=False),
    Column("rendition", JSONB, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # When the provider deletes it; NULL if it never does by itself.
    Column("expires_at", DateTime(timezone=True)),
    # When to delete it at the provider; NULL while it is in use.
    Column("purge_after", DateTime(timezone=True)),
    Column("purge_attempts", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("user_id", "file_id"),
    Index(
        "ix_provider_files_in_use",
        "user_id",
        "attachment_id",
        "rendition_key",
        unique=True,
        postgresql_where="purge_after IS NULL",
    ),
    Index(
        "ix_provider_files_purge_after",
        "purge_after",
        postgresql_where="purge_after IS NOT NULL",
    ),
    Index("ix_provider_files_expires_at", "expires_at"),
)
