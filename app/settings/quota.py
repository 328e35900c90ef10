"""The settings that limit what one user may store."""

from pydantic import Field

from app.settings.group import SettingsGroup


class QuotaSettings(SettingsGroup):
    """Quota of each user."""

    max_bytes: int = Field(1024**3, alias="USER_QUOTA_BYTES", ge=1)
    """Bytes that all files of one user may have together."""

    max_pending: int = Field(50, alias="USER_PENDING_UPLOADS", ge=1)
    """Files that one user may have announced or uploaded without sending them in a message."""
