"""Makes tombstones of expired rows, deletes the objects of tombstones, and then their rows.

A worker in every replica and the `sweep` command run the same `Sweeper`. The objects of a row are
deleted before the row, and again when its upload link has expired. No transaction is open during a
call to the bucket. A failed deletion is tried again later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from app.attachment_state import AttachmentState
from app.attachments.erasure import Erasures
from app.attachments.late_uploads import LateUploads
from app.database.attachment_records import AttachmentRecord
from app.database.tombstones import Tombstones
from app.errors import BucketUnavailable, Unavailable
from app.faults import fault_point
from app.settings.retention import RetentionSettings
from app.sizes import LARGE_FILE_BYTES
from app.storage.bucket import Bucket
from app.storage.object_keys import every_key, linked_keys, quarantine_key, upload_key
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# Four keys a row: the maximum of one DeleteObjects request is 1000 keys.
_ROWS_A_BATCH = 250
_HOURLY_SECONDS = 3600


@dataclass(slots=True)
class Swept:
    """What a sweep did. `failed` counts the attachments and files that are tried again later.

    `provider_files` counts the files that were deleted at the model's provider.
    """

    expired: int = 0
    threads: int = 0
    uploads_cleared: int = 0
    quarantines_ended: int = 0
    late_uploads: int = 0
    audit_entries: int = 0
    purged: int = 0
    provider_files: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return (
            f"{self.expired} abandoned attachments expired, {self.threads} old threads deleted,"
            f" {self.uploads_cleared} used uploads cleared, {self.quarantines_ended} quarantines"
            f" ended, {self.late_uploads} late uploads deleted, {self.audit_entries} old audit"
            f" entries deleted, {self.purged} attachments purged, {self.provider_files} files"
            f" deleted at the model's provider, {self.failed} failed"
        )


class ProviderFiles(Protocol):
    """The files of attachments at the model's provider."""

    async def purge(self) -> tuple[int, int]:
        """Delete those of deleted attachments. Return how many were deleted, and how many failed.

        Raises `DatabaseUnavailable`.
        """
        ...


class Purger:
    """Deletes the objects of tombstones that are due, then the tombstones."""

    def __init__(self, tombstones: Tombstones, bucket: Bucket) -> None:
        self._tombstones = tombstones
        self._bucket = bucket

    async def purge(self, swept: Swept) -> None:
        """Purge until no tombstone is due. A missing object counts as deleted.

        If the bucket does not delete an object, its row stays, is logged and counted, and is due
        again after a pause that doubles each time. Raises `DatabaseUnavailable`.
        """
        while claimed := await self._tombstones.claim(_ROWS_A_BATCH):
            fault_point("purge.claimed")
            deleted = await self.delete_objects(
                claimed, [key for row in claimed for key in _keys(row)], swept
            )
            fault_point("purge.objects")
            if not deleted:
                return  # in an outage, claiming more rows would only postpone their next attempt
            removed = await self._tombstones.remove(deleted)
            fault_point("purge.rows")
            swept.purged += removed
            metrics.purged.inc(removed)

    async def delete_objects(
        self, claimed: Sequence[AttachmentRecord], keys: Sequence[str], swept: Swept
    ) -> list[AttachmentRecord]:
        """Delete the objects `keys`, and return the rows whose objects are all deleted.

        Parts of uploads that were never completed are deleted as well.
        """
        large = [
            upload_key(row.object_key)
            for row in claimed
            if row.object_key is not None and row.size > LARGE_FILE_BYTES
        ]
        try:
            await self._bucket.multipart.abort(large)
            failures = await self._bucket.delete(keys)
        except BucketUnavailable as unavailable:
            logger.warning("%d attachments can't be purged now: %s", len(claimed), unavailable)
            swept.failed += len(claimed)
            metrics.purge_failures.inc(len(claimed))
            return []
        reasons = {failure.key: failure.reason for failure in failures}
        deleted = []
        for row in claimed:
            left = [reasons[key] for key in _keys(row) if key in reasons]
            if not left:
                deleted.append(row)
                continue
            swept.failed += 1
            metrics.purge_failures.inc()
            logger.warning(
                "attachment %s can't be purged, attempt %d: %s",
                row.id,
                row.purge_attempts,
                left[0],
            )
        return deleted


