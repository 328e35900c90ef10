"""From an attachment's row and its bytes in the bucket to what the model gets of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import pybase64

from app.attachment_state import USABLE, AttachmentState
from app.errors import ObjectChanged, ObjectMissing, Unavailable
from app.model_input.announcements import Rendition, note
from app.model_input.cache import RenditionCache
from app.model_input.kinds import (
    Kind,
    document_suffix,
    document_type,
    kind_of,
    plain_type,
    taken_as_file,
)
from app.model_input.readers import documents, images, mail, text
from app.model_input.readers.image_headers import sendable_type
from app.workers import Workers, WorkFailed

_CONCURRENT_ENCODINGS = 2
_DECODE_IN_WORKER_BYTES = 1024 * 1024


class StoredAttachment(Protocol):
    """An attachment's row, as far as the model is concerned; `problem` says why it is unusable."""

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
    """The bucket. Raises ObjectMissing, ObjectChanged, BucketUnavailable."""

    async def read(self, key: str, *, etag: str | None = None) -> bytes: ...


class Extractor(Protocol):
    """Text out of a document's bytes, run in a worker: a module-level function."""

    def __call__(self, body: bytes, mime_type: str) -> str | images.Unreadable: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """`image_max_side` in pixels, `text_max_chars` in characters per slice of text."""

    image_max_side: int = 2048
    text_max_chars: int = 100_000


