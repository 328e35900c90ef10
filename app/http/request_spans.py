"""One OpenTelemetry span for each request.

A span contains the route and the ids that the logs contain too. It never contains the query, which
the usual instrumentation would add: the query may be a capability.
"""

from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from app import paths
from app.http.asgi import HttpMiddleware, on_start, own_path
from app.telemetry import tracing


class TracingMiddleware(HttpMiddleware):
    """Starts a span for each request, in the caller's trace where it sent a `traceparent`."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if own_path(scope) in paths.QUIET:
            await self._app(scope, receive, send)
            return
        parent = extract(dict(Headers(scope=scope)))
        with tracing.tracer.start_as_current_span(
            scope["method"],
            context=parent,
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def record_status(start: Message) -> None:
                span.set_attribute("http.response.status_code", start["status"])
                if start["status"] >= 500:
                    span.set_status(StatusCode.ERROR)

            try:
                await self._app(scope, receive, on_start(send, record_status))
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.route", route)
                span.set_attribute("request_id", scope.get("state", {}).get("request_id", ""))
