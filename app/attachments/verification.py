"""Verification at first use: the bytes are what was announced, and stay what they were.

The upload is copied to a key that no upload link can write (keys.py) before its content is looked
at: what is checked is what is kept. Every step can be repeated, so a crash at any point is mended
by the next verification, or by the sweep. docs/architecture.md says why.
"""

import asyncio
import logging
from collections.abc import Sequence

from app.attachments.content import HEAD_BYTES, check_content
from app.attachments.keys import every_key, upload_key
from app.attachments.thumbnails import Thumbnails
from app.database.attachment_records import AttachmentRecord, AttachmentRecords
from app.errors import (
    AttachmentNotUploaded,
    AttachmentRejected,
    BucketUnavailable,
    NotFound,
    ObjectChanged,
    ObjectMissing,
)
from app.faults import fault_point
from app.sizes import in_words
from app.storage.bucket import Bucket
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# A copy that was not made by then is made by nobody: its process has died.
_COPY_SECONDS = 2


class _Refused(Exception):
    """Why the upload can't become an attachment, in words."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Verifier:
    """Turns pending attachments into stored ones, or into rejected ones that say why."""

    def __init__(self, records: AttachmentRecords, bucket: Bucket, thumbnails: Thumbnails) -> None:
        self._records = records
        self._bucket = bucket
        self._thumbnails = thumbnails

    async def verify_all(self, user_id: str, attachment_ids: Sequence[str]) -> None:
        """Verify all the attachments of a message, at the same time.

        Raises `NotFound` for ids that are not the user's, `AttachmentNotUploaded` and
        `AttachmentRejected` for the first in order that can't be used, `BucketUnavailable`.
        """
        records = await self._records.load_many(user_id, attachment_ids)
        unverified = [records[each] for each in dict.fromkeys(attachment_ids)]
        results = await asyncio.gather(
            *(self.verify(record) for record in unverified), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def verify(self, record: AttachmentRecord) -> AttachmentRecord:
        """The record as it is once it is verified; at once, if it has been before.

        Raises `AttachmentNotUploaded`, `AttachmentRejected` with the reason, `BucketUnavailable`.
        """
        if record.state == "rejected":
            raise AttachmentRejected(record.problem, param=f"attachments.{record.id}")
        if record.state != "pending" or record.object_key is None:
            return record
        try:
            return await self._verify_pending(record, record.object_key)
        except _Refused as refused:
            return await self._reject(record, refused.problem)
        except ObjectChanged:
            # A parallel verification has, after all, made the same copy again.
            return await self._verified_meanwhile(record)

    async def _verify_pending(self, record: AttachmentRecord, object_key: str) -> AttachmentRecord:
        etag = await self._take_over(record, object_key)
        if etag is None:
            return await self._verified_meanwhile(record)
        head = await self._bucket.read(object_key, etag=etag, start=0, length=HEAD_BYTES)
        if problem := check_content(head, record.mime_type):
            raise _Refused(problem)
        thumbnail = await self._thumbnails.make(
            object_key, mime_type=record.mime_type, size=record.size, etag=etag
        )
        fault_point("verify.thumbnail")
        stored = await self._records.mark_stored(
            record.user_id, record.id, etag=etag, preview_key=thumbnail
        )
        if stored:
            metrics.verifications.labels("stored").inc()
            metrics.verified_bytes.inc(record.size)
        fault_point("verify.stored")
        return stored or await self._verified_meanwhile(record)

    async def _take_over(self, record: AttachmentRecord, object_key: str) -> str | None:
        """Copy the upload to where no link can write; the copy's ETag, None if no longer pending.

        The first upload to be looked at is pinned in the row before it is copied, and only that
        one is ever copied: a link that is used again changes nothing, not even in between.
        """
        if record.upload_etag is not None and (copied := await self._copied(object_key)):
            return copied
        etag = await self._check_upload(record, upload_key(object_key))
        fault_point("verify.checked")
        pin = await self._records.pin_upload(record.user_id, record.id, etag)
        fault_point("verify.pinned")
        if pin is None:
            return None
        if not pin.is_ours and (copied := await self._copied_soon(object_key)):
            return copied
        try:
            if pin.etag != etag:
                raise ObjectChanged
            copied = await self._bucket.copy(
                upload_key(object_key), object_key, etag=pin.etag, mime_type=record.mime_type
            )
        except (ObjectChanged, ObjectMissing):
            # The link was used again. Fine if the first upload was taken over before that.
            copied = await self._copied(object_key)
            if copied is None:
                raise _Refused("it was replaced while it was being checked") from None
        fault_point("verify.copied")
        return copied

    async def _copied(self, object_key: str) -> str | None:
        """The ETag of the copy that an earlier or a parallel verification has made."""
        try:
            return (await self._bucket.head(object_key)).etag
        except ObjectMissing:
            return None

    async def _copied_soon(self, object_key: str) -> str | None:
        """The ETag of the copy that whoever pinned the upload is making; None if nobody does.

        Two copies of the same bytes may have two ETags, in stores that encrypt each object with a
        key of its own, so the second must not replace the first.
        """
        for _ in range(_COPY_SECONDS * 20):
            if copied := await self._copied(object_key):
                return copied
            await asyncio.sleep(0.05)
        return None

    async def _check_upload(self, record: AttachmentRecord, key: str) -> str:
        """Size and type as the bucket has them, against what was announced; the upload's ETag."""
        try:
            uploaded = await self._bucket.head(key)
        except ObjectMissing:
            metrics.verifications.labels("not_uploaded").inc()
            raise AttachmentNotUploaded(
                f"“{record.name}” has not been uploaded yet. Wait for the upload, then send again.",
                param=f"attachments.{record.id}",
            ) from None
        if uploaded.size != record.size:
            raise _Refused(
                f"it was announced with {in_words(record.size)}"
                f" and uploaded with {in_words(uploaded.size)}"
            )
        kept_as = uploaded.mime_type.partition(";")[0].strip().lower()
        if kept_as != record.mime_type:
            raise _Refused(f"it was announced as {record.mime_type} and uploaded as {kept_as}")
        return uploaded.etag

    async def _reject(self, record: AttachmentRecord, problem: str) -> AttachmentRecord:
        """Say why in the row, then delete the bytes. Raises `AttachmentRejected`.

        What is not deleted here, because of a crash or because someone uploads again, the sweep
        deletes when the upload link is dead.
        """
        sentence = f"“{record.name}” can't be used: {problem}. It was removed."
        if not await self._records.mark_rejected(record.user_id, record.id, sentence):
            return await self._verified_meanwhile(record)
        fault_point("verify.rejected")
        metrics.verifications.labels("rejected").inc()
        logger.info("rejected %s: %s", record.id, problem)
        await self._delete_objects(record)
        raise AttachmentRejected(sentence, param=f"attachments.{record.id}")

    async def _verified_meanwhile(self, record: AttachmentRecord) -> AttachmentRecord:
        """What became of a row that someone else changed while it was being verified here."""
        try:
            return await self.verify(await self._records.load(record.user_id, record.id))
        except NotFound:
            # Deleted, and perhaps purged before the copy was made.
            await self._delete_objects(record)
            raise

    async def _delete_objects(self, record: AttachmentRecord) -> None:
        assert record.object_key is not None  # noqa: S101 - only such rows are verified
        try:
            failures = await self._bucket.delete(every_key(record.object_key))
        except BucketUnavailable as unavailable:
            logger.warning("objects of %s are left to the sweep: %s", record.id, unavailable)
            return
        for failure in failures:
            logger.warning("%s is left to the sweep: %s", failure.key, failure.reason)