class Renditions:
    """Makes renditions, each once, off the event loop. Never raises for what is in a file."""

    def __init__(
        self,
        *,
        bucket: ByteSource,
        cache: RenditionCache,
        workers: Workers,
        limits: Limits,
        model_api: Literal["responses", "chat_completions"] = "responses",
        model_input: Literal["inline", "url"] = "inline",
        extractor: Extractor | None = None,
        concurrent_fetches: int = 8,
    ) -> None:
        self._bucket = bucket
        self._cache = cache
        self._workers = workers
        self._limits = limits
        self._files_accepted = model_api == "responses"
        self._model_input = model_input
        self._extractor = extractor
        self._fetches = asyncio.Semaphore(concurrent_fetches)
        # Encoding holds a file two or three times over for a moment.
        self._encodings = asyncio.Semaphore(_CONCURRENT_ENCODINGS)

    async def of(self, attachment: StoredAttachment, *, offset_chars: int = 0) -> Rendition:
        """What the model gets of an attachment; of a text, the slice from `offset_chars` on."""
        unusable = _why_unusable(attachment)
        if unusable:
            return note(unusable, lasting=False)
        kind = kind_of(attachment.mime_type, attachment.name)
        if kind is Kind.OTHER:
            return note("files of this type can't be shown to the model.")
        if attachment.size == 0:
            return note("the file is empty.")
        conversion = self._conversion(attachment, kind, offset_chars)
        pin = attachment.etag or f"key:{attachment.object_key}"
        try:
            return await self._cache.get(
                (pin, str(attachment.size), *conversion),
                lambda: self._make(attachment, kind, offset_chars),
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
        """A lower bound of what the attachment's content adds to a request, before it is read."""
        kind = kind_of(attachment.mime_type, attachment.name)
        if kind is Kind.DOCUMENT and self._goes_as_file(attachment) and not self._by_url:
            return 4 * ((attachment.size + 2) // 3)
        return 0

    @property
    def _by_url(self) -> bool:
        return self._model_input == "url"

    def _goes_as_file(self, attachment: StoredAttachment) -> bool:
        suffix = document_suffix(attachment.mime_type, attachment.name)
        return self._files_accepted and taken_as_file(suffix)

    def _conversion(
        self, attachment: StoredAttachment, kind: Kind, offset_chars: int
    ) -> tuple[str, ...]:
        """The cache key's second half: everything but the bytes that a rendition depends on."""
        match kind:
            case Kind.IMAGE:
                return ("image", str(self._limits.image_max_side), self._model_input)
            case Kind.DOCUMENT:
                suffix = document_suffix(attachment.mime_type, attachment.name)
                if self._goes_as_file(attachment):
                    return ("file", suffix, self._model_input)
                return ("extract", suffix, str(offset_chars))
            case _:
                return (kind.value, str(offset_chars), str(self._limits.text_max_chars))

    async def _make(self, attachment: StoredAttachment, kind: Kind, offset_chars: int) -> Rendition:
        # `_why_unusable` has seen to it that there is a key.
        async with self._fetches:
            body = await self._bucket.read(attachment.object_key or "", etag=attachment.etag)
        if not body:
            return note("the file is empty.")
        try:
            match kind:
                case Kind.IMAGE:
                    return await self._image(body)
                case Kind.DOCUMENT:
                    return await self._document(attachment, body, offset_chars)
                case Kind.MAIL:
                    return await self._text(body, offset_chars, mail.readable)
                case _:
                    return await self._text(body, offset_chars, text.decode)
        except WorkFailed as problem:
            return note(f"the file could not be read: {problem}.")

    async def _image(self, body: bytes) -> Rendition:
        side = self._limits.image_max_side
        fit = sendable_type(body, side)
        prepared = (
            images.PreparedImage(None, fit, "")
            if fit
            else await self._workers.run(images.prepare, body, side)
        )
        if isinstance(prepared, images.Unreadable):
            return note(f"the image could not be read: {prepared.reason}.")
        untouched = prepared.body is None
        url = (
            ""
            if untouched and self._by_url
            else await self._data_url(
                prepared.mime_type, body if prepared.body is None else prepared.body
            )
        )
        return Rendition(
            kind="image",
            body=url,
            mime_type=prepared.mime_type,
            remark=prepared.remark,
            untouched=untouched,
        )

    async def _document(
        self, attachment: StoredAttachment, body: bytes, offset_chars: int
    ) -> Rendition:
        suffix = document_suffix(attachment.mime_type, attachment.name)
        if not await asyncio.to_thread(documents.is_plain_pdf, body, suffix):
            checked = await self._workers.run(documents.check, body, suffix)
            if isinstance(checked, images.Unreadable):
                return note(f"the document could not be read: {checked.reason}.")
        mime_type = document_type(suffix)
        if self._goes_as_file(attachment):
            return Rendition(
                kind="file",
                body="" if self._by_url else await self._data_url(mime_type, body),
                mime_type=mime_type,
                untouched=True,
            )
        if self._extractor is None:
            return note(
                "this model takes no such documents, and the text of one can't be extracted here"
                " (the server lacks its optional extra `documents`).",
                lasting=False,
            )
        extracted = await self._workers.run(self._extractor, body, mime_type)
        if isinstance(extracted, images.Unreadable):
            return note(f"the document could not be read: {extracted.reason}.")
        if not extracted.strip():
            return note("no text was found in the document; it may consist of scanned pages.")
        return self._slice(extracted, offset_chars, "text extracted from the document")

    async def _text(
        self,
        body: bytes,
        offset_chars: int,
        read: Callable[[bytes], text.Decoded | images.Unreadable],
    ) -> Rendition:
        if read is text.decode and _is_utf8(body):
            decoded: text.Decoded | images.Unreadable = text.decode(body)
        else:
            decoded = await self._workers.run(read, body)
        if isinstance(decoded, images.Unreadable):
            return note(f"the file could not be read: {decoded.reason}.")
        return self._slice(decoded.text, offset_chars, f"encoding {decoded.encoding}")

    async def _data_url(self, mime_type: str, body: bytes) -> str:
        async with self._encodings:
            return await asyncio.to_thread(_data_url, plain_type(mime_type), body)

    def _slice(self, whole: str, offset_chars: int, remark: str) -> Rendition:
        if offset_chars >= len(whole) and offset_chars:
            return note(f"there is nothing after character {len(whole):,}: the text ends there.")
        end = offset_chars + self._limits.text_max_chars
        return Rendition(
            kind="text",
            body=whole[offset_chars:end],
            mime_type="text/plain",
            remark=remark,
            offset_chars=offset_chars,
            total_chars=len(whole),
        )


def _why_unusable(attachment: StoredAttachment) -> str | None:
    if attachment.problem:
        return f"the file can't be used: {attachment.problem}"
    if attachment.state is AttachmentState.PENDING:
        return "the file has not been uploaded."
    if attachment.state not in USABLE:
        return "the file was deleted or refused."
    if attachment.object_key is None:
        return "the file is not stored in this service, so it was not read."
    return None


def _is_utf8(body: bytes) -> bool:
    """Plain UTF-8 is decoded in microseconds per kilobyte; only the rest needs a worker."""
    if len(body) > _DECODE_IN_WORKER_BYTES:
        return False
    try:
        return b"\x00" not in body and bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _data_url(mime_type: str, body: bytes) -> str:
    """A base64 data URL (RFC 2397).

    pybase64 uses the processor's vector units: 5 MiB take 0.2 ms, and 12 with `base64`, which keeps
    the interpreter lock all the while.
    """
    return f"data:{mime_type};base64,{pybase64.b64encode_as_string(body)}"
