"""The settings of expiry and deletion."""

from pydantic import Field

from app.settings.group import SettingsGroup

# PostgreSQL rejects the deletion of younger entries (migrations).
MIN_AUDIT_RETENTION_DAYS = 30


class RetentionSettings(SettingsGroup):
    """Expiry and deletion."""

    pending_ttl_seconds: int = Field(24 * 3600, alias="PENDING_TTL_SECONDS", ge=60)
    """A file that no message has used for this long is deleted."""

    thread_retention_days: int | None = Field(None, alias="THREAD_RETENTION_DAYS", ge=1)
    """A thread in which nothing was saved for this many days is deleted with its files. Empty:
    threads are kept for ever."""

    audit_retention_days: int = Field(
        365, alias="AUDIT_RETENTION_DAYS", ge=MIN_AUDIT_RETENTION_DAYS
    )
    """Entries of the audit log are deleted after this many days: see docs/operations.md."""

    sweep_interval_seconds: int = Field(60, alias="SWEEP_INTERVAL_SECONDS", ge=1)
    """How often each replica looks for files and threads to expire or delete."""
