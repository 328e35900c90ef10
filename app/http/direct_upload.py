"""`POST /attachments`: ChatKit's direct strategy, one form in and an Attachment out."""

from chatkit.store import Store
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.attachments.capability_links import LinkSigner
from app.attachments.direct_uploads import DirectUploads, OpenedForm
from app.context import RequestContext
from app.errors import InvalidRequest
from app.http.authentication import Authentication
from app.http.first_part import MAX_HEAD_BYTES, take_first_part
from app.http.limits import ConcurrencyLimit
from app.http.uploads import (
    CLIENT_CLOSED_REQUEST,
    STALL_SECONDS,
    announced_length,
    arriving,
)
from app.storage.form import multipart_boundary

_NO_FORM = "The upload has to be a form (multipart/form-data) with one field, 'file'."


class DirectUploadEndpoint:
    """Answers 200 with the Attachment, its preview URL fresh (chatkit-js: `uploadStrategy`).

    `at_once` is the gateway's, and counts under the pseudonyms of `links` as it does.
    """

    def __init__(
        self,
        uploads: DirectUploads,
        authentication: Authentication,
        store: Store[RequestContext],
        links: LinkSigner,
        at_once: ConcurrencyLimit,
    ) -> None:
        self._uploads = uploads
        self._authentication = authentication
        self._store = store
        self._links = links
        self._at_once = at_once

    async def upload(self, request: Request) -> Response:
        """Raises `Unauthenticated`, `RateLimited`, `LengthRequired` and `DirectUploads`'s."""
        context = await self._authentication.context(request)
        with self._at_once.slot(self._links.pseudonym(context.user_id)):
            return await self._receive(request, context)

    async def _receive(self, request: Request, context: RequestContext) -> Response:
        boundary = multipart_boundary(request.headers.get("content-type", ""))
        if boundary is None:
            raise InvalidRequest(_NO_FORM, param="file")
        length = announced_length(request)
        # Before a byte of it is read; the exact size is known when the part's head is.
        self._uploads.check_announced(length - 2 * len(boundary) - MAX_HEAD_BYTES)
        try:
            attachment_id = await self._uploads.receive(
                await _opened(request, boundary, length), context
            )
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        attachment = await self._store.load_attachment(attachment_id, context)
        return Response(
            attachment.model_dump_json(exclude_none=True, context={"exclude_metadata": True}),
            media_type="application/json",
        )


async def _opened(request: Request, boundary: str, length: int) -> OpenedForm:
    head, rest = await take_first_part(arriving(request, STALL_SECONDS), boundary)
    if head.field != "file":
        raise InvalidRequest(
            f"The form's field has to be 'file', not {head.field[:100]!r}.", param="file"
        )
    if head.file_name is None:
        raise InvalidRequest("The form's field 'file' holds no file.", param="file")
    return OpenedForm(head.file_name, head.mime_type, boundary, length - head.length, rest)
