"""ChatKit's attachments as its store saves and loads them: the payload of a row."""

from typing import Any

from chatkit.types import Attachment

from app.attachment_state import AttachmentState
from app.database import statements
from app.database.engine import Database
from app.database.missing import no_attachment
from app.database.payloads import Hydrator, as_stored, decode_attachment, encode_attachment, hydrate
from app.database.search_terms import search_terms
from app.storable import storable


class AttachmentPayloads:
    """Saves and loads the attachments of one user. `AttachmentRecords` changes their states."""

    def __init__(self, database: Database, hydrator: Hydrator | None) -> None:
        self._database = database
        self._hydrator = hydrator

    async def save(self, attachment: Attachment, user_id: str) -> None:
        """Insert or update the metadata.

        If the bytes are in the bucket, only the payload changes, without its preview and its upload
        descriptor: thread, state, key and size never come from outside.
        Raises `NotFound` if such an attachment was deleted.
        """
        key = {"owner": user_id, "attachment": storable(attachment.id)}
        async with self._database.begin() as connection:
            row = await connection.execute(statements.LOCK_ATTACHMENT, key)
            known = row.one_or_none()
            reference = None if known is None else known.reference
            is_deleted = known is not None and known.state is AttachmentState.TOMBSTONE
            if reference is not None and is_deleted:
                raise no_attachment(attachment.id)
            given: dict[str, Any] = {
                **key,
                "json": encode_attachment(as_stored(attachment, reference)),
            }
            if reference is not None:
                await connection.execute(statements.UPDATE_ATTACHMENT, given)
                return
            if is_deleted:
                await connection.execute(statements.DELETE_FOREIGN_TOMBSTONE, key)
            thread_id = attachment.thread_id
            given |= {
                "file_name": storable(attachment.name),
                "file_type": storable(attachment.mime_type),
                "terms": search_terms(user_id, attachment.name),
                "thread": None if thread_id is None else storable(thread_id),
            }
            await connection.execute(statements.UPSERT_FOREIGN_ATTACHMENT, given)

    async def load(self, attachment_id: str, user_id: str) -> Attachment:
        """Return the attachment with a preview URL minted now. Raises `NotFound`."""
        async with self._database.connect() as connection:
            found = await connection.execute(
                statements.LOAD_ATTACHMENT,
                {"owner": user_id, "attachment": storable(attachment_id)},
            )
            row = found.one_or_none()
        if row is None:
            raise no_attachment(attachment_id)
        attachment = decode_attachment(row.payload)
        if row.thread_id is not None or row.reference is not None:
            attachment.thread_id = row.thread_id
        if row.reference is not None:
            attachment = as_stored(attachment, row.reference)
            if self._hydrator is not None:
                await hydrate([attachment], self._hydrator)
        return attachment
