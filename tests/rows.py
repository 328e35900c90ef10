"""Attachment rows in any state, without the steps that lead to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.attachment_state import AttachmentState
from app.database.attachment_records import AttachmentRecords
from app.database.engine import Database
from app.database.quota import NewAttachment
from app.settings.quota import QuotaSettings

UNLIMITED = QuotaSettings(max_bytes=1 << 40, max_pending=1_000_000)

# What app/database/tables.py demands in each state, beyond the columns that `reserve` fills.
_DEMANDED = {
    AttachmentState.PENDING: "",
    AttachmentState.STORED: ", etag = 'e'",
    AttachmentState.ATTACHED: ", etag = 'e', thread_id = 'thr_1'",
    AttachmentState.REJECTED: ", problem = 'broken'",
    AttachmentState.TOMBSTONE: ", purge_after = now()",
}


def new_attachment(
    attachment_id: str,
    *,
    user_id: str = "alice",
    object_key: str | None = None,
    name: str = "a",
    mime_type: str = "text/plain",
    size: int = 5,
    link_seconds: float = 600,
) -> NewAttachment:
    """Return a file, or an image whose preview is the object itself, as it is reserved."""
    object_key = object_key or f"attachments/{attachment_id}-of-{user_id}"
    payload: dict[str, Any] = {
        "type": "file",
        "id": attachment_id,
        "name": name,
        "mime_type": mime_type,
    }
    if mime_type.startswith("image/"):
        payload |= {"type": "image", "preview_url": f"bucket:{object_key}"}
    return NewAttachment(
        user_id=user_id,
        id=attachment_id,
        object_key=object_key,
        name=name,
        mime_type=mime_type,
        size=size,
        payload=payload,
        link_expires_at=datetime.now(UTC) + timedelta(seconds=link_seconds),
    )


async def insert_in_state(database: Database, state: AttachmentState, new: NewAttachment) -> None:
    """Reserve `new`, then put its row into `state`."""
    await AttachmentRecords(database).reserve(new, UNLIMITED)
    async with database.begin() as connection:
        await connection.execute(
            text(
                f"UPDATE attachments SET state = :state{_DEMANDED[state]}"  # noqa: S608
                " WHERE user_id = :owner AND id = :id"
            ),
            {"state": state, "owner": new.user_id, "id": new.id},
        )
