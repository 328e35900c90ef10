"""The real command sends a collector its spans: all of a message with a file, and no secret."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.acceptance.test_shutdown import serving
from tests.model_api import Text, model_api
from tests.servers import TestBucket
from tests.service import answer_of, thread_id_of
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE_ID}-00f067aa0ba902b7-01"

# What a person wrote, attached and named, and what the model said.
PRIVATE = ["The plan is Zanzibar", "zanzibar.txt", "sealed-content", "Noted-in-confidence"]
SECRETS = ["test-signing-secret", "sk-traced-key", "X-Amz-Signature", "x-amz-signature", "policy="]


@dataclass
class Collector:
    """Takes OTLP over HTTP as protobuf. `received` is every body, as it came."""

    url: str
    received: list[bytes] = field(default_factory=list)

    def spans(self) -> list[Span]:
        return [
            span
            for body in list(self.received)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans() if span.name == name]


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            assert self.headers["content-type"] == "application/x-protobuf"
            collector.received.append(self.rfile.read(int(self.headers["content-length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def attributes(span: Span) -> dict[str, object]:
    return {
        each.key: [one.string_value for one in each.value.array_value.values]
        if each.value.HasField("array_value")
        else each.value.string_value or each.value.int_value
        for each in span.attributes
    }


def test_a_message_with_an_attachment_is_one_tree_of_spans_without_a_secret(
    tmp_path: Path, database_url: str, moto_bucket: TestBucket
) -> None:
    with model_api() as model, collecting() as collector:
        model.script.extend([Text("Noted-in-confidence"), Text("Noted-in-confidence")])
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "sk-traced-key",
        }
        log = tmp_path / "log"
        with serving(log, database_url, moto_bucket, **settings) as (_, alice):
            attachment = alice.create_attachment("zanzibar.txt", b"sealed-content")
            assert alice.upload(attachment, b"sealed-content").is_success
            alice.http.headers["traceparent"] = CALLER
            events = alice.say("The plan is Zanzibar", attachment["id"])
            assert answer_of(events) == "Noted-in-confidence"
            wait_until(lambda: httpx.get(f"{alice.http.base_url}/readyz").is_success)
            wait_until(lambda: collector.named("chatkit threads.create"))
            thread_id = thread_id_of(events)
        spans = {span.span_id: span for span in collector.spans()}

    # One trace, which is the caller's; every span in it leads up to the request.
    [request] = [
        each for each in collector.named("POST /chatkit") if each.trace_id.hex() == TRACE_ID
    ]
    [operation] = collector.named("chatkit threads.create")
    below: dict[str, list[Span]] = {}
    for span in spans.values():
        if span.trace_id == request.trace_id and span not in (request, operation):
            assert span.parent_span_id == operation.span_id, span.name
            below.setdefault(span.name, []).append(span)
    assert operation.parent_span_id == request.span_id
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    assert attributes(operation) == {
        "operation": "threads.create",
        "thread": thread_id,
        "attachments": [attachment["id"]],
    }

    # What it took: the bucket to verify and to read, the database to keep, the model to answer.
    assert {"s3 HeadObject", "s3 CopyObject", "s3 GetObject"} <= below.keys()
    assert {"postgresql select", "postgresql update"} <= below.keys()
    assert len(below["model title"]) == 1
    [answer] = below["model answer"]
    assert attributes(answer)["gen_ai.usage.output_tokens"]
    for called in below.values():
        for span in called:
            assert span.kind == Span.SPAN_KIND_CLIENT
            assert span.status.code == Status.STATUS_CODE_UNSET, span.name
            assert operation.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= operation.end_time_unix_nano, span.name

    # The upload, in a trace of its own.
    [upload] = collector.named("POST /uploads/{attachment_id}")
    assert attributes(upload)["attachment"] == attachment["id"]
    # Another one has asked the store whether it takes forms.
    posts = [each.parent_span_id for each in collector.named("s3 PostObject")]
    assert posts.count(upload.span_id) == 1

    assert not [each for each in spans.values() if "readyz" in each.name or not each.name]
    sent = b"".join(collector.received)
    keys = [moto_bucket.secret_access_key, moto_bucket.access_key_id]
    link = httpx.URL(attachment["upload_descriptor"]["url"]).params.values()
    for secret in (*PRIVATE, *SECRETS, *keys, *link):
        assert secret.encode() not in sent, secret
