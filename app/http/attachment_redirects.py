"""`/attachments/{id}/preview` and `/content`: redirects to short-lived URLs of the bucket."""

from collections.abc import Collection, Sequence
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app import paths
from app.attachments.capability_links import LinkSigner
from app.attachments.previews import SignedPreviews
from app.attachments.verification import Verifier
from app.database.attachment_records import AttachmentRecord, AttachmentRecords
from app.errors import NotFound
from app.file_types.table import INLINE_MIME_TYPES
from app.http.asgi import own_path
from app.http.authentication import Authentication


class AttachmentRedirects:
    """Redirects GET and HEAD, each to a URL that is signed for that method.

    A signed link needs no authentication. Without one, the user must own the attachment.
    """

    def __init__(
        self,
        records: AttachmentRecords,
        verifier: Verifier,
        authentication: Authentication,
        links: LinkSigner,
        urls: SignedPreviews,
    ) -> None:
        self._records = records
        self._verifier = verifier
        self._authentication = authentication
        self._links = links
        self._urls = urls

    def routes(self) -> Sequence[Route]:
        return [
            Route(paths.PREVIEW, self.preview, methods=["GET"]),
            Route(paths.CONTENT, self.content, methods=["GET"]),
        ]

    async def preview(self, request: Request) -> RedirectResponse:
        """Redirect to an image. Raises `NotFound` for types that browsers may not show inline."""
        if "signature" in request.query_params:
            params = self._links.verify(own_path(request.scope), request.url.query)
            return self._redirect(self._urls.inline(_method(request), params["key"]))
        record, object_key = await self._own(request, only_types=INLINE_MIME_TYPES)
        return self._redirect(self._urls.inline(_method(request), record.preview_key or object_key))

    async def content(self, request: Request) -> Response:
        """Redirect to the file, which the browser saves under its name.

        With `Accept: application/json` the response is `{"url": …}` instead. A page that signs in
        by token needs that: links send no token, and a `fetch` that is redirected from one foreign
        origin to another sends `Origin: null` (Fetch, "HTTP-redirect fetch"), which the bucket
        rejects.
        """
        if "signature" in request.query_params:
            params = self._links.verify(own_path(request.scope), request.url.query)
            url = self._urls.download(
                _method(request), params["key"], name=params["name"], mime_type=params["type"]
            )
            return self._redirect(url)
        record, object_key = await self._own(request)
        url = self._urls.download(
            _method(request), object_key, name=record.name, mime_type=record.mime_type
        )
        response: Response = self._redirect(url)
        if request.headers.get("accept", "").startswith("application/json"):
            response = JSONResponse({"url": url}, headers={"Cache-Control": "private, no-store"})
        response.headers["Vary"] = "Accept"
        return response

    async def _own(
        self, request: Request, *, only_types: Collection[str] | None = None
    ) -> tuple[AttachmentRecord, str]:
        """Return the user's verified attachment and the key of its bytes.

        Raises `NotFound` and what verification raises.
        """
        context = await self._authentication.context(request)
        user_id, attachment_id = context.user_id, request.path_params["attachment_id"]
        try:
            record = await self._records.load_to_read(user_id, attachment_id, only_types=only_types)
        except NotFound:
            # No message uses it yet, so it was not verified; or it was rejected, and this says why.
            await self._verifier.verify(await self._records.load(user_id, attachment_id))
            record = await self._records.load_to_read(user_id, attachment_id, only_types=only_types)
        assert record.object_key is not None  # noqa: S101 - only such rows are read
        return record, record.object_key

    def _redirect(self, url: str) -> RedirectResponse:
        # 307 keeps the method. `private`, because the URL is a capability of this user.
        headers = {"Cache-Control": f"private, max-age={self._urls.redirect_max_age_seconds}"}
        return RedirectResponse(url, status_code=307, headers=headers)


def _method(request: Request) -> Literal["GET", "HEAD"]:
    """Return the request's method; the routes accept no other."""
    return "HEAD" if request.method == "HEAD" else "GET"
