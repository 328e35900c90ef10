"""Converts the bytes of a file into what the model gets of them, by the kind of the file."""

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

import pybase64

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
from app.model_input.readers.image_metadata import Malformed, without_metadata
from app.model_input.readers.unreadable import Unreadable
from app.model_input.rendition import Rendition, note
from app.settings.model import ChatModelSettings
from app.workers import Workers, WorkFailed

_PDF = "application/pdf"
_CONCURRENT_ENCODINGS = 2
_DECODE_IN_WORKER_BYTES = 1024 * 1024


class FileFacts(Protocol):
    """What of an attachment's row a conversion depends on."""

    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def size(self) -> int: ...


class Extractor(Protocol):
    """Extracts text from a document's bytes, in a worker: a module-level function."""

    def __call__(self, body: bytes, mime_type: str) -> str | Unreadable: ...


class Conversions:
    """Converts in threads and worker processes. An unreadable file gives a note, never an error."""

    def __init__(
        self,
        workers: Workers,
        settings: ChatModelSettings,
        *,
        extractor: Extractor | None,
    ) -> None:
        self._workers = workers
        self._settings = settings
        self._files_accepted = settings.api == "responses"
        self._by_url = settings.input == "url"
        self._extractor = extractor
        # For a moment, encoding holds a file two or three times in memory.
        self._encodings = asyncio.Semaphore(_CONCURRENT_ENCODINGS)

    def key(self, file: FileFacts, kind: Kind, offset_chars: int) -> tuple[str, ...]:
        """Return what a rendition depends on besides the bytes: one part of its cache key."""
        match kind:
            case Kind.IMAGE:
                return ("image", str(self._settings.image_max_side), str(self._by_url))
            case Kind.DOCUMENT:
                suffix = document_suffix(file.mime_type, file.name)
                if self._goes_as_file(suffix):
                    return ("file", suffix, str(self._by_url))
                return ("extract", suffix, str(offset_chars))
            case _:
                return (kind.value, str(offset_chars), str(self._settings.max_text_chars))

    def least_bytes(self, file: FileFacts) -> int:
        """Return a lower bound of what the file's content adds to a request."""
        if kind_of(file.mime_type, file.name) is not Kind.DOCUMENT or self._by_url:
            return 0
        is_sent_whole = self._goes_as_file(document_suffix(file.mime_type, file.name))
        return 4 * ((file.size + 2) // 3) if is_sent_whole else 0

    async def convert(
        self, file: FileFacts, kind: Kind, body: bytes, offset_chars: int
    ) -> Rendition:
        """Return what the model gets of `body`, which is not empty."""
        try:
            match kind:
                case Kind.IMAGE:
                    return await self._image(body)
                case Kind.DOCUMENT:
                    suffix = document_suffix(file.mime_type, file.name)
                    return await self._document(suffix, body, offset_chars)
                case Kind.MAIL:
                    return await self._text(body, offset_chars, mail.readable)
                case _:
                    return await self._text(body, offset_chars, text.decode)
        except WorkFailed as problem:
            return note(f"the file could not be read: {problem}.")

    async def _image(self, body: bytes) -> Rendition:
        side = self._settings.image_max_side
        if mime_type := sendable_type(body, side):
            return await self._plain_image(mime_type, body)
        prepared = await self._workers.run(images.prepare, body, side, self._files_accepted)
        if isinstance(prepared, Unreadable):
            return note(f"the image could not be read: {prepared.reason}.")
        if prepared.body is None:
            return await self._untouched("image", prepared.mime_type, body)
        return Rendition(
            kind="file" if prepared.mime_type == _PDF else "image",
            body=await self._data_url(prepared.mime_type, prepared.body),
            mime_type=prepared.mime_type,
            remark=prepared.remark,
        )

    async def _plain_image(self, mime_type: str, body: bytes) -> Rendition:
        """Return the stored image itself if it has no metadata, or else without them."""
        try:
            kept = await asyncio.to_thread(without_metadata, body, mime_type)
        except Malformed:
            return note("the image could not be read: it is damaged.")
        if kept is body:
            return await self._untouched("image", mime_type, body)
        return Rendition(
            kind="image",
            body=await self._data_url(mime_type, kept),
            mime_type=mime_type,
            remark=images.METADATA_REMARK,
        )

    async def _document(self, suffix: str, body: bytes, offset_chars: int) -> Rendition:
        if not await asyncio.to_thread(documents.is_plain_pdf, body, suffix):
            checked = await self._workers.run(documents.check, body, suffix)
            if isinstance(checked, Unreadable):
                return note(f"the document could not be read: {checked.reason}.")
        if self._goes_as_file(suffix):
            return await self._untouched("file", document_type(suffix), body)
        return await self._extract(document_type(suffix), body, offset_chars)

    async def _extract(self, mime_type: str, body: bytes, offset_chars: int) -> Rendition:
        if self._extractor is None:
            return note(
                "this model takes no such documents, and the server can't extract their text (it"
                " lacks its optional extra `documents`).",
                lasting=False,
            )
        extracted = await self._workers.run(self._extractor, body, mime_type)
        if isinstance(extracted, Unreadable):
            return note(f"the document could not be read: {extracted.reason}.")
        if not extracted.strip():
            return note("no text was found in the document; it may consist of scanned pages.")
        return self._slice(extracted, offset_chars, "text extracted from the document")

    async def _text(
        self,
        body: bytes,
        offset_chars: int,
        read: Callable[[bytes], text.Decoded | Unreadable],
    ) -> Rendition:
        if read is text.decode and _is_utf8(body):
            decoded: text.Decoded | Unreadable = text.decode(body)
        else:
            decoded = await self._workers.run(read, body)
        if isinstance(decoded, Unreadable):
            return note(f"the file could not be read: {decoded.reason}.")
        return self._slice(decoded.text, offset_chars, decoded.remark)

    def _goes_as_file(self, suffix: str) -> bool:
        return self._files_accepted and taken_as_file(suffix)

    async def _untouched(
        self, kind: Literal["image", "file"], mime_type: str, body: bytes
    ) -> Rendition:
        """Return the stored bytes themselves; without a body if a URL will replace it."""
        data_url = "" if self._by_url else await self._data_url(mime_type, body)
        return Rendition(kind=kind, body=data_url, mime_type=mime_type, untouched=True)

    async def _data_url(self, mime_type: str, body: bytes) -> str:
        async with self._encodings:
            return await asyncio.to_thread(_data_url, plain_type(mime_type), body)

    def _slice(self, whole: str, offset_chars: int, remark: str) -> Rendition:
        if offset_chars >= len(whole) and offset_chars:
            return note(f"there is nothing after character {len(whole):,}: the text ends there.")
        return Rendition(
            kind="text",
            body=whole[offset_chars : offset_chars + self._settings.max_text_chars],
            mime_type="text/plain",
            remark=remark,
            offset_chars=offset_chars,
            total_chars=len(whole),
        )


def _is_utf8(body: bytes) -> bool:
    """Whether decoding takes microseconds per kilobyte, so that it needs no worker."""
    if len(body) > _DECODE_IN_WORKER_BYTES:
        return False
    try:
        return b"\x00" not in body and bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _data_url(mime_type: str, body: bytes) -> str:
    """Return a base64 data URL (RFC 2397).

    pybase64 uses the processor's vector units: 5 MiB take 0.2 ms. `base64` takes 12 ms for them and
    holds the interpreter lock.
    """
    return f"data:{mime_type};base64,{pybase64.b64encode_as_string(body)}"
