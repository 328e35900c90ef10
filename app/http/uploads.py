"""`/uploads/{attachment_id}`: the gateway that streams an upload into the bucket.

The URL's query is the presigned POST form, signed by us: the URL is the capability, and no state
is kept but the count of what is under way. Everything that can be refused is refused before a byte
of the body is read.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from app.attachments.capability_links import LinkSigner
from app.errors import InvalidRequest, LengthRequired, UploadMismatch
from app.faults import fault_point
from app.http.limits import ConcurrencyLimit
from app.storage.post import UPLOADER_FIELD
from app.storage.splice import Splicer

# Nobody is there to read it; nginx's number for that, in case something logs it.
CLIENT_CLOSED_REQUEST = 499

# A client that fell silent, its network gone, would hold two connections for ever.
STALL_SECONDS = 60.0


class UploadGateway:
    """POST and PUT; a multipart form with one field, `file`, or the bytes themselves.

    A link carries one upload at a time, and `uploads` says how many those of a user may carry
    together. Its keys are pseudonyms of `links`.
    """

    def __init__(
        self,
        links: LinkSigner,
        splicer: Splicer,
        uploads: ConcurrencyLimit,
        *,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._links = links
        self._splicer = splicer
        self._uploads = uploads
        self._of_links = ConcurrencyLimit(
            1, "This file is being uploaded already. Wait until that has ended, then try again."
        )
        self._stall_seconds = stall_seconds

    async def upload(self, request: Request) -> Response:
        """Raises `LinkRefused`, `LinkExpired`, `RateLimited`, `LengthRequired` and `Splicer`'s."""
        fields = self._links.verify(request.url.path, request.url.query)
        with ExitStack() as places:
            # Only now: nobody without the link takes a place of its owner's.
            places.enter_context(self._of_links.slot(fields.get("key", "")))
            places.enter_context(self._uploads.slot(fields[UPLOADER_FIELD]))
            return await self._splice(request, fields)

    async def _splice(self, request: Request, fields: Mapping[str, str]) -> Response:
        content_length = announced_length(request)
        fault_point("upload.begun")
        try:
            await self._splicer.splice(
                fields,
                arriving(request, self._stall_seconds),
                content_type=request.headers.get("content-type", ""),
                content_length=content_length,
            )
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        fault_point("upload.answered")
        return JSONResponse({"id": request.path_params["attachment_id"], "status": "uploaded"})


async def arriving(request: Request, stall_seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises `ClientDisconnect`, and `UploadMismatch` when nothing comes for `stall_seconds`.
    """
    more = True
    while more:
        try:
            async with asyncio.timeout(stall_seconds):
                message = await request.receive()
        except TimeoutError as exc:
            raise UploadMismatch("The upload came to a halt. Attach the file again.") from exc
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        if chunk := message.get("body", b""):
            yield chunk


def announced_length(request: Request) -> int:
    """The body's length in bytes, which S3 has to be told first.

    Raises `LengthRequired` and `InvalidRequest`.
    """
    if "transfer-encoding" in request.headers:
        raise LengthRequired
    text = request.headers.get("content-length")
    if text is None:
        raise LengthRequired
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequest("The Content-Length is not a number.")
    return int(text)
