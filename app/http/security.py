"""Protection of users against pages of other origins."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import paths
from app.errors import OriginNotAllowed
from app.http.asgi import HttpMiddleware, on_start, own_path

_A_YEAR = 365 * 24 * 3600
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class SecurityHeaders(HttpMiddleware):
    """Adds security headers that a response does not set itself.

    `is_https` means that this service is reached over TLS; browsers then use nothing else for it.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        super().__init__(app)
        self._headers = {
            # A browser must not guess from a file's content that it is a script.
            "x-content-type-options": "nosniff",
            # Our URLs may be capabilities, so they must not be sent to the targets of links.
            "referrer-policy": "no-referrer",
            # No page may show our responses in a frame and trick users into clicking there.
            "x-frame-options": "DENY",
        }
        if is_https:
            self._headers["strict-transport-security"] = f"max-age={_A_YEAR}"

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_private = own_path(scope).startswith(paths.PRIVATE)

        def add_headers(start: Message) -> None:
            headers = MutableHeaders(scope=start)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            if is_private:
                headers.setdefault("cache-control", "no-store")

        await self._app(scope, receive, on_start(send, add_headers))


class CsrfMiddleware(HttpMiddleware):
    """Rejects changes that a page of an unknown origin makes a browser request (CSRF).

    It is needed where browsers sign users in by themselves, by our cookie or by one of the proxy.
    Any page can send that cookie along with a form, or with a `fetch` that needs no preflight, and
    SameSite keeps only other sites from it. Programs send no origin and pass. Upload links pass
    too, because the link itself is the permission.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        super().__init__(app)
        self._origins = frozenset(origins)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["method"] not in _SAFE_METHODS
            and not own_path(scope).startswith(paths.CAPABILITIES)
            and not self._is_known(Headers(scope=scope))
        ):
            raise OriginNotAllowed
        await self._app(scope, receive, send)

    def _is_known(self, headers: Headers) -> bool:
        """Return whether the request comes from a known page, or from no page at all.

        Fetch Metadata decides where the browser sends it, because a proxy may have changed Host.
        """
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site")
        if origin in self._origins or site in ("same-origin", "none"):
            return True
        if site is None:
            return origin is None or urlsplit(origin).netloc == headers.get("host")
        return False
