"""OpenTelemetry spans of requests.

A span names the route and the ids that the logs name too, never the query: it is a capability, and
the usual instrumentation would send it along.
"""

from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry import tracing

# What asks every few seconds tells nothing new.
_QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})


class TracingMiddleware:
    """One span a request, part of the caller's trace where it sent a `traceparent`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _QUIET_PATHS:
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

            async def send_noting_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self._app(scope, receive, send_noting_status)
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.route", route)
                span.set_attribute("request_id", scope.get("state", {}).get("request_id", ""))
