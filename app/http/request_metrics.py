"""What is seen from outside: one log line and one set of metrics for every request.

Stands in for uvicorn's access log, which would write the query of upload and preview links, and
that is a capability.
"""

import logging
from time import perf_counter

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.database.backlog import purge_backlog
from app.database.engine import Database
from app.errors import DatabaseUnavailable
from app.telemetry import logs, metrics

logger = logging.getLogger(__name__)

# What asks every few seconds tells nothing new.
_QUIET_ROUTES = frozenset({"/livez", "/readyz", "/metrics"})
_UNKNOWN = "unknown"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class RequestMetricsMiddleware:
    """Outermost, so that refusals and preflights are seen too. Expects the request id inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        # No answer at all: the connection was gone, or the process is stopping.
        status, received = 499, 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with logs.about_this_request() as fields, metrics.requests_open.track_inprogress():
            try:
                await self._app(scope, receive_counting, send_noting_status)
            finally:
                seconds = perf_counter() - begun
                route = _route(scope)
                method = scope["method"] if scope["method"] in _METHODS else _UNKNOWN
                metrics.requests.labels(method, route, str(status)).inc()
                metrics.request_seconds.labels(route).observe(seconds)
                metrics.bytes_in.labels(route).inc(received)
                for name in ("attachment", "thread"):
                    if name not in fields:
                        logs.bind(**{name: scope.get("path_params", {}).get(f"{name}_id")})
                fields.update(
                    method=method,
                    route=route,
                    status=status,
                    duration_ms=round(seconds * 1000, 1),
                    bytes_in=received,
                )
                level = logging.DEBUG if route in _QUIET_ROUTES else logging.INFO
                logger.log(level, "request")


class MetricsPage:
    """`/metrics`. The purge backlog is counted when it is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def respond(self, request: Request) -> Response:
        try:
            backlog = await purge_backlog(self._database)
        except DatabaseUnavailable:
            # Unknown is not zero: an alert on the backlog must not be silenced by an outage.
            metrics.purge_backlog.set(float("nan"))
            metrics.purge_backlog_age_seconds.set(float("nan"))
        else:
            metrics.purge_backlog.set(backlog.count)
            metrics.purge_backlog_age_seconds.set(backlog.age_seconds)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _route(scope: Scope) -> str:
    """The route's pattern; anything else a caller invents counts as one."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else _UNKNOWN
