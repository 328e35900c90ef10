"""`/uploads/{attachment_id}/parts` and `/complete`: the upload of a large file in parts.

Their signed links are the permission, as that of the gateway. The parts themselves go to the bucket
or through the gateway.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import paths
from app.attachments.capability_links import LinkSigner
from app.attachments.large_uploads import LargeUploads
from app.http.asgi import own_path
from app.http.limits import ConcurrencyLimit


class LargeUploadEndpoint:
    """Begins and completes uploads in parts. No request has a body that is read."""

    def __init__(self, links: LinkSigner, uploads: LargeUploads) -> None:
        self._links = links
        self._uploads = uploads
        self._of_links = ConcurrencyLimit(
            1, "This file is being uploaded already. Wait a moment, then try again."
        )

    def routes(self) -> Sequence[Route]:
        return [
            Route(paths.UPLOAD_PARTS, self.begin, methods=["POST"]),
            Route(paths.UPLOAD_COMPLETE, self.complete, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Return the links for the parts and for completing, relative to the URL of the request.

        Raises `LinkInvalid`, `LinkExpired`, `RateLimited` and what `LargeUploads.begin` raises.
        """
        params = self._links.verify(own_path(request.scope), request.url.query)
        attachment_id = request.path_params["attachment_id"]
        with self._of_links.slot(params["key"]):
            plan = await self._uploads.begin(attachment_id, params)
        return JSONResponse(
            {
                "parts": [
                    {
                        "size": each.part.size,
                        "url": each.url,
                        "gateway": each.gateway and _relative(each.gateway),
                        "is_uploaded": each.is_uploaded,
                    }
                    for each in plan.parts
                ],
                "complete": _relative(plan.complete),
            }
        )

    async def complete(self, request: Request) -> Response:
        """Make the file of its parts.

        Raises `LinkInvalid`, `LinkExpired`, `RateLimited` and what `LargeUploads.complete` raises.
        """
        params = self._links.verify(own_path(request.scope), request.url.query)
        with self._of_links.slot(params["key"]):
            await self._uploads.complete(params)
        return JSONResponse({"id": request.path_params["attachment_id"], "status": "uploaded"})


def _relative(link: str) -> str:
    """Return a path of this service as seen from `/uploads/{attachment_id}/parts`.

    A proxy may serve the paths below a prefix that this service does not know.
    """
    return "../.." + link