class Sweeper:
    """Expires unused attachments and old threads, clears used upload keys, and purges."""

    def __init__(
        self,
        tombstones: Tombstones,
        bucket: Bucket,
        retention: RetentionSettings,
        provider_files: ProviderFiles | None = None,
        erasures: Erasures | None = None,
    ) -> None:
        """With `erasures`, a sweep also continues those that are under way."""
        self._tombstones = tombstones
        self._purger = Purger(tombstones, bucket)
        self._late_uploads = LateUploads(tombstones, bucket)
        self._retention = retention
        self._erasures = erasures
        self._provider_files = provider_files
        self._retention_due_at = 0.0
        self._late_uploads_due_at = 0.0
        self._audit_due_at = 0.0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Sweep soon, because something was deleted."""
        self._woken.set()

    async def sweep_once(self) -> Swept:
        """Do all that is due now. Raises `DatabaseUnavailable`."""
        swept = Swept()
        if self._erasures is not None:
            await self._erasures.delete_all_rows()
        await self._expire_unused(swept)
        await self._expire_threads(swept)
        await self._expire_audit_entries(swept)
        fault_point("sweep.expired")
        await self._clear_dead_uploads(swept)
        await self._end_quarantines(swept)
        await self._purger.purge(swept)
        await self._purge_provider_files(swept)
        if self._erasures is not None:
            await self._erasures.finish_all()
        await self._delete_late_uploads(swept)
        return swept

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep in the background while the context is open; at its end, cancel the sweep."""
        task = asyncio.create_task(self.run_forever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def run_forever(self) -> None:
        """Sweep at every interval and after `wake`, until cancelled. Outages delay it."""
        while True:
            self._woken.clear()
            try:
                swept = await self.sweep_once()
            except Unavailable as unavailable:
                logger.warning("the sweep will try again: %s", unavailable)
            except Exception:  # a failed sweep must not end this task
                logger.exception("the sweep failed and will try again")
            else:
                if swept != Swept():
                    logger.info("swept: %s", swept)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # The database's driver may have replaced the cancellation by another error.
                raise asyncio.CancelledError
            try:
                await asyncio.wait_for(self._woken.wait(), self._retention.sweep_interval_seconds)
            except TimeoutError:
                continue

    async def _expire_unused(self, swept: Swept) -> None:
        while expired := await self._tombstones.expire_unused(
            self._retention.pending_ttl_seconds, _ROWS_A_BATCH
        ):
            swept.expired += expired
            metrics.expired.inc(expired)

    async def _expire_threads(self, swept: Swept) -> None:
        """Delete old threads, once an hour: an index for that would slow down every message."""
        now = asyncio.get_running_loop().time()
        days = self._retention.thread_retention_days
        if days is None or now < self._retention_due_at:
            return
        while expired := await self._tombstones.expire_threads(days, 100):
            for user_id, thread_id, count in expired:
                logger.info(
                    "thread %s of %s expired, %d attachments to purge", thread_id, user_id, count
                )
            swept.threads += len(expired)
            metrics.threads_expired.inc(len(expired))
        self._retention_due_at = now + _HOURLY_SECONDS

    async def _purge_provider_files(self, swept: Swept) -> None:
        if self._provider_files is None:
            return
        deleted, failed = await self._provider_files.purge()
        swept.provider_files += deleted
        swept.failed += failed

    async def _expire_audit_entries(self, swept: Swept) -> None:
        """Delete old entries of the audit log, once an hour."""
        now = asyncio.get_running_loop().time()
        if now < self._audit_due_at:
            return
        days = self._retention.audit_retention_days
        while expired := await self._tombstones.expire_audit_entries(days, 1000):
            swept.audit_entries += expired
        self._audit_due_at = now + _HOURLY_SECONDS

    async def _delete_late_uploads(self, swept: Swept) -> None:
        """Delete late uploads, only once an hour, because this lists all uploads."""
        now = asyncio.get_running_loop().time()
        if now < self._late_uploads_due_at:
            return
        try:
            swept.late_uploads += await self._late_uploads.delete()
        except BucketUnavailable as unavailable:
            logger.warning("late uploads can't be deleted now: %s", unavailable)
            return
        self._late_uploads_due_at = now + _HOURLY_SECONDS

    async def _clear_dead_uploads(self, swept: Swept) -> None:
        """Delete what upload links have written, once they have expired.

        Until then the upload of a verified attachment stays, because it makes a PUT link write only
        once. All objects of a rejected attachment are deleted, except the one in quarantine.
        """
        while claimed := await self._tombstones.claim_dead_uploads(_ROWS_A_BATCH):
            keys = [
                key
                for row in claimed
                if row.object_key is not None
                for key in (
                    linked_keys(row.object_key)
                    if row.state is AttachmentState.REJECTED
                    else [upload_key(row.object_key)]
                )
            ]
            deleted = await self._purger.delete_objects(claimed, keys, swept)
            fault_point("sweep.uploads")
            if not deleted:
                return
            await self._tombstones.clear_uploads(deleted)
            swept.uploads_cleared += len(deleted)

    async def _end_quarantines(self, swept: Swept) -> None:
        """Delete the bytes of files with malware at the end of their retention."""
        while claimed := await self._tombstones.claim_ended_quarantines(_ROWS_A_BATCH):
            keys = [quarantine_key(row.object_key) for row in claimed if row.object_key is not None]
            deleted = await self._purger.delete_objects(claimed, keys, swept)
            if not deleted:
                return
            await self._tombstones.clear_quarantines(deleted)
            swept.quarantines_ended += len(deleted)


def _keys(row: AttachmentRecord) -> tuple[str, ...]:
    return () if row.object_key is None else every_key(row.object_key)
