"""Splicing an upload into the bucket's POST endpoint while it arrives: nothing parsed, none kept.

The bucket itself checks size, type, key, signature and expiry; what it refuses is put into words.
"""

import re
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
    LinkRefused,
    UploadMismatch,
)
from app.storage.call_metrics import start_bucket_span
from app.storage.connections import ConnectionBroken, Connections, RawResponse
from app.storage.endpoint import Endpoint
from app.storage.form import Framed, frame, frame_opened
from app.telemetry import tracing

# What S3 says about a POST form. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_REFUSED_LINK = {
    *("SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "InvalidToken"),
    *("InvalidPolicyDocument", "AuthorizationHeaderMalformed"),
}
_NO_FORM = {
    *("MalformedPOSTRequest", "IncorrectNumberOfFilesInPostRequest", "MissingFields"),
    *("POSTFileRequired", "MaxPostPreDataLengthExceeded", "PreconditionFailed"),
    *("UserKeyMustBeSpecified", "InvalidArgument"),
}
_NOT_NOW = {
    *("NoSuchBucket", "SlowDown", "RequestTimeout", "ServiceUnavailable", "InternalError"),
    *("RequestTimeTooSkewed", "NotImplemented"),
}


class Splicer:
    """Posts forms to one bucket over connections that are kept alive. Enter it to open it."""

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
        """Store what `body` brings, `content_length` bytes of it, by the presigned `fields`.

        `content_type` is the request's: a multipart form with one field, `file`, or the raw bytes
        in any other type. Nothing is read from `body` when the announced length is impossible.
        An exception of `body` leaves no object behind.

        Raises `UploadMismatch`, `AttachmentTooLarge`, `InvalidRequest`, `LinkExpired`,
        `LinkRefused` or `BucketUnavailable`.
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
        """As `splice`, of a form whose first part's head was taken off `body` already.

        `boundary` is the form's; `content_length` counts what is left.
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
            raise _refusal(answer)


async def _with_suffix(body: AsyncIterator[bytes], framed: Framed) -> AsyncIterator[bytes]:
    """`body` with the suffix right behind its last byte, so that a small upload is one chunk."""
    missing = framed.content_length - len(framed.prefix) - len(framed.suffix)
    if not missing:
        yield framed.suffix
    async for chunk in body:
        missing -= len(chunk)
        if chunk:
            yield chunk if missing else chunk + framed.suffix


def _refusal(answer: RawResponse) -> AppError:
    code, message = _code_and_message(answer.body)
    if code == "EntityTooLarge":
        return AttachmentTooLarge("The upload is larger than the file that was announced.")
    if code == "EntityTooSmall":
        return UploadMismatch("The upload is shorter than the file that was announced.")
    if code in _NOT_NOW or answer.status >= 500:
        return BucketUnavailable()
    # The only hint at why a policy was refused is the sentence that comes with AccessDenied.
    if re.search(r"\bexpired\b", message, re.IGNORECASE) and code not in _REFUSED_LINK:
        return LinkExpired()
    if code == "AccessDenied":
        return UploadMismatch()
    if code in _NO_FORM:
        return InvalidRequest("The upload has to be a form with one field, 'file'.", param="file")
    if code in _REFUSED_LINK:
        return LinkRefused()
    return InvalidRequest(f"The file storage refused the upload ({code or answer.status}).")


def _code_and_message(body: bytes) -> tuple[str, str]:
    """Of S3's XML; empty for anything else."""
    try:
        # It comes from our own bucket, and expat has limits against entities that multiply.
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        return "", ""
    found = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    return found.get("Code", ""), found.get("Message", "")
