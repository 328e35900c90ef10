"""`PREVIEW_MODE=data`: thumbnails as data URLs, for pages that can't reach the bucket."""

import asyncio
import base64
import logging
from collections import OrderedDict
from collections.abc import Collection

from app.attachments.content import check_content
from app.database.references import object_key_of
from app.errors import BucketUnavailable, ObjectMissing
from app.file_types.table import FILE_TYPES
from app.storage.bucket import Bucket

logger = logging.getLogger(__name__)

# Larger than any thumbnail (512 pixels a side): an image that has none and is larger is not shown.
MAX_PREVIEW_BYTES = 256 * 1024
_MAX_CACHE_CHARS = 32 * 1024 * 1024
_READS_AT_ONCE = 8

# A transparent pixel. ChatKit wants a URL with every image, even before there are bytes.
PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


class DataPreviews:
    """Reads thumbnails before they are asked for, and keeps the newest in memory.

    What lies at a verified key never changes, so nothing that is kept goes stale.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._urls: OrderedDict[str, str] = OrderedDict()
        self._chars = 0

    def preview_url(self, attachment_id: str, reference: str) -> str:
        """The image, if it was prepared and is small; else a placeholder."""
        url = self._urls.get(reference)
        if url is None:
            return PLACEHOLDER
        self._urls.move_to_end(reference)
        return url

    async def prepare(self, references: Collection[str]) -> None:
        """Read those that are not kept yet, a few at a time. An outage shows placeholders."""
        wanted = [each for each in references if each not in self._urls]
        slots = asyncio.Semaphore(_READS_AT_ONCE)
        await asyncio.gather(*(self._read(reference, slots) for reference in wanted))

    async def _read(self, reference: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                body = await self._bucket.read(
                    object_key_of(reference), start=0, length=MAX_PREVIEW_BYTES + 1
                )
            except ObjectMissing:
                return
            except BucketUnavailable as unavailable:
                logger.warning("a preview is not shown: %s", unavailable)
                return
        # A preview that is only a part of its image would look broken; none looks like none.
        self._keep(reference, PLACEHOLDER if len(body) > MAX_PREVIEW_BYTES else data_url(body))

    def _keep(self, reference: str, url: str) -> None:
        self._chars += len(url) - len(self._urls.pop(reference, ""))
        self._urls[reference] = url
        while self._chars > _MAX_CACHE_CHARS:
            _, dropped = self._urls.popitem(last=False)
            self._chars -= len(dropped)


def data_url(body: bytes) -> str:
    """An image of a type that browsers show safely; a placeholder for anything else."""
    for file_type in FILE_TYPES:
        if file_type.is_inline and check_content(body, file_type) is None:
            encoded = base64.b64encode(body).decode("ascii")
            return f"data:{file_type.mime_type};base64,{encoded}"
    return PLACEHOLDER
