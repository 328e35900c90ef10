"""Middleware for the request id, and for errors as JSON, which get CORS headers too."""

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from app.errors import AppError, Overloaded
from app.http.asgi import HttpMiddleware, on_start
from app.http.error_responses import error_response, unexpected_error_response
from app.telemetry import logs

logger = logging.getLogger(__name__)

_ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class RequestIdMiddleware(HttpMiddleware):
    """Keeps the caller's `x-request-id`, or creates one, and sends it with the response."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ACCEPTED_REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        logs.bind(request_id=request_id)

        def add_id(start: Message) -> None:
            MutableHeaders(scope=start)["x-request-id"] = request_id

        await self._app(scope, receive, on_start(send, add_id))


class ErrorMiddleware(HttpMiddleware):
    """Turns every exception into a response.

    Starlette's own handler for unexpected errors is outside of the CORS middleware, so a browser
    would report a CORS error instead of the real one. This middleware is inside.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        def note_start(_: Message) -> None:
            nonlocal has_started
            has_started = True

        request_id = scope["state"]["request_id"]
        try:
            await self._app(scope, receive, on_start(send, note_start))
        except AppError as error:
            if has_started:
                raise
            # An overloaded process has no time for stacks; `refusals_total` counts them.
            if error.status >= 500 and not isinstance(error, Overloaded):
                logger.warning(
                    "%s: %s",
                    error.code,
                    error.message,
                    exc_info=error,
                    extra={"request_id": request_id},
                )
            await error_response(error)(scope, receive, send)
        except Exception:  # logged with the request id, and the response has that id
            logger.exception("unexpected error", extra={"request_id": request_id})
            if has_started:
                raise
            await unexpected_error_response(request_id)(scope, receive, send)
