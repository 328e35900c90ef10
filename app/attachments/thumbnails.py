"""Thumbnails: small WebP previews of large images, made once and kept beside the original."""

import asyncio
import logging

from app.attachments.decoding import thumbnail_of
from app.file_types.file_type import FileType
from app.storage.bucket import Bucket
from app.storage.object_keys import preview_key
from app.storage.reader import ObjectReader
from app.workers import Workers, WorkFailed

logger = logging.getLogger(__name__)

THUMBNAIL_TYPE = "image/webp"
# An image that a browser shows and that is no larger than a thumbnail would be is its own preview.
SMALL_ENOUGH_BYTES = 48 * 1024

# What a worker may hold of one image, encoded; larger ones are previewed as they are.
_MAX_BODY_BYTES = 50 * 1024 * 1024
# Whatever number of messages bring whatever number of photos, no more of them are in memory.
_IMAGES_AT_ONCE = 4


class Thumbnails:
    """Makes the preview of an image whose bytes were verified."""

    def __init__(self, reader: ObjectReader, bucket: Bucket, workers: Workers) -> None:
        self._reader = reader
        self._bucket = bucket
        self._workers = workers
        self._places = asyncio.Semaphore(_IMAGES_AT_ONCE)

    async def make(
        self, object_key: str, file_type: FileType, *, size: int, etag: str
    ) -> str | None:
        """The key of a new thumbnail; None where the image itself is the preview, or there is none.

        An image that can't be decoded is no error here: a damaged photo is still a file that its
        owner may send. Raises `ObjectMissing`, `ObjectChanged` and `BucketUnavailable`.
        """
        if not file_type.has_thumbnail or size > _MAX_BODY_BYTES:
            return None
        if file_type.is_inline and size <= SMALL_ENOUGH_BYTES:
            return None
        try:
            async with self._places:
                body = await self._reader.read(object_key, etag=etag)
                thumbnail = await self._workers.run(thumbnail_of, body)
        except WorkFailed as problem:
            logger.info("no thumbnail of %s: %s", object_key, problem)
            return None
        if thumbnail is None:
            return None
        key = preview_key(object_key)
        await self._bucket.write(key, thumbnail, mime_type=THUMBNAIL_TYPE)
        return key
