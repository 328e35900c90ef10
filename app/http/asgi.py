"""What the middleware of this service has in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HttpMiddleware(ABC):
    """Handles HTTP requests. Other scopes, such as the lifespan, go straight to the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.handle(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @abstractmethod
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""


def own_path(scope: Scope) -> str:
    """Return the path below the prefix at which this application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def on_start(send: Send, act: Callable[[Message], None]) -> Send:
    """Return a `send` that calls `act` with the start message of the response: status, headers."""

    async def send_and_act(message: Message) -> None:
        if message["type"] == "http.response.start":
            act(message)
        await send(message)

    return send_and_act
