"""One log line and one set of metrics for every request, and the route that shows all metrics.

The log line replaces uvicorn's access log, which would contain the query of upload and preview
links. That query is a capability.
"""

import asyncio
import logging
from collections.abc import Sequence
from time import perf_counter

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from app import paths
from app.database.backlog import purge_backlog
from app.database.engine import Database
from app.errors import DatabaseUnavailable
from app.http.asgi import HttpMiddleware, on_start
from app.http.shared_result import SharedResult
from app.telemetry import logs, metrics

logger = logging.getLogger(__name__)

_UNKNOWN = "unknown"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})

# nginx's status for a request without a response: the connection was lost, or the process stops.
CLIENT_CLOSED_REQUEST = 499


class RequestMetricsMiddleware(HttpMiddleware):
    """Logs and measures each request.

    It is the outermost middleware, so it sees rejected requests and preflights too. The request id
    is set inside of it.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        status, received = CLIENT_CLOSED_REQUEST, 0

        async def receive_counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        def note_status(start: Message) -> None:
            nonlocal status
            status = start["status"]

        with logs.about_this_request() as fields, metrics.requests_open.track_inprogress():
            try:
                await self._app(scope, receive_counting, on_start(send, note_status))
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
                level = logging.DEBUG if route in paths.QUIET else logging.INFO
                logger.log(level, "request")


class MetricsPage:
    """`/metrics`, for Prometheus. The purge backlog is counted for each page.

    A page takes milliseconds for each worker process, so it is made in a thread, and at most one
    per second.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._page = SharedResult(self._write, pause_seconds=1)

    def routes(self) -> Sequence[Route]:
        return [Route(paths.METRICS, self.respond)]

    async def respond(self, request: Request) -> Response:
        return Response(await self._page.get(), media_type=CONTENT_TYPE_LATEST)

    async def _write(self) -> bytes:
        try:
            backlog = await purge_backlog(self._database)
        except DatabaseUnavailable:
            # Unknown is not zero: an alert on the backlog must not end because of an outage.
            metrics.purge_backlog.set(float("nan"))
            metrics.purge_backlog_age_seconds.set(float("nan"))
        else:
            metrics.purge_backlog.set(backlog.count)
            metrics.purge_backlog_age_seconds.set(backlog.age_seconds)
        return await asyncio.to_thread(metrics.page)


def _route(scope: Scope) -> str:
    """Return the pattern of the route. All paths without a route count as one."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else _UNKNOWN
