"""Spans: what they name, what they never hold, and that there are none unless somebody wants them.

tests/integration/test_traces.py sends those of the whole service to a collector.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Scope

from app.chat.model_metrics import ModelMeter
from app.http.request_spans import TracingMiddleware
from app.telemetry import logs, tracing
from app.telemetry.tracing import is_tracing_wanted

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    """Record this process's spans from now on: OpenTelemetry has one provider a process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def exported(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """The spans of this test that have ended, in that order."""
    exporter.clear()
    yield exporter
    exporter.clear()


async def upload(request: Request) -> Response:
    request.state.request_id = "r1"
    return Response(status_code=503)


async def test_a_request_is_one_span_in_the_callers_trace_without_its_query(
    exported: InMemorySpanExporter,
) -> None:
    traced = TracingMiddleware(Starlette(routes=[Route("/uploads/{id}", upload)]))
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
    [span] = exported.get_finished_spans()
    assert span.name == "GET /uploads/{id}"
    assert span.context is not None
    assert format(span.context.trace_id, "032x") == TRACE_ID
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 503
    assert span.attributes["request_id"] == "r1"
    assert not span.status.is_ok
    assert "SECRET" not in span.to_json()


def test_tracing_is_off_until_somebody_says_where_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert not is_tracing_wanted()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert is_tracing_wanted()


async def test_work_is_part_of_what_it_was_begun_in_and_outlives_it(
    exported: InMemorySpanExporter,
) -> None:
    async def answer() -> None:
        logs.bind(user="alice", thread="thr_1", attachments=["atc_1", "x?signature=SECRET"])
        await asyncio.sleep(0)
        tracing.start_call("call").end()

    with tracing.tracer.start_as_current_span("request"), logs.about_this_request():
        operation = tracing.start_operation("operation")
        with tracing.parent(operation):
            task = asyncio.create_task(answer())
    await task
    operation.end()
    request, call, ended = exported.get_finished_spans()
    assert (request.name, call.name, ended.name) == ("request", "call", "operation")
    assert call.parent == ended.context and ended.parent == request.context
    assert ended.status.is_unset
    assert dict(ended.attributes or {}) == {
        "thread": "thr_1",
        "attachments": ("atc_1", "x?signature=[hidden]"),
    }, "nobody's name, and no secret"


def test_work_that_fails_says_so_without_its_words(exported: InMemorySpanExporter) -> None:
    with (
        tracing.tracer.start_as_current_span("request", record_exception=False),
        pytest.raises(ValueError, match="SECRET"),
        tracing.ending(tracing.start_call("call")),
    ):
        raise ValueError("SECRET")
    call, _ = exported.get_finished_spans()
    assert not call.status.is_ok and dict(call.attributes or {}) == {"error.type": "ValueError"}
    assert "SECRET" not in call.to_json()


async def test_a_question_that_the_model_did_not_answer_has_failed(
    exported: InMemorySpanExporter,
) -> None:
    observed = ModelMeter()
    nothing: Any = None
    with tracing.tracer.start_as_current_span("request"):
        await observed.on_llm_start(nothing, nothing, nothing, [])
        observed.close()
    question, _ = exported.get_finished_spans()
    assert question.name == "model answer" and question.status.status_code is StatusCode.ERROR


def test_work_outside_of_a_request_is_not_traced(exported: InMemorySpanExporter) -> None:
    tracing.start_operation("sweep").end()
    assert exported.get_finished_spans() == ()


def test_the_tracing_extra_is_not_needed() -> None:
    """In a process that can import OpenTelemetry's API alone, with an endpoint configured."""
    program = """
import sys
sys.modules["opentelemetry.sdk"] = sys.modules["opentelemetry.exporter"] = None
from app.telemetry import logs, tracing
assert not tracing.is_tracing_wanted()
span = tracing.start_operation("an operation")
with logs.about_this_request(), tracing.ending(span), tracing.parent(span):
    logs.bind(thread="thr_1")
    tracing.start_call("a call", {"x": 1}).end()
assert not span.is_recording()
"""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
