"""Create the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "threads",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("payload", JSONB(), nullable=False),
        _timestamp("created_at"),
        _timestamp("updated_at"),
        sa.Column(
            "active_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        sa.Column("search_terms", ARRAY(sa.Text()), nullable=False),
        sa.Column("words", TSVECTOR()),
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_threads"),
    )
    op.create_index("ix_threads_user_id_position", "threads", ["user_id", "position"])
    op.create_index(
        "ix_threads_user_id_active_at_position", "threads", ["user_id", "active_at", "position"]
    )
    op.create_index("ix_threads_position", "threads", [sa.text("(position + 0)")])
    op.create_index("ix_threads_id", "threads", ["id"])
    op.create_index(
        "ix_threads_search_terms",
        "threads",
        ["search_terms"],
        postgresql_using="gin",
        postgresql_where=sa.text("title IS NOT NULL"),
    )
    _index_words("threads")

    op.create_table(
        "thread_items",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        _timestamp("created_at"),
        sa.Column("words", TSVECTOR()),
        sa.PrimaryKeyConstraint("user_id", "thread_id", "id", name="pk_thread_items"),
        _thread_of_the_user("fk_thread_items_threads"),
    )
    op.create_index(
        "ix_thread_items_user_id_thread_id_position",
        "thread_items",
        ["user_id", "thread_id", "position"],
    )
    _index_words("thread_items")

    op.create_table(
        "attachments",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(collation="C")),
        sa.Column("preview_key", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("upload_etag", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("malware", sa.Text()),
        sa.Column("quarantine_ends_at", sa.DateTime(timezone=True)),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("upload_ends_at", sa.DateTime(timezone=True)),
        _timestamp("created_at"),
        sa.Column("purge_after", sa.DateTime(timezone=True)),
        sa.Column("purge_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("search_terms", ARRAY(sa.Text()), nullable=False),
        sa.Column("transcript", JSONB()),
        sa.Column("transcribing_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_attachments"),
        # What is true of a row in each state (app/database/tables.py).
        sa.CheckConstraint(
            """
            CASE state
              WHEN 'pending' THEN object_key IS NOT NULL AND etag IS NULL AND thread_id IS NULL
                AND problem IS NULL AND malware IS NULL AND purge_after IS NULL
              WHEN 'stored' THEN object_key IS NOT NULL AND etag IS NOT NULL
                AND thread_id IS NULL AND malware IS NULL AND purge_after IS NULL
              WHEN 'attached' THEN (object_key IS NULL OR etag IS NOT NULL
                AND thread_id IS NOT NULL) AND malware IS NULL AND purge_after IS NULL
              WHEN 'rejected' THEN object_key IS NOT NULL AND etag IS NULL
                AND problem IS NOT NULL AND purge_after IS NULL
              WHEN 'tombstone' THEN purge_after IS NOT NULL
              ELSE false
            END
            """,
            name=op.f("ck_attachments_state"),
        ),
        sa.CheckConstraint(
            "quarantine_ends_at IS NULL OR malware IS NOT NULL",
            name=op.f("ck_attachments_quarantine"),
        ),
    )
    op.create_index(
        "ix_attachments_user_id_state",
        "attachments",
        ["user_id", "state"],
        postgresql_include=["size"],
    )
    op.create_index("ix_attachments_user_id_thread_id", "attachments", ["user_id", "thread_id"])
    op.create_index("ix_attachments_object_key", "attachments", ["object_key"])
    op.create_index(
        "ix_attachments_purge_after",
        "attachments",
        ["purge_after"],
        postgresql_where=sa.text("state = 'tombstone'"),
    )
    op.create_index(
        "ix_attachments_unused_created_at",
        "attachments",
        ["created_at"],
        postgresql_where=sa.text("state IN ('pending', 'stored', 'rejected')"),
    )
    op.create_index(
        "ix_attachments_upload_ends_at",
        "attachments",
        ["upload_ends_at"],
        postgresql_where=sa.text("state IN ('stored', 'attached', 'rejected')"),
    )
    op.create_index(
        "ix_attachments_quarantine_ends_at",
        "attachments",
        ["quarantine_ends_at"],
        postgresql_where=sa.text("quarantine_ends_at IS NOT NULL"),
    )
    op.create_index(
        "ix_attachments_search_terms",
        "attachments",
        ["search_terms"],
        postgresql_using="gin",
        postgresql_where=sa.text("state IN ('stored', 'attached')"),
    )

    op.create_table(
        "feedback",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _timestamp("created_at"),
        sa.PrimaryKeyConstraint("user_id", "thread_id", "item_id", name="pk_feedback"),
        _thread_of_the_user("fk_feedback_threads"),
        sa.CheckConstraint("kind IN ('positive', 'negative')", name=op.f("ck_feedback_kind")),
    )

    op.create_table(
        "audit_log",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _timestamp("at"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "position", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], postgresql_using="brin")
    # The sweep deletes old entries (MIN_AUDIT_RETENTION_DAYS of app/settings/retention.py).
    op.execute(
        """
        CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' AND OLD.at < now() - interval '30 days' THEN
            RETURN OLD;
          END IF;
          RAISE EXCEPTION 'audit_log is append-only: % is rejected', TG_OP
            USING ERRCODE = 'insufficient_privilege';
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log"
        " FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()"
    )

    op.create_table(
        "erasures",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _timestamp("requested_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("receipt", JSONB()),
        sa.PrimaryKeyConstraint("user_id", name="pk_erasures"),
    )
    op.create_table(
        "erased",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("object_key", sa.Text()),
        sa.PrimaryKeyConstraint("user_id", "kind", "id", name="pk_erased"),
    )

    op.create_table(
        "provider_files",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("attachment_id", sa.Text(), nullable=False),
        sa.Column("rendition_key", sa.Text(), nullable=False),
        sa.Column("rendition", JSONB(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _timestamp("created_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("purge_after", sa.DateTime(timezone=True)),
        sa.Column("purge_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("user_id", "file_id", name="pk_provider_files"),
    )
    op.create_index(
        "ix_provider_files_in_use",
        "provider_files",
        ["user_id", "attachment_id", "rendition_key"],
        unique=True,
        postgresql_where=sa.text("purge_after IS NULL"),
    )
    op.create_index(
        "ix_provider_files_purge_after",
        "provider_files",
        ["purge_after"],
        postgresql_where=sa.text("purge_after IS NOT NULL"),
    )
    op.create_index("ix_provider_files_expires_at", "provider_files", ["expires_at"])


def downgrade() -> None:
    op.drop_table("provider_files")
    op.drop_table("erased")
    op.drop_table("erasures")
    op.drop_table("audit_log")
    op.execute("DROP FUNCTION audit_log_is_append_only()")
    op.drop_table("feedback")
    op.drop_table("attachments")
    op.drop_table("thread_items")
    op.drop_table("threads")


def _index_words(table: str) -> None:
    op.create_index(
        f"ix_{table}_words",
        table,
        ["words"],
        postgresql_using="gin",
        postgresql_where=sa.text("words IS NOT NULL"),
    )


def _timestamp(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _thread_of_the_user(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", "thread_id"], ["threads.user_id", "threads.id"], name=name, ondelete="CASCADE"
    )
