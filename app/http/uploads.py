"""`/uploads/{attachment_id}`: the gateway that streams an upload into the bucket.

The query of the URL has the fields of a presigned POST, or a presigned PUT if the store has no
POST, and this service has signed it. So the URL itself is the permission, and the only state is a
count of the uploads under way. Everything that can be checked is checked before a byte of
the body is read.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import paths
from app.attachments.capability_links import LinkSigner
from app.attachments.form_tail import LINE_END, closing_of, file_of_form, malformed_form
from app.errors import InvalidRequest, LengthRequired, UploadMismatch
from app.faults import fault_point
from app.http.asgi import own_path
from app.http.first_part import take_first_part
from app.http.limits import ConcurrencyLimit
from app.http.request_metrics import CLIENT_CLOSED_REQUEST
from app.storage.form import check_announced, check_form_length, multipart_boundary
from app.storage.post import UPLOADER_FIELD
from app.storage.put import PUT_FIELD, PresignedPut
from app.storage.splice import Splicer

# Without this limit, a client that has lost its network would occupy two connections for ever.
STALL_SECONDS = 60.0


class UploadGateway:
    """Takes POST and PUT: a multipart form with one field, `file`, or the bytes themselves.

    A link carries one upload at a time. `uploads` limits the uploads of each user; its keys are the
    pseudonyms that `links` makes.
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

    def routes(self) -> Sequence[Route]:
        return [Route(paths.UPLOAD, self.upload, methods=["POST", "PUT"])]

    async def upload(self, request: Request) -> Response:
        """Stream the file of one request into the bucket.

        Raises `LinkInvalid`, `LinkExpired`, `RateLimited`, `LengthRequired`, and what
        `Splicer` raises.
        """
        fields = self._links.verify(own_path(request.scope), request.url.query)
        with ExitStack() as slots:
            # The link is verified first, so that nobody else can occupy the slots of its user.
            slots.enter_context(self._of_links.slot(fields.get(PUT_FIELD) or fields.get("key", "")))
            slots.enter_context(self._uploads.slot(fields[UPLOADER_FIELD]))
            return await self._splice(request, fields)

    async def _splice(self, request: Request, fields: Mapping[str, str]) -> Response:
        content_length = announced_length(request)
        fault_point("upload.begun")
        try:
            if PUT_FIELD in fields:
                await self._put(request, PresignedPut.of(fields), content_length)
            else:
                await self._splicer.splice(
                    fields,
                    body_of(request, self._stall_seconds),
                    content_type=request.headers.get("content-type", ""),
                    content_length=content_length,
                )
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        fault_point("upload.answered")
        return JSONResponse({"id": request.path_params["attachment_id"], "status": "uploaded"})

    async def _put(self, request: Request, put: PresignedPut, content_length: int) -> None:
        """Stream the file of the request, without the form around it, into a presigned PUT."""
        body = body_of(request, self._stall_seconds)
        boundary = multipart_boundary(request.headers.get("content-type", ""))
        if boundary is None:
            check_announced(content_length, put.size, put.size, put.size)
            await self._splicer.splice_put(put, body)
            return
        closing = closing_of(boundary)
        check_form_length(content_length, put.size, boundary)
        head, rest = await take_first_part(body, boundary)
        if head.field != "file":
            raise malformed_form()
        length = content_length - head.length - len(closing)
        if length != put.size:
            length -= len(LINE_END)
        check_announced(length, put.size, put.size, put.size)
        await self._splicer.splice_put(put, file_of_form(rest, closing, put.size))


async def body_of(request: Request, stall_seconds: float) -> AsyncIterator[bytes]:
    """Yield the body as it arrives.

    Raises `ClientDisconnect`, and `UploadMismatch` if nothing arrives for `stall_seconds`.
    """
    more = True
    while more:
        try:
            async with asyncio.timeout(stall_seconds):
                message = await request.receive()
        except TimeoutError as exc:
            raise UploadMismatch(
                "The upload stopped before its end. Attach the file again."
            ) from exc
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        if chunk := message.get("body", b""):
            yield chunk


def announced_length(request: Request) -> int:
    """Return the body's length in bytes, which S3 requires before the body.

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
