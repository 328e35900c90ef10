"""From a request to the context that stores and the ChatKit server take."""

from starlette.requests import Request

from app.auth import Authenticator
from app.context import RequestContext


class Session:
    """Authenticates requests. `public_base_url` has no trailing slash; None: the caller's own."""

    def __init__(self, authenticator: Authenticator, public_base_url: str | None) -> None:
        self._authenticator = authenticator
        self._public_base_url = public_base_url

    async def context(self, request: Request) -> RequestContext:
        """Raises `Unauthenticated`."""
        user_id = await self._authenticator.user_id(request.headers, request.cookies)
        return RequestContext(
            user_id=user_id,
            request_id=request.state.request_id,
            base_url=self._public_base_url or str(request.base_url).rstrip("/"),
        )
