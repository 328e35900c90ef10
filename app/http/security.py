"""What keeps browsers from doing more for other pages, and with our answers, than they should."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import OriginRefused

# Answers of these routes are one user's own: no cache keeps them.
_PRIVATE_PATHS = ("/chatkit", "/v1/", "/entities")
_A_YEAR = 365 * 24 * 3600

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_CAPABILITIES = "/uploads/"


class SecurityHeaders:
    """Adds what an answer does not set itself.

    `is_https`: the service is reached by TLS, so browsers may remember to use nothing else.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = {
            # A type that is sniffed is a script where a file was meant.
            "x-content-type-options": "nosniff",
            # Our URLs are capabilities: they don't go to the pages that they link to.
            "referrer-policy": "no-referrer",
            # Nobody frames our answers to trick clicks out of people.
            "x-frame-options": "DENY",
        }
        if is_https:
            self._headers["strict-transport-security"] = f"max-age={_A_YEAR}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_private = scope["path"].startswith(_PRIVATE_PATHS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if is_private:
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class CsrfMiddleware:
    """Refuses changes that a page of an unknown origin makes a browser ask for (CSRF).

    For users whom browsers sign in by themselves, by a cookie of ours or of the proxy in front: a
    form, or a `fetch` of a type that needs no preflight, takes it along from any page, and SameSite
    holds only other sites off. Programs name no origin and pass; an upload link is a capability,
    whoever holds it.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] not in _SAFE_METHODS
            and not scope["path"].startswith(_CAPABILITIES)
            and not self._is_known(Headers(scope=scope))
        ):
            raise OriginRefused
        await self._app(scope, receive, send)

    def _is_known(self, headers: Headers) -> bool:
        """By Fetch Metadata, where the browser sends it; a proxy may have rewritten Host."""
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site")
        if origin in self._origins or site in ("same-origin", "none"):
            return True
        if site is None:
            return origin is None or urlsplit(origin).netloc == headers.get("host")
        return False
