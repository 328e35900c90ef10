"""What wraps every route: a request id, and errors as JSON inside the CORS headers."""

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError
from app.http.error_responses import error_response, unexpected_error_response
from app.telemetry import logs

logger = logging.getLogger(__name__)

_ACCEPTABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class RequestIdMiddleware:
    """Takes the caller's `x-request-id` or makes one, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ACCEPTABLE_REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        logs.bind(request_id=request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


class ErrorMiddleware:
    """The edge where every exception becomes a response.

    Starlette's own handler for unexpected errors answers outside the CORS middleware, and the
    browser then reports a CORS error in place of the real one; this one stands inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noting_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        request_id = scope["state"]["request_id"]
        try:
            await self._app(scope, receive, send_noting_start)
        except AppError as error:
            if started:
                raise
            if error.status >= 500:
                logger.warning(
                    "%s: %s",
                    error.code,
                    error.message,
                    exc_info=error,
                    extra={"request_id": request_id},
                )
            await error_response(error)(scope, receive, send)
        except Exception:  # the outermost edge: logged with its id, answered in words
            logger.exception("unexpected error", extra={"request_id": request_id})
            if started:
                raise
            await unexpected_error_response(request_id)(scope, receive, send)
