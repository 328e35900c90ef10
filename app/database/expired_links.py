"""The pending attachments of a user whose upload link has expired."""

from collections.abc import Sequence

from sqlalchemy import and_, func, select

from app.attachment_state import AttachmentState
from app.database.attachment_records import (
    ATTACHMENT_EXPIRED,
    RECORD_COLUMNS,
    AttachmentRecord,
    to_record,
    tombstone_where,
)
from app.database.audit import announce
from app.database.engine import Database
from app.database.tables import attachments
from app.database.transitions import in_state

_has_expired = and_(in_state(AttachmentState.PENDING), attachments.c.upload_ends_at < func.now())


class ExpiredLinks:
    """Reads and deletes rows for which nothing can arrive any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, user_id: str) -> list[AttachmentRecord]:
        """Return these rows of the user."""
        async with self._database.connect() as connection:
            rows = await connection.execute(
                select(*RECORD_COLUMNS).where(attachments.c.user_id == user_id, _has_expired)
            )
            return [to_record(row) for row in rows]

    async def tombstone(self, user_id: str, attachment_ids: Sequence[str]) -> None:
        """Tombstone those of the user's rows that are still pending with an expired link."""
        these = and_(
            attachments.c.user_id == user_id,
            attachments.c.id.in_(list(attachment_ids)),
            _has_expired,
        )
        async with self._database.connect() as connection:
            deleted = await tombstone_where(connection, ATTACHMENT_EXPIRED, these)
        announce(ATTACHMENT_EXPIRED, user_id, deleted)
