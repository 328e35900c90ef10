"""`POST /attachments`: ChatKit's direct strategy, which uploads a file with one form."""

from collections.abc import Sequence

from chatkit.store import Store
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from app import paths
from app.attachments.capability_links import LinkSigner
from app.attachments.direct_uploads import DirectUploads, OpenedForm
from app.context import RequestContext
from app.errors import InvalidRequest
from app.http.authentication import Authentication
from app.http.first_part import MAX_HEAD_BYTES, take_first_part
from app.http.limits import ConcurrencyLimit
from app.http.request_metrics import CLIENT_CLOSED_REQUEST
from app.http.uploads import STALL_SECONDS, announced_length, body_of
from app.storage.form import multipart_boundary

_NO_FORM = "The upload has to be a form (multipart/form-data) with one field, 'file'."


class DirectUploadEndpoint:
    """Answers 200 with the Attachment and a fresh preview URL (chatkit-js: `uploadStrategy`).

    `limit` is shared with the gateway, and counts by the same pseudonyms of `links`.
    """

    def __init__(
        self,
        uploads: DirectUploads,
        authentication: Authentication,
        store: Store[RequestContext],
        links: LinkSigner,
        limit: ConcurrencyLimit,
    ) -> None:
        self._uploads = uploads
        self._authentication = authentication
        self._store = store
        self._links = links
        self._limit = limit

    def routes(self) -> Sequence[Route]:
        return [Route(paths.ATTACHMENTS, self.upload, methods=["POST"])]

    async def upload(self, request: Request) -> Response:
        """Store the file of the form and return its Attachment.

        Raises `Unauthenticated`, `RateLimited`, `LengthRequired` and what `DirectUploads` raises.
        """
        context = await self._authentication.context(request)
        with self._limit.slot(self._links.pseudonym(context.user_id)):
            return await self._receive(request, context)

    async def _receive(self, request: Request, context: RequestContext) -> Response:
        boundary = multipart_boundary(request.headers.get("content-type", ""))
        if boundary is None:
            raise InvalidRequest(_NO_FORM, param="file")
        length = announced_length(request)
        # A first check before any byte is read. The exact size is known after the part's head.
        self._uploads.check_announced(length - 2 * len(boundary) - MAX_HEAD_BYTES)
        try:
            attachment_id = await self._uploads.receive(
                await _open_form(request, boundary, length), context
            )
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        attachment = await self._store.load_attachment(attachment_id, context)
        return Response(
            attachment.model_dump_json(exclude_none=True, context={"exclude_metadata": True}),
            media_type="application/json",
        )


async def _open_form(request: Request, boundary: str, length: int) -> OpenedForm:
    head, rest = await take_first_part(body_of(request, STALL_SECONDS), boundary)
    if head.field != "file":
        raise InvalidRequest(
            f"The form's field has to be 'file', not {head.field[:100]!r}.", param="file"
        )
    if head.file_name is None:
        raise InvalidRequest(
            "The form's field 'file' has no file name, so it is not a file.", param="file"
        )
    return OpenedForm(head.file_name, head.mime_type, boundary, length - head.length, rest)
