"""Splices an upload into the bucket while it arrives, by a presigned POST or PUT.

No upload is stored here. The bucket checks size, type, key, signature and expiry, and its errors
are translated to those of this service.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Self
from urllib.parse import urlsplit
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
    UploadedAlready,
    UploadMismatch,
)
from app.storage.call_metrics import start_bucket_span
from app.storage.codes import Meaning, meaning_of
from app.storage.connections import ConnectionBroken, Connections, RawResponse
from app.storage.endpoint import Endpoint
from app.storage.form import Framed, form_without_file, frame, frame_opened
from app.storage.put import PresignedPut
from app.telemetry import tracing

_PRECONDITION_FAILED = 412
# What stores without presigned POST answer to a form: Cloudflare R2 501, others 405.
WITHOUT_POST = (405, 501)


class Splicer:
    """Sends uploads to one bucket over kept-alive connections. Use it as a context."""

    def __init__(self, endpoint: Endpoint) -> None:
        url = endpoint.bucket_url
        self._objects_url = endpoint.objects_url
        self._objects_path = urlsplit(endpoint.objects_url).path
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

    async def splice_put(self, put: PresignedPut, file: AsyncIterator[bytes]) -> None:
        """Upload `file`, which has `put.size` bytes, by the presigned PUT.

        If `file` raises, no object is written. Raises `UploadedAlready` if the PUT was used before,
        `LinkInvalid` if it is for another bucket, and what `splice` raises.
        """
        if not put.url.startswith(self._objects_url):
            raise LinkInvalid
        target = put.url.removeprefix(self._objects_url.removesuffix(self._objects_path))
        answer = await self._exchange("PutObject", self._head("PUT", target, put.headers), file)
        if answer.status == _PRECONDITION_FAILED:
            raise UploadedAlready
        if not 200 <= answer.status < 300:
            raise error_of(answer)

    async def takes_forms(self, fields: Mapping[str, str]) -> bool:
        """Return whether the store implements presigned POST, by sending it a form without a file.

        No object can result from that. Raises `BucketUnavailable` if the store does not answer.
        """
        form, boundary = form_without_file(fields)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        headers["Content-Length"] = str(len(form))
        answer = await self._exchange(
            "PostObject", self._head("POST", self._target, headers) + form, _nothing()
        )
        code, _ = _code_and_message(answer.body)
        return (
            answer.status not in WITHOUT_POST
            and meaning_of(code, answer.status) is not Meaning.NOT_IMPLEMENTED
        )

    async def _send(self, framed: Framed, body: AsyncIterator[bytes]) -> None:
        headers = {
            "Content-Type": framed.content_type,
            "Content-Length": str(framed.content_length),
        }
        head = self._head("POST", self._target, headers) + framed.prefix
        chunks = _with_suffix(body, framed) if framed.suffix else body
        answer = await self._exchange("PostObject", head, chunks)
        if not 200 <= answer.status < 300:
            raise error_of(answer)

    def _head(self, method: str, target: str, headers: Mapping[str, str]) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\n{lines}\r\n".encode()

    async def _exchange(
        self, operation: str, head: bytes, chunks: AsyncIterator[bytes]
    ) -> RawResponse:
        try:
            with tracing.ending(start_bucket_span(operation)) as span:
                answer = await self._connections.exchange(head, chunks)
                span.set_attribute("http.response.status_code", answer.status)
                if answer.status >= 500:
                    span.set_status(StatusCode.ERROR)
                return answer
        except ConnectionBroken as exc:
            raise BucketUnavailable from exc


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


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
    """Return the error for the store's answer to a form or a PUT that it rejected."""
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
        case Meaning.MISSING:
            return UploadMismatch("The upload has ended already. Attach the file again.")
        case Meaning.DENIED:
            return UploadMismatch()  # the form differs from what its policy allows
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
