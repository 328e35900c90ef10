"""OpenTelemetry spans of requests: the `tracing` extra, switched on by OTEL_ variables.

A span names the route and the ids that the logs name too, never the query: it is a capability, and
the usual instrumentation would send it along.
"""

import os
from importlib.util import find_spec

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE_NAME = "chatkit-upload-service"


def is_tracing_wanted() -> bool:
    """An endpoint is named, and the extra is installed."""
    return any(os.environ.get(name) for name in _ENDPOINTS) and (
        find_spec("opentelemetry.exporter") is not None
    )


def send_traces() -> None:
    """Make this process send its spans where the OTEL_ variables say. Call it once."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", SERVICE_NAME)
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


class TracingMiddleware:
    """One span a request, part of the caller's trace where it sent a `traceparent`."""

    def __init__(self, app: ASGIApp) -> None:
        from opentelemetry import trace

        self._app = app
        self._tracer = trace.get_tracer(SERVICE_NAME)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, Status, StatusCode

        parent = extract(dict(Headers(scope=scope)))
        with self._tracer.start_as_current_span(
            scope["method"], context=parent, kind=SpanKind.SERVER, record_exception=False
        ) as span:

            async def send_noting_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self._app(scope, receive, send_noting_status)
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.route", route)
                span.set_attribute("request_id", scope.get("state", {}).get("request_id", ""))
