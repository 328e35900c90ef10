"""`PREVIEW_MODE=data`: thumbnails as data URLs, for pages that can't reach the bucket."""

import asyncio
import base64
import logging
from collections.abc import Collection

from app.attachments.content import check_content
from app.attachments.previews import PLACEHOLDER
from app.bounded_cache import BoundedCache
from app.database.references import object_key_of
from app.errors import BucketUnavailable, ObjectMissing
from app.file_types.table import FILE_TYPES
from app.storage.bucket import Bucket
from app.storage.object_keys import preview_key

logger = logging.getLogger(__name__)

# Larger than any thumbnail (512 pixels a side). An image without a thumbnail is shown if its file
# is not larger than this.
MAX_PREVIEW_BYTES = 256 * 1024
_MAX_CACHE_BYTES = 32 * 1024 * 1024
_CONCURRENT_READS = 8


class DataPreviews:
    """Reads thumbnails before they are shown, and caches their data URLs.

    The bytes at a verified key never change, so a cached URL stays correct.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._urls: BoundedCache[str, str] = BoundedCache(_MAX_CACHE_BYTES)

    def preview_url(self, attachment_id: str, reference: str) -> str:
        """Return the image as a data URL if it was prepared and is small, else a placeholder."""
        return self._urls.get(reference) or PLACEHOLDER

    async def prepare(self, references: Collection[str]) -> None:
        """Read the previews that are not cached, a few at a time. An outage leaves placeholders."""
        wanted = [each for each in references if each not in self._urls]
        slots = asyncio.Semaphore(_CONCURRENT_READS)
        await asyncio.gather(*(self._read(reference, slots) for reference in wanted))

    async def _read(self, reference: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                body = await self._beginning(object_key_of(reference))
                if len(body) > MAX_PREVIEW_BYTES:
                    # The reference of a generated image is not its thumbnail, but the image itself.
                    body = await self._beginning(preview_key(object_key_of(reference)))
            except ObjectMissing:
                return
            except BucketUnavailable as unavailable:
                logger.warning("a preview is not shown: %s", unavailable)
                return
        # The first bytes of a larger image would be shown as a broken one.
        url = PLACEHOLDER if len(body) > MAX_PREVIEW_BYTES else data_url(body)
        self._urls.put(reference, url, len(url))

    async def _beginning(self, key: str) -> bytes:
        return await self._bucket.read(key, start=0, length=MAX_PREVIEW_BYTES + 1)


def data_url(body: bytes) -> str:
    """Return an image that browsers show safely as a data URL; a placeholder for anything else."""
    for file_type in FILE_TYPES:
        if file_type.is_inline and check_content(body, file_type) is None:
            encoded = base64.b64encode(body).decode("ascii")
            return f"data:{file_type.mime_type};base64,{encoded}"
    return PLACEHOLDER
