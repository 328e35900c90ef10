"""Who a request is of: the context that stores and the ChatKit server take, and the dev cookie."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from app import logs
from app.auth import DEV_COOKIE, Authenticator, DevAuthenticator
from app.context import RequestContext

_DEV_COOKIE_SECONDS = 365 * 24 * 3600


class Session:
    """Authenticates requests. `public_base_url` has no trailing slash; None: the caller's own.

    `admit` is asked about every user who turns out to be who they say; it may raise `RateLimited`.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        public_base_url: str | None,
        *,
        admit: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._public_base_url = public_base_url
        self._admit = admit

    async def context(self, request: Request) -> RequestContext:
        """Raises `Unauthenticated`, `RateLimited`."""
        user_id = await self._authenticator.user_id(request.headers, request.cookies)
        logs.note(user=user_id)
        if self._admit is not None:
            await self._admit(user_id)
        return RequestContext(
            user_id=user_id,
            request_id=request.state.request_id,
            base_url=self._public_base_url or str(request.base_url).rstrip("/"),
        )


def dev_sign_in(authenticator: DevAuthenticator) -> Callable[[Request, Response], None]:
    """With AUTH_MODE=dev, opening the page is how a person becomes somebody."""

    def welcome(request: Request, response: Response) -> None:
        if not authenticator.is_valid(request.cookies.get(DEV_COOKIE)):
            response.set_cookie(
                DEV_COOKIE,
                authenticator.issue(),
                max_age=_DEV_COOKIE_SECONDS,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )

    return welcome
