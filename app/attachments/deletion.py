"""Deletion: tombstones become deleted objects, then deleted rows; what is stale gets a tombstone.

A worker in every replica and the `sweep` command run the same `Sweeper`. Objects go before their
row, no transaction is open while the bucket is asked, and whatever fails is tried again later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.attachment_state import AttachmentState
from app.attachments.keys import every_key, upload_key
from app.database.attachment_records import AttachmentRecord
from app.database.tombstones import Tombstones
from app.errors import BucketUnavailable, Unavailable
from app.faults import fault_point
from app.storage.bucket import Bucket
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# Three keys a row: below the 1000 keys that one DeleteObjects request takes.
_ROWS_A_BATCH = 333
_RETENTION_INTERVAL_SECONDS = 3600


@dataclass(slots=True)
class Swept:
    """What a sweep did. `failed` counts attachments that are tried again later."""

    expired: int = 0
    threads: int = 0
    uploads_cleared: int = 0
    purged: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return (
            f"{self.expired} abandoned attachments expired, {self.threads} old threads deleted,"
            f" {self.uploads_cleared} used uploads cleared, {self.purged} attachments purged,"
            f" {self.failed} failed"
        )


class Purger:
    """Deletes the objects of tombstones that are due, then their rows."""

    def __init__(self, tombstones: Tombstones, bucket: Bucket) -> None:
        self._tombstones = tombstones
        self._bucket = bucket

    async def purge(self, swept: Swept) -> None:
        """Until none is due. An object that is missing counts as deleted.

        What the bucket refuses to delete keeps its row, is logged and counted, and is due again
        after a pause that doubles each time. Raises `DatabaseUnavailable`.
        """
        while claimed := await self._tombstones.claim(_ROWS_A_BATCH):
            fault_point("purge.claimed")
            deleted = await self.delete_objects(
                claimed, [key for row in claimed for key in _keys(row)], swept
            )
            fault_point("purge.objects")
            if not deleted:
                return  # an outage: the rest would only wait longer for its next attempt
            removed = await self._tombstones.remove(deleted)
            fault_point("purge.rows")
            swept.purged += removed
            metrics.purged.inc(removed)

    async def delete_objects(
        self, claimed: Sequence[AttachmentRecord], keys: Sequence[str], swept: Swept
    ) -> list[AttachmentRecord]:
        """Those of the rows whose objects among `keys` are gone now."""
        try:
            failures = await self._bucket.delete(keys)
        except BucketUnavailable as unavailable:
            logger.warning("%d attachments can't be purged now: %s", len(claimed), unavailable)
            swept.failed += len(claimed)
            metrics.purge_failures.inc(len(claimed))
            return []
        reasons = {failure.key: failure.reason for failure in failures}
        deleted = []
        for row in claimed:
            refused = [reasons[key] for key in _keys(row) if key in reasons]
            if not refused:
                deleted.append(row)
                continue
            swept.failed += 1
            metrics.purge_failures.inc()
            logger.warning(
                "attachment %s can't be purged, attempt %d: %s",
                row.id,
                row.purge_attempts,
                refused[0],
            )
        return deleted


class Sweeper:
    """Expires what nobody uses, clears what upload links left behind, and purges.

    `pending_ttl_seconds` is how long an upload may wait for its message, `thread_retention_days`
    how long a thread is kept after something was last saved in it; None keeps it for ever.
    """

    def __init__(
        self,
        tombstones: Tombstones,
        bucket: Bucket,
        *,
        pending_ttl_seconds: float,
        thread_retention_days: int | None = None,
    ) -> None:
        self._tombstones = tombstones
        self._purger = Purger(tombstones, bucket)
        self._pending_ttl_seconds = pending_ttl_seconds
        self._thread_retention_days = thread_retention_days
        self._retention_due_at = 0.0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Sweep soon: something was deleted."""
        self._woken.set()

    async def sweep_once(self) -> Swept:
        """Everything that is due now. Raises `DatabaseUnavailable`."""
        swept = Swept()
        await self._expire_unused(swept)
        await self._expire_threads(swept)
        fault_point("sweep.expired")
        await self._clear_dead_uploads(swept)
        await self._purger.purge(swept)
        return swept

    @asynccontextmanager
    async def running(self, interval_seconds: float) -> AsyncIterator[None]:
        """Run beside whatever is inside the context; ended, and waited for, when that ends."""
        task = asyncio.create_task(self.run_forever(interval_seconds))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def run_forever(self, interval_seconds: float) -> None:
        """Sweep at every interval and when woken, until cancelled. Outages are waited out."""
        while True:
            self._woken.clear()
            try:
                swept = await self.sweep_once()
            except Unavailable as unavailable:
                logger.warning("the sweep will try again: %s", unavailable)
            except Exception:  # this task's outer edge: it must outlive a bad sweep
                logger.exception("the sweep broke and will try again")
            else:
                if swept != Swept():
                    logger.info("swept: %s", swept)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # The database's driver may make another error of it.
                raise asyncio.CancelledError
            try:
                await asyncio.wait_for(self._woken.wait(), interval_seconds)
            except TimeoutError:
                continue

    async def _expire_unused(self, swept: Swept) -> None:
        while expired := await self._tombstones.expire_unused(
            self._pending_ttl_seconds, _ROWS_A_BATCH
        ):
            swept.expired += expired
            metrics.expired.inc(expired)

    async def _expire_threads(self, swept: Swept) -> None:
        """Once an hour: no index is kept for it, because every message would have to pay for it."""
        now = asyncio.get_running_loop().time()
        if self._thread_retention_days is None or now < self._retention_due_at:
            return
        while expired := await self._tombstones.expire_threads(self._thread_retention_days, 100):
            for user_id, thread_id, count in expired:
                logger.info(
                    "thread %s of %s expired, %d attachments to purge", thread_id, user_id, count
                )
            swept.threads += len(expired)
            metrics.threads_expired.inc(len(expired))
        self._retention_due_at = now + _RETENTION_INTERVAL_SECONDS

    async def _clear_dead_uploads(self, swept: Swept) -> None:
        """Delete what a verified attachment's upload link has written, once the link is dead.

        Until then the upload stays: it is what makes a PUT link write only once. Of rejected
        attachments, nothing stays.
        """
        while claimed := await self._tombstones.claim_dead_uploads(_ROWS_A_BATCH):
            keys = [
                key
                for row in claimed
                if row.object_key is not None
                for key in (
                    every_key(row.object_key)
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


def _keys(row: AttachmentRecord) -> tuple[str, ...]:
    return () if row.object_key is None else every_key(row.object_key)
