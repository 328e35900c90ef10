"""Finds missed uploads: pending attachments without bytes, whose upload link has expired.

Nothing can arrive for them any more, so they do not count against their user's quota. PostgreSQL
does not know which uploads arrived, so the bucket is asked, and only if a quota is exceeded.
"""

import asyncio
import logging
from typing import Protocol

from app.bounded_cache import BoundedCache
from app.database.attachment_records import AttachmentRecord
from app.database.expired_links import ExpiredLinks
from app.errors import ObjectMissing
from app.storage.object_keys import upload_key

logger = logging.getLogger(__name__)

_CONCURRENT_HEADS = 8
# One entry each, so a user whose uploads did arrive causes one request to the bucket for each file.
_MAX_KNOWN = 100_000


class Heads(Protocol):
    """The bucket's HEAD request. It raises `ObjectMissing`."""

    async def head(self, key: str) -> object: ...


class MissedUploads:
    """Deletes the missed uploads of one user."""

    def __init__(self, links: ExpiredLinks, bucket: Heads) -> None:
        self._links = links
        self._bucket = bucket
        # An upload that is there when its link has expired stays until its row is used or deleted.
        self._arrived: BoundedCache[str, bool] = BoundedCache(_MAX_KNOWN)

    async def delete(self, user_id: str) -> int:
        """Tombstone the user's missed uploads, and return how many.

        Raises `DatabaseUnavailable` and `BucketUnavailable`.
        """
        slots = asyncio.Semaphore(_CONCURRENT_HEADS)

        async def is_missed(record: AttachmentRecord) -> bool:
            async with slots:
                return not await self._has_arrived(record)

        expired = await self._links.load(user_id)
        unknown = [each for each in expired if each.id not in self._arrived]
        answers = await asyncio.gather(*map(is_missed, unknown))
        missed = [each.id for each, is_one in zip(unknown, answers, strict=True) if is_one]
        if missed:
            logger.info("%d uploads did not arrive before their links expired", len(missed))
            await self._links.tombstone(user_id, missed)
        return len(missed)

    async def _has_arrived(self, record: AttachmentRecord) -> bool:
        assert record.object_key is not None  # noqa: S101 - pending rows have one
        try:
            await self._bucket.head(upload_key(record.object_key))
        except ObjectMissing:
            return False
        self._arrived.put(record.id, True, 1)
        return True
