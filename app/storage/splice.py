"""Splices an upload into the bucket's POST endpoint while it arrives; nothing is parsed or kept.

The bucket itself checks size, type, key, signature and expiry. Its errors are translated here.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Self
from xml.etree import ElementTree

from opentelemetry.trace import StatusCode

from app.errors import (
    AppError,
    AttachmentTooLarge,
    BucketUnavailable,
    InvalidRequest,
    LinkExpired,
    LinkInvalid,
    StorageFull,
    UploadMismatch,
)
from app.storage.call_metrics import start_bucket_span
from app.storage.codes import Meaning, meaning_of
from app.storage.connections import ConnectionBroken, Connections, RawResponse
from app.storage.endpoint import Endpoint
from app.storage.form import Framed, frame, frame_opened
from app.telemetry import tracing


class Splicer:
    """Posts forms to one bucket over kept-alive connections. Use it as a context."""

    def __init__(self, endpoint: Endpoint) -> None:
        url = endpoint.bucket_url
        self._target = url.path or "/"
        self._host = url.netloc.rpartition("@")[2]
        self._connections = Connections(url)

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._connections.__aexit__(*exc_info)

    async def splice(
        self,
        fields: Mapping[str, str],
        body: AsyncIterator[bytes],
        *,
        content_type: str,
        content_length: int,
    ) -> None:
        """Upload `body`, which has `content_length` bytes, with the presigned `fields`.

        `content_type` is that of the request: a multipart form with the one field `file`, or any
        other type for the raw bytes of the file. If no file of the signed size can have that
        length, nothing is read from `body`. If `body` raises, no object is written.

        Raises `UploadMismatch`, `AttachmentTooLarge`, `InvalidRequest`, `LinkExpired`,
        `LinkInvalid`, `StorageFull` or `BucketUnavailable`.
        """
        framed = frame(fields, content_type=content_type, content_length=content_length)
        await self._send(framed, body)

    async def splice_opened(
        self,
        fields: Mapping[str, str],
        body: AsyncIterator[bytes],
        *,
        boundary: str,
        content_length: int,
    ) -> None:
        """Upload the rest of a form whose first part's head was read from `body` already.

        `boundary` is that of the form, `content_length` the number of bytes left. Raises what
        `splice` raises.
        """
        framed = frame_opened(fields, boundary=boundary, content_length=content_length)
        await self._send(framed, body)

    async def _send(self, framed: Framed, body: AsyncIterator[bytes]) -> None:
        head = (
            f"POST {self._target} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: {framed.content_type}\r\n"
            f"Content-Length: {framed.content_length}\r\n\r\n"
        ).encode() + framed.prefix
        chunks = _with_suffix(body, framed) if framed.suffix else body
        try:
            with tracing.ending(start_bucket_span("PostObject")) as span:
                answer = await self._connections.exchange(head, chunks)
                span.set_attribute("http.response.status_code", answer.status)
                if answer.status >= 500:
                    span.set_status(StatusCode.ERROR)
        except ConnectionBroken as exc:
            raise BucketUnavailable from exc
        if not 200 <= answer.status < 300:
            raise error_of(answer)


async def _with_suffix(body: AsyncIterator[bytes], framed: Framed) -> AsyncIterator[bytes]:
    """Yield `body`, its last chunk with the suffix behind it: a small upload stays one chunk."""
    missing = framed.content_length - len(framed.prefix) - len(framed.suffix)
    if not missing:
        yield framed.suffix
    async for chunk in body:
        missing -= len(chunk)
        if chunk:
            yield chunk if missing else chunk + framed.suffix


def error_of(answer: RawResponse) -> AppError:
    """Return the error that the store's answer to a form stands for."""
    code, message = _code_and_message(answer.body)
    match meaning_of(code, answer.status, message):
        case Meaning.TOO_LARGE:
            return AttachmentTooLarge("The file is larger than announced. Attach it again.")
        case Meaning.TOO_SMALL:
            return UploadMismatch("The file is smaller than announced. Attach it again.")
        case Meaning.EXPIRED:
            return LinkExpired()
        case Meaning.INVALID_SIGNATURE | Meaning.WRONG_REGION:
            return LinkInvalid()
        case Meaning.DENIED:
            return UploadMismatch()  # by the policy: the form differs from what was signed
        case Meaning.INVALID_FORM | Meaning.CHANGED:
            # S3 answers PreconditionFailed to a POST that is not a form.
            return InvalidRequest("The upload must be a form with one field, 'file'.", param="file")
        case Meaning.FULL:
            return StorageFull()
        case Meaning.UNAVAILABLE | Meaning.NO_BUCKET | Meaning.NOT_IMPLEMENTED:
            return BucketUnavailable()
        case _:
            return InvalidRequest(
                f"The file storage rejected the upload ({code or answer.status})."
                " Attach the file again."
            )


def _code_and_message(body: bytes) -> tuple[str, str]:
    """Return code and sentence of S3's XML; two empty strings for any other body."""
    try:
        # It comes from our own bucket, and expat limits how far entities may expand.
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        return "", ""
    found = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    return found.get("Code", ""), found.get("Message", "")
