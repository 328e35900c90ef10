"""Reserves attachments: checks policy and quota, and writes a row before any byte can be uploaded.

Otherwise an interrupted upload could leave an object that no row refers to.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from chatkit.types import Attachment, AttachmentCreateParams, FileAttachment, ImageAttachment
from pydantic import AnyUrl

from app.attachments.missed_uploads import MissedUploads
from app.attachments.policy import AttachmentPolicy, CheckedUpload
from app.context import RequestContext
from app.database.attachment_records import AttachmentRecords
from app.database.identifiers import new_id
from app.database.quota import SLOW_LINE_BYTES_PER_SECOND, NewAttachment
from app.database.references import reference_to
from app.errors import QuotaExceeded
from app.faults import fault_point
from app.settings.quota import QuotaSettings
from app.storage.object_keys import new_object_key
from app.telemetry import logs


@dataclass(frozen=True, slots=True)
class Reservation:
    """A pending attachment. Its upload must begin within `expires_in` seconds."""

    id: str
    object_key: str
    checked: CheckedUpload
    expires_in: int

    def attachment(self, preview_url: str) -> Attachment:
        """Return ChatKit's attachment: an image if a page may show it, else a file."""
        if self.checked.is_image:
            return ImageAttachment(
                id=self.id,
                name=self.checked.name,
                mime_type=self.checked.mime_type,
                preview_url=AnyUrl(preview_url),
            )
        return FileAttachment(id=self.id, name=self.checked.name, mime_type=self.checked.mime_type)


class Reservations:
    """Writes the rows of attachments that are about to be uploaded, and cancels them."""

    def __init__(
        self,
        records: AttachmentRecords,
        policy: AttachmentPolicy,
        quota: QuotaSettings,
        *,
        upload_ttl_seconds: int,
        missed_uploads: MissedUploads,
        on_tombstone: Callable[[], None] = lambda: None,
    ) -> None:
        self._records = records
        self._policy = policy
        self._quota = quota
        self._upload_ttl_seconds = upload_ttl_seconds
        self._missed_uploads = missed_uploads
        self._on_tombstone = on_tombstone

    async def reserve(
        self,
        params: AttachmentCreateParams,
        context: RequestContext,
        attachment_id: str | None = None,
    ) -> Reservation:
        """Write the row of one attachment, whose id must be new if one is given.

        Raises the policy's errors, `QuotaExceeded`, and `BucketUnavailable` if the bucket can't say
        whether that quota is used by uploads which did not arrive.
        """
        checked = self._policy.check(params)
        # A link is valid for its TTL and the time that the file needs on a slow line: uploads wait
        # for each other, so the twelfth photo starts long after its link was made.
        expires_in = self._upload_ttl_seconds + checked.size // SLOW_LINE_BYTES_PER_SECOND
        reservation = Reservation(
            attachment_id or new_id("attachment"), new_object_key(), checked, expires_in
        )
        logs.bind(attachment=reservation.id)
        stored = reservation.attachment(reference_to(reservation.object_key))
        await self._insert(
            NewAttachment(
                user_id=context.user_id,
                id=reservation.id,
                object_key=reservation.object_key,
                name=checked.name,
                mime_type=checked.mime_type,
                size=checked.size,
                payload=stored.model_dump(mode="json"),
                link_expires_at=datetime.fromtimestamp(time.time() + expires_in, UTC),
            )
        )
        fault_point("create.reserved")
        return reservation

    async def _insert(self, new: NewAttachment) -> None:
        """Insert the row. If the quota is exceeded, uploads that did not arrive make room first."""
        try:
            await self._records.reserve(new, self._quota)
        except QuotaExceeded:
            if not await self._missed_uploads.delete(new.user_id):
                raise
            self._on_tombstone()
            await self._records.reserve(new, self._quota)

    async def cancel(self, attachment_id: str, context: RequestContext) -> None:
        """Tombstone an attachment, so that the sweep deletes its bytes. It may be repeated."""
        await self._records.tombstone(context.user_id, attachment_id)
        self._on_tombstone()
