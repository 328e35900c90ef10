"""Thumbnails: small WebP previews of images, made once and kept beside the original."""

import logging

from app.attachments.decoding import thumbnail_of
from app.file_types.file_type import FileType
from app.storage.bucket import Bucket
from app.storage.object_keys import preview_key
from app.storage.reader import ObjectReader
from app.workers import Workers, WorkFailed

logger = logging.getLogger(__name__)

THUMBNAIL_TYPE = "image/webp"
# An inline image that is no larger than its thumbnail would be is its own preview.
SMALL_ENOUGH_BYTES = 48 * 1024

# The largest file that a worker decodes. A larger inline image is its own preview.
_MAX_BODY_BYTES = 50 * 1024 * 1024


class Thumbnails:
    """Makes the previews of verified images."""

    def __init__(self, reader: ObjectReader, bucket: Bucket, workers: Workers) -> None:
        self._reader = reader
        self._bucket = bucket
        self._workers = workers

    async def make(
        self, object_key: str, file_type: FileType, *, size: int, etag: str
    ) -> str | None:
        """Write a thumbnail and return its key; None if the image is its own preview or has none.

        An image that can't be decoded is not an error: its owner may send a damaged photo. Raises
        `ObjectMissing`, `ObjectChanged`, `StorageFull` and `BucketUnavailable`.
        """
        if not file_type.has_thumbnail or size > _MAX_BODY_BYTES:
            return None
        if file_type.is_inline and size <= SMALL_ENOUGH_BYTES:
            return None
        try:
            thumbnail = await self._workers.run_on_loaded(
                thumbnail_of, lambda: self._reader.read(object_key, etag=etag)
            )
        except WorkFailed as problem:
            logger.info("no thumbnail of %s: %s", object_key, problem)
            return None
        if thumbnail is None:
            return None
        key = preview_key(object_key)
        await self._bucket.write(key, thumbnail, mime_type=THUMBNAIL_TYPE)
        return key
