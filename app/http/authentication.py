"""Authentication of requests, and the sign-in cookie of AUTH_MODE=dev."""

import hmac
from collections.abc import Awaitable, Callable, Sequence

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from app.auth import DEV_COOKIE, Authenticator, DevAuthenticator, bearer_token
from app.context import RequestContext
from app.errors import Unauthenticated
from app.telemetry import logs
from app.workers import working_for

_DEV_COOKIE_SECONDS = 365 * 24 * 3600


class Authentication:
    """Authenticates requests, and makes the context of each.

    `public_base_url` has no trailing slash; without it, links lead to the address of the request.
    `context_headers` names the headers that an assistant reads from the context of a request.
    `check_rate` gets the user's id after authentication and may raise `RateLimited`.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        public_base_url: str | None,
        *,
        check_rate: Callable[[str], Awaitable[None]] | None = None,
        context_headers: Sequence[str] = (),
    ) -> None:
        self._authenticator = authenticator
        self._public_base_url = public_base_url
        self._check_rate = check_rate
        self._context_headers = [name.lower() for name in context_headers]

    async def context(self, request: Request) -> RequestContext:
        """Return the context that stores and the ChatKit server take.

        Raises `Unauthenticated` and `RateLimited`.
        """
        header = self._authenticator.header
        if len(request.headers.getlist(header)) > 1:
            # A proxy may have added its header to the caller's, and nothing distinguishes them.
            raise Unauthenticated(f"The request has more than one {header} header.")
        identity = await self._authenticator.authenticate(request.headers, request.cookies)
        logs.bind(user=identity.user_id)
        working_for.set(identity.user_id)
        if self._check_rate is not None:
            await self._check_rate(identity.user_id)
        return RequestContext(
            user_id=identity.user_id,
            request_id=request.state.request_id,
            base_url=self._public_base_url or _address_of(request),
            claims=identity.claims,
            headers={
                name: request.headers[name]
                for name in self._context_headers
                if name in request.headers
            },
        )


class AdminToken:
    """ADMIN_TOKEN, which administrators send as a bearer token. Without it, nobody is one."""

    def __init__(self, token: SecretStr | None) -> None:
        self._token = token

    def is_in(self, request: Request) -> bool:
        token = bearer_token(request.headers)
        return (
            self._token is not None
            and token is not None
            and hmac.compare_digest(token.encode(), self._token.get_secret_value().encode())
        )

    def check(self, request: Request) -> None:
        """Raise `Unauthenticated` if the request does not have it."""
        if not self.is_in(request):
            raise Unauthenticated("This needs ADMIN_TOKEN as the bearer token.")


def _address_of(request: Request) -> str:
    """Return the URL at which this application is mounted, also within another application."""
    root_path = request.scope.get("root_path", "").rstrip("/")
    return f"{request.url.scheme}://{request.url.netloc}{root_path}"


def dev_sign_in(authenticator: DevAuthenticator) -> Callable[[Request, Response], None]:
    """Return a function that adds the cookie of AUTH_MODE=dev to the response with the page."""

    def set_cookie(request: Request, response: Response) -> None:
        if not authenticator.is_valid(request.cookies.get(DEV_COOKIE)):
            response.set_cookie(
                DEV_COOKIE,
                authenticator.issue(),
                max_age=_DEV_COOKIE_SECONDS,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )

    return set_cookie
