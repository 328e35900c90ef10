"""Reads an attachment from the bucket and renders it: what the model gets of its bytes."""

import asyncio
from typing import Protocol

from app.attachment_state import USABLE, AttachmentState
from app.errors import ObjectChanged, ObjectMissing, Unavailable
from app.model_input.cache import RenditionCache
from app.model_input.conversions import Conversions, Extractor
from app.model_input.kinds import Kind, kind_of
from app.model_input.rendition import Rendition, note
from app.settings.model import ChatModelSettings
from app.workers import Workers


class StoredAttachment(Protocol):
    """An attachment's row, as far as the model is concerned. `problem` says why it is unusable."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def object_key(self) -> str | None: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def state(self) -> AttachmentState: ...
    @property
    def problem(self) -> str | None: ...


class ByteSource(Protocol):
    """The bucket. Raises `ObjectMissing`, `ObjectChanged`, `BucketUnavailable`."""

    async def read(self, key: str, *, etag: str | None = None) -> bytes: ...


class Renderer:
    """Renders attachments, each once while it is cached, and outside of the event loop."""

    def __init__(
        self,
        *,
        bucket: ByteSource,
        cache: RenditionCache,
        workers: Workers,
        settings: ChatModelSettings,
        extractor: Extractor | None = None,
        concurrent_fetches: int = 8,
    ) -> None:
        """`extractor` is used for documents that the model API does not take as files."""
        self._bucket = bucket
        self._cache = cache
        self._workers = workers
        self._settings = settings
        self._extractor = extractor
        # By the longer side of images.
        self._conversions: dict[int, Conversions] = {}
        self._fetches = asyncio.Semaphore(concurrent_fetches)

    @property
    def image_max_side(self) -> int:
        """Pixels of the longer side of images, unless `render` is asked for less."""
        return self._settings.image_max_side

    async def render(
        self,
        attachment: StoredAttachment,
        *,
        offset_chars: int = 0,
        image_max_side: int | None = None,
    ) -> Rendition:
        """Return what the model gets of an attachment; of a text, the slice from `offset_chars` on.

        A file that can't be read gives a note. So does a bucket that fails: no error is raised.
        """
        unusable = _why_unusable(attachment)
        if unusable:
            return note(unusable, lasting=False)
        kind = kind_of(attachment.mime_type, attachment.name)
        if kind is Kind.OTHER:
            return note("files of this type can't be shown to the model.")
        if attachment.size == 0:
            return note("the file is empty.")
        pin = attachment.etag or f"key:{attachment.object_key}"
        conversions = self._conversions_to(image_max_side or self.image_max_side)
        conversion = conversions.key(attachment, kind, offset_chars)
        try:
            return await self._cache.get(
                (pin, str(attachment.size), *conversion),
                lambda: self._make(conversions, attachment, kind, offset_chars),
            )
        except ObjectMissing:
            return note("the file could not be read: its bytes are gone.", lasting=False)
        except ObjectChanged:
            return note(
                "the file could not be read: its bytes were changed after they were checked.",
                lasting=False,
            )
        except Unavailable:
            return note(
                "the file could not be read: the file storage does not answer right now.",
                lasting=False,
            )

    def least_bytes(self, attachment: StoredAttachment) -> int:
        """Return a lower bound of what an attachment adds to a request; nothing is read for it."""
        return self._conversions_to(self.image_max_side).least_bytes(attachment)

    def _conversions_to(self, image_max_side: int) -> Conversions:
        if image_max_side not in self._conversions:
            settings = self._settings.model_copy(update={"image_max_side": image_max_side})
            self._conversions[image_max_side] = Conversions(
                self._workers, settings, extractor=self._extractor
            )
        return self._conversions[image_max_side]

    async def _make(
        self,
        conversions: Conversions,
        attachment: StoredAttachment,
        kind: Kind,
        offset_chars: int,
    ) -> Rendition:
        # `render` asks only for attachments that have a key.
        async with self._fetches:
            body = await self._bucket.read(attachment.object_key or "", etag=attachment.etag)
        if not body:
            return note("the file is empty.")
        return await conversions.convert(attachment, kind, body, offset_chars)


def _why_unusable(attachment: StoredAttachment) -> str | None:
    if attachment.problem:
        return f"the file can't be used: {attachment.problem}"
    if attachment.state is AttachmentState.PENDING:
        return "the file has not been uploaded."
    if attachment.state not in USABLE:
        return "the file was deleted or rejected."
    if attachment.object_key is None:
        return "the file is not stored in this service, so it was not read."
    return None
