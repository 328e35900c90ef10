"""Verifies uploads before their use: the bytes are those that were announced, and stay the same.

The upload is copied to a key that no upload link can write (object_keys.py), and only then is its
content checked, so the checked bytes are those that are kept. Every step can be repeated, so after
a crash the next verification finishes the work, or the sweep does. docs/architecture.md gives the
reasons.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from app.attachment_state import AttachmentState
from app.attachments.content import HEAD_BYTES, check_content, corrected_type
from app.attachments.policy import AttachmentPolicy
from app.attachments.scanning import AttachmentScanner
from app.attachments.thumbnails import Thumbnails
from app.database.attachment_records import AttachmentRecord, AttachmentRecords
from app.errors import (
    AttachmentNotUploaded,
    AttachmentRejected,
    BucketUnavailable,
    MalwareFound,
    NotFound,
    ObjectChanged,
    ObjectMissing,
)
from app.faults import fault_point
from app.file_types.file_type import FileType
from app.file_types.table import plain_type, resolve
from app.sizes import LARGE_FILE_BYTES, in_words
from app.storage.bucket import Bucket
from app.storage.object_keys import every_key, linked_keys, upload_key
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# A parallel verification that has made no copy after this time is presumed dead.
_COPY_SECONDS = 2
_SLOW_COPY_BYTES_A_SECOND = 32 * 1024 * 1024


class _Rejected(Exception):
    """Why the upload can't become an attachment, as a clause for the user to read.

    If the reason is malware, `malware` is its name and `kept_until` the end of its quarantine.
    """

    def __init__(
        self, problem: str, *, malware: str | None = None, kept_until: datetime | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.malware = malware
        self.kept_until = kept_until


class Verifier:
    """Turns pending attachments into stored ones, or into rejected ones with a reason."""

    def __init__(
        self,
        records: AttachmentRecords,
        bucket: Bucket,
        thumbnails: Thumbnails,
        policy: AttachmentPolicy,
        scanner: AttachmentScanner | None = None,
    ) -> None:
        """`policy` decides whether a file may have a type other than the declared one.

        Without `scanner`, files are not scanned for malware.
        """
        self._scanner = scanner
        self._policy = policy
        self._records = records
        self._bucket = bucket
        self._thumbnails = thumbnails

    async def verify_all(self, user_id: str, attachment_ids: Sequence[str]) -> None:
        """Verify all the attachments of a message, concurrently.

        A rejected one affects neither the others nor the message; `rejections` says why. Raises
        `NotFound` for ids that are not the user's, `BucketUnavailable`, and `AttachmentNotUploaded`
        for the first one that is still missing.
        """
        records = await self._records.load_many(user_id, attachment_ids)
        unverified = [records[each] for each in dict.fromkeys(attachment_ids)]
        results = await asyncio.gather(
            *(self.verify(record) for record in unverified), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, AttachmentRejected):
                raise result

    async def rejections(self, user_id: str, attachment_ids: Sequence[str]) -> Sequence[str]:
        """Return the reasons why attachments were rejected, as sentences for their user.

        Raises `NotFound` for ids that are not the user's.
        """
        records = await self._records.load_many(user_id, attachment_ids)
        found = [records[each] for each in dict.fromkeys(attachment_ids)]
        return [each.problem or "" for each in found if each.state is AttachmentState.REJECTED]

    async def verify(self, record: AttachmentRecord) -> AttachmentRecord:
        """Return the verified record; the same one if it was verified before.

        Raises `AttachmentNotUploaded`, `AttachmentRejected` with the reason, `MalwareFound`,
        `ScannerUnavailable`, and `BucketUnavailable`.
        """
        if record.state is AttachmentState.REJECTED:
            raise _rejection(record.id, record.problem, record.malware)
        if record.state is not AttachmentState.PENDING or record.object_key is None:
            return record
        try:
            return await self._verify_pending(record, record.object_key)
        except _Rejected as rejected:
            return await self._reject(record, rejected)
        except ObjectChanged:
            # A parallel verification made a second copy, with another ETag.
            return await self._verify_again(record)
        except ObjectMissing:
            if await self._is_pending(record):
                raise
            # A parallel verification has rejected the file and deleted its copy.
            return await self._verify_again(record)

    async def _verify_pending(self, record: AttachmentRecord, object_key: str) -> AttachmentRecord:
        etag = await self._copy_upload(record, object_key)
        if etag is None:
            return await self._verify_again(record)
        head = await self._bucket.read(object_key, etag=etag, start=0, length=HEAD_BYTES)
        declared = resolve(record.name, record.mime_type)
        corrected = self._corrected(record, declared, head)
        await self._scan(record, object_key, etag)
        file_type = corrected or declared
        thumbnail = await self._thumbnails.make(object_key, file_type, size=record.size, etag=etag)
        fault_point("verify.thumbnail")
        stored = await self._records.mark_stored(
            record.user_id, record.id, etag=etag, preview_key=thumbnail, corrected=corrected
        )
        if stored:
            metrics.verifications.labels("stored").inc()
            metrics.verified_bytes.inc(record.size)
        fault_point("verify.stored")
        return stored or await self._verify_again(record)

    async def _scan(self, record: AttachmentRecord, object_key: str, etag: str) -> None:
        """Scan the copy. Raises `_Rejected` for malware, which is in quarantine by then."""
        if self._scanner is None:
            return
        malware = await self._scanner.scan(record, object_key, etag=etag)
        if malware is not None:
            kept_until = await self._scanner.quarantine(record, object_key, etag=etag)
            problem = f"it contains malware ({malware})"
            raise _Rejected(problem, malware=malware, kept_until=kept_until)

    def _corrected(
        self, record: AttachmentRecord, declared: FileType, head: bytes
    ) -> FileType | None:
        """Return the type of the file if it is not the declared one, else None.

        Raises `_Rejected` if the content has neither the declared type nor another allowed one.
        """
        problem = check_content(head, declared)
        corrected = corrected_type(head, declared, record.name)
        if corrected is not None and self._policy.why_not(corrected) is None:
            logger.info("%s is %s, not %s", record.id, corrected.mime_type, declared.mime_type)
            return corrected
        if problem:
            raise _Rejected(problem)
        return None

    async def _copy_upload(self, record: AttachmentRecord, object_key: str) -> str | None:
        """Copy the upload to the key that no link can write, and return the copy's ETag.

        The ETag of the upload is pinned in the row before the copy, and only the pinned upload is
        ever copied, so using the link again never changes the copy. Return None if the row is no
        longer pending.
        """
        if record.upload_etag is not None and (copied := await self._existing_copy(object_key)):
            return copied
        etag = await self._check_upload(record, upload_key(object_key))
        fault_point("verify.checked")
        pin = await self._records.pin_upload(record.user_id, record.id, etag)
        fault_point("verify.pinned")
        if pin is None:
            return None
        if not pin.is_ours and (copied := await self._wait_for_copy(object_key, record.size)):
            return copied
        if record.size > LARGE_FILE_BYTES:
            # Parts beside the upload would be a third object of this size, next to its copy.
            await self._bucket.multipart.abort([upload_key(object_key)])
        try:
            if pin.etag != etag:
                raise ObjectChanged
            copied = await self._bucket.copy(
                upload_key(object_key),
                object_key,
                etag=pin.etag,
                mime_type=record.mime_type,
                size=record.size,
            )
        except (ObjectChanged, ObjectMissing):
            # The link was used again. That is harmless if the pinned upload was copied before.
            copied = await self._existing_copy(object_key)
            if copied is None:
                raise _Rejected("it was replaced while it was being checked") from None
        fault_point("verify.copied")
        return copied

    async def _existing_copy(self, object_key: str) -> str | None:
        """Return the ETag of the copy that an earlier or a parallel verification made."""
        try:
            return (await self._bucket.head(object_key)).etag
        except ObjectMissing:
            return None

    async def _wait_for_copy(self, object_key: str, size: int) -> str | None:
        """Return the ETag of the copy that the pin's owner is making; None if it takes too long.

        In stores that encrypt each object with a key of its own, two copies of the same bytes have
        two ETags, so a second copy must not replace the first.
        """
        seconds = _COPY_SECONDS + size // _SLOW_COPY_BYTES_A_SECOND
        for _ in range(seconds * 20):
            if copied := await self._existing_copy(object_key):
                return copied
            await asyncio.sleep(0.05)
        return None

    async def _check_upload(self, record: AttachmentRecord, key: str) -> str:
        """Compare size and type in the bucket with those announced; return the upload's ETag."""
        try:
            uploaded = await self._bucket.head(key)
        except ObjectMissing:
            metrics.verifications.labels("not_uploaded").inc()
            raise AttachmentNotUploaded(
                f"“{record.name}” has not been uploaded yet. Wait for the upload, then send again.",
                param=f"attachments.{record.id}",
            ) from None
        if uploaded.size != record.size:
            raise _Rejected(
                f"it was announced with {in_words(record.size)}"
                f" and uploaded with {in_words(uploaded.size)}"
            )
        sent_type = plain_type(uploaded.mime_type)
        if sent_type != record.mime_type:
            raise _Rejected(f"it was announced as {record.mime_type} and uploaded as {sent_type}")
        return uploaded.etag

    async def _reject(self, record: AttachmentRecord, why: _Rejected) -> AttachmentRecord:
        """Write the reason into the row, then delete the bytes. Raises `AttachmentRejected`.

        Bytes that are not deleted here, because of a crash or because the link is used again, are
        deleted by the sweep when the link has expired.
        """
        done = "removed" if why.kept_until is None else "quarantined"
        sentence = f"“{record.name}” can't be used: {why.problem}. It was {done}."
        if not await self._records.mark_rejected(
            record.user_id, record.id, sentence, malware=why.malware, kept_until=why.kept_until
        ):
            return await self._verify_again(record)
        fault_point("verify.rejected")
        metrics.verifications.labels("rejected").inc()
        logger.log(
            logging.WARNING if why.malware else logging.INFO,
            "rejected %s: %s",
            record.id,
            why.problem,
        )
        await self._delete_objects(record, linked_keys)
        raise _rejection(record.id, sentence, why.malware)

    async def _is_pending(self, record: AttachmentRecord) -> bool:
        try:
            current = await self._records.load(record.user_id, record.id)
        except NotFound:
            return False
        return current.state is AttachmentState.PENDING

    async def _verify_again(self, record: AttachmentRecord) -> AttachmentRecord:
        """Load and verify a row that changed during its verification."""
        try:
            return await self.verify(await self._records.load(record.user_id, record.id))
        except NotFound:
            # It was deleted, and perhaps purged before the copy was made.
            await self._delete_objects(record, every_key)
            raise

    async def _delete_objects(
        self, record: AttachmentRecord, keys: Callable[[str], Sequence[str]]
    ) -> None:
        assert record.object_key is not None  # noqa: S101 - only such rows are verified
        try:
            failures = await self._bucket.delete(keys(record.object_key))
        except BucketUnavailable as unavailable:
            logger.warning("objects of %s are left to the sweep: %s", record.id, unavailable)
            return
        for failure in failures:
            logger.warning("%s is left to the sweep: %s", failure.key, failure.reason)


def _rejection(attachment_id: str, sentence: str | None, malware: str | None) -> AttachmentRejected:
    kind = AttachmentRejected if malware is None else MalwareFound
    return kind(sentence, param=f"attachments.{attachment_id}")
