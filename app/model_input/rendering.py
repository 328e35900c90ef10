"""Reads attachments from the bucket, and renders them for the model."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Protocol

from app.attachment_state import USABLE, AttachmentState
from app.errors import BucketUnavailable, NotFound, ObjectChanged, ObjectMissing, Unavailable
from app.model_input.cache import RenditionCache
from app.model_input.conversions import Conversions
from app.model_input.kinds import Kind, kind_of
from app.model_input.references import References
from app.model_input.rendition import Rendition, note
from app.model_input.selection import WHOLE, Selection
from app.model_input.transcripts import NotTranscribed, Transcripts
from app.settings.model import ChatModelSettings
from app.workers import Workers

_DELETED = "the file was deleted or rejected."


class StoredAttachment(Protocol):
    """The columns of an attachment's row that model input needs.

    `problem` says why the attachment can't be used; it is None if it can.
    """

    @property
    def user_id(self) -> str: ...
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
        transcripts: Transcripts,
        concurrent_fetches: int = 8,
    ) -> None:
        self._bucket = bucket
        self._transcripts = transcripts
        self._cache = cache
        self._conversions = Conversions(workers, settings)
        self._fetches = asyncio.Semaphore(concurrent_fetches)
        self.image_max_side = settings.image_max_side

    async def render(
        self,
        attachment: StoredAttachment,
        selection: Selection = WHOLE,
        references: References | None = None,
    ) -> Rendition:
        """Return what the model gets of an attachment, or of what is selected in it.

        It returns a note if the file can't be read or the bucket fails, and raises no error. A file
        that the provider keeps, by `references`, is not read.
        """
        unusable = _why_unusable(attachment)
        if unusable:
            return note(unusable, lasting=False)
        if kind_of(attachment.mime_type, attachment.name) is Kind.OTHER:
            return note("files of this type can't be shown to the model.")
        if attachment.size == 0:
            return note("the file is empty.")
        # The ETag alone is not enough: it may be an MD5 sum, which two files can share.
        source = (attachment.object_key or "", attachment.etag or "", str(attachment.size))
        key = (*source, *self._conversions.key(attachment, selection))
        if references is None:
            return await self._cached(attachment, selection, key)
        short_key = _digest(key)
        kept = references.kept(attachment.id, short_key)
        if kept is not None:
            return kept
        return references.referable(await self._cached(attachment, selection, key), short_key)

    async def _cached(
        self, attachment: StoredAttachment, selection: Selection, key: tuple[str, ...]
    ) -> Rendition:
        try:
            return await self._cache.get(key, lambda: self._make(attachment, selection))
        except ObjectMissing:
            return note("the file could not be read: its bytes are gone.", lasting=False)
        except ObjectChanged:
            return note(
                "the file could not be read: its bytes were changed after they were checked.",
                lasting=False,
            )
        except BucketUnavailable:
            return note(
                "the file could not be read: the file storage does not answer right now.",
                lasting=False,
            )
        except Unavailable:
            return note(
                "the file could not be read: the database does not answer right now.",
                lasting=False,
            )
        except NotFound:
            return note(_DELETED, lasting=False)

    def least_bytes(self, attachment: StoredAttachment) -> int:
        """Return a lower bound of the bytes that it adds to a request. Reads nothing."""
        return self._conversions.least_bytes(attachment)

    async def _make(self, attachment: StoredAttachment, selection: Selection) -> Rendition:
        if kind_of(attachment.mime_type, attachment.name) is Kind.RECORDING:
            return await self._of_recording(attachment, selection)
        body = await self._read(attachment)
        if not body:
            return note("the file is empty.")
        return await self._conversions.convert(attachment, body, selection)

    async def _read(self, attachment: StoredAttachment) -> bytes:
        # `render` asks only for attachments that have a key.
        async with self._fetches:
            return await self._bucket.read(attachment.object_key or "", etag=attachment.etag)

    async def _of_recording(self, attachment: StoredAttachment, selection: Selection) -> Rendition:
        try:
            transcript = await self._transcripts.get(attachment, lambda: self._read(attachment))
        except NotTranscribed as problem:
            return note(
                f"the recording could not be transcribed: {problem.reason}.",
                lasting=problem.lasting,
            )
        return await self._conversions.of_transcript(attachment, transcript, selection)


def words_of_problem(problem: str, state: AttachmentState) -> str:
    """Return the text of the note for an attachment that has a problem.

    The row of a rejected attachment has a whole sentence, which its user reads too. If the model's
    provider rejected the file, the row has only a clause, and the state does not change.
    """
    return problem if state is AttachmentState.REJECTED else f"the file can't be used: {problem}"


def _digest(key: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()


def _why_unusable(attachment: StoredAttachment) -> str | None:
    if attachment.problem:
        return words_of_problem(attachment.problem, attachment.state)
    if attachment.state is AttachmentState.PENDING:
        return "the file has not been uploaded."
    if attachment.state not in USABLE:
        return _DELETED
    if attachment.object_key is None:
        return "the file is not stored in this service, so it was not read."
    return None
