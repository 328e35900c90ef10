"""Deletes late uploads: those that arrive when no row waits for them any more.

A store checks an upload link's expiry when the upload begins, and then accepts any transfer rate.
So an upload can end hours after its row was deleted, or after its key was cleared. Uploads have a
prefix of their own, with so few objects that it can be listed often.
"""

import logging
from datetime import UTC, datetime, timedelta

from app.database.tombstones import Tombstones
from app.storage.bucket import Bucket
from app.storage.object_keys import UPLOAD_PREFIX, owner_of

logger = logging.getLogger(__name__)

# If a second service uses the same bucket by mistake, it must not delete uploads in use.
MIN_AGE_SECONDS = 3600
_BATCH = 500


class LateUploads:
    """Finds uploads in the bucket that no row waits for, and deletes them."""

    def __init__(self, tombstones: Tombstones, bucket: Bucket) -> None:
        self._tombstones = tombstones
        self._bucket = bucket

    async def delete(self) -> int:
        """Delete them, and return how many.

        Raises `DatabaseUnavailable` and `BucketUnavailable`.
        """
        newest = datetime.now(UTC) - timedelta(seconds=MIN_AGE_SECONDS)
        deleted = 0
        batch: list[str] = []
        async for found in self._bucket.list(UPLOAD_PREFIX):
            if found.last_modified <= newest:
                batch.append(found.key)
            if len(batch) == _BATCH:
                deleted += await self._delete_unawaited(batch)
                batch = []
        return deleted + await self._delete_unawaited(batch)

    async def _delete_unawaited(self, keys: list[str]) -> int:
        awaited = await self._tombstones.awaited_uploads([owner_of(key) for key in keys])
        late = [key for key in keys if owner_of(key) not in awaited]
        if not late:
            return 0
        failures = await self._bucket.delete(late)
        for failure in failures:
            logger.warning("the late upload %s can't be deleted: %s", failure.key, failure.reason)
        return len(late) - len(failures)
