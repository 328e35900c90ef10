"""`/attachments/{id}/preview` and `/content`: a redirect to a short-lived URL of the bucket."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.attachment_state import AttachmentState
from app.attachments.capability_links import LinkSigner
from app.attachments.keys import upload_key
from app.attachments.policy import INLINE_IMAGE_TYPES
from app.attachments.previews import SignedPreviews
from app.database.attachment_records import AttachmentRecord, AttachmentRecords
from app.errors import NotFound
from app.http.authentication import Authentication


class AttachmentRedirects:
    """Both routes answer GET and HEAD, each with a URL signed for that method.

    Whoever holds a signed link needs no authentication; anyone else must own the attachment.
    """

    def __init__(
        self,
        records: AttachmentRecords,
        authentication: Authentication,
        links: LinkSigner,
        urls: SignedPreviews,
    ) -> None:
        self._records = records
        self._authentication = authentication
        self._links = links
        self._urls = urls

    async def preview(self, request: Request) -> RedirectResponse:
        """Only the four raster types are shown; for anything else there is no preview: 404."""
        if "signature" in request.query_params:
            params = self._links.verify(request.url.path, request.url.query)
            return self._redirect(self._urls.inline(_method(request), params["key"]))
        record, object_key = await self._own(request)
        if record.preview_key is None and record.mime_type not in INLINE_IMAGE_TYPES:
            raise NotFound("This attachment has no preview.")
        return self._redirect(self._urls.inline(_method(request), record.preview_key or object_key))

    async def content(self, request: Request) -> Response:
        """The file itself, to be saved under its name.

        With `Accept: application/json` it answers `{"url": …}` in place of the redirect. A page
        that signs in by token needs that: a link it opens carries no token, and a `fetch` from
        another origin that is redirected to a third arrives there with `Origin: null` (Fetch
        §"HTTP-redirect fetch"), which the bucket refuses.
        """
        if "signature" in request.query_params:
            params = self._links.verify(request.url.path, request.url.query)
            url = self._urls.download(
                _method(request), params["key"], name=params["name"], mime_type=params["type"]
            )
            return self._redirect(url)
        record, object_key = await self._own(request)
        url = self._urls.download(
            _method(request), object_key, name=record.name, mime_type=record.mime_type
        )
        answer: Response = self._redirect(url)
        if request.headers.get("accept", "").startswith("application/json"):
            answer = JSONResponse({"url": url}, headers={"Cache-Control": "private, no-store"})
        answer.headers["Vary"] = "Accept"
        return answer

    async def _own(self, request: Request) -> tuple[AttachmentRecord, str]:
        context = await self._authentication.context(request)
        record = await self._records.load(context.user_id, request.path_params["attachment_id"])
        if record.object_key is None or record.state is AttachmentState.REJECTED:
            raise NotFound("The bytes of this attachment are not kept here.")
        # Until a message uses it, the bytes are where the upload link put them.
        is_pending = record.state is AttachmentState.PENDING
        key = upload_key(record.object_key) if is_pending else record.object_key
        return record, key

    def _redirect(self, url: str) -> RedirectResponse:
        # 307 keeps the method. `private`: the URL in it is a capability of this user's.
        headers = {"Cache-Control": f"private, max-age={self._urls.redirect_max_age_seconds}"}
        return RedirectResponse(url, status_code=307, headers=headers)


def _method(request: Request) -> Literal["GET", "HEAD"]:
    """The only two that the routes let by."""
    return "HEAD" if request.method == "HEAD" else "GET"
