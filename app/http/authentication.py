"""Who a request is of: the context that stores and the ChatKit server take, and the dev cookie."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from app.auth import DEV_COOKIE, Authenticator, DevAuthenticator
from app.context import RequestContext
from app.telemetry import logs

_DEV_COOKIE_SECONDS = 365 * 24 * 3600


class Authentication:
    """Authenticates requests. `public_base_url` has no trailing slash; None: the caller's own.

    `check_rate` runs after authentication with the user's id and may raise `RateLimited`.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        public_base_url: str | None,
        *,
        check_rate: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._public_base_url = public_base_url
        self._check_rate = check_rate

    async def context(self, request: Request) -> RequestContext:
        """Raises `Unauthenticated`, `RateLimited`."""
        user_id = await self._authenticator.user_id(request.headers, request.cookies)
        logs.bind(user=user_id)
        if self._check_rate is not None:
            await self._check_rate(user_id)
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
