"""Response headers that keep browsers from doing more with our answers than they should."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Answers of these routes are one user's own: no cache keeps them.
_PRIVATE_PATHS = ("/chatkit", "/v1/", "/entities")
_A_YEAR = 365 * 24 * 3600


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
