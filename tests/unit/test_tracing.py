"""Spans of requests: what they name, and what they never hold."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Scope

from app.http.tracing import TracingMiddleware, is_tracing_wanted

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


async def upload(request: Request) -> Response:
    request.state.request_id = "r1"
    return Response(status_code=503)


async def test_a_request_is_one_span_in_the_callers_trace_without_its_query() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traced = TracingMiddleware(Starlette(routes=[Route("/uploads/{id}", upload)]))
    traced._tracer = provider.get_tracer("test")
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/uploads/atc_1",
        "query_string": b"signature=SECRET",
        "headers": [(b"traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01".encode())],
        "state": {},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None: ...

    await traced(scope, receive, send)
    [span] = exporter.get_finished_spans()
    assert span.name == "GET /uploads/{id}"
    assert span.context is not None
    assert format(span.context.trace_id, "032x") == TRACE_ID
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 503
    assert span.attributes["request_id"] == "r1"
    assert not span.status.is_ok
    assert "SECRET" not in span.to_json()
    provider.shutdown()


def test_tracing_is_off_until_somebody_says_where_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert not is_tracing_wanted()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert is_tracing_wanted()
