"""OpenTelemetry spans of what a request causes: calls to other servers, and whole operations.

Without the `tracing` extra and an endpoint in the OTEL_ variables, OpenTelemetry's API records
nothing. A span names what is done and the ids it is done to. It never has a URL, a text, a name or
a token. What `/metrics` times has a span as well.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

SERVICE_NAME = "chatkit-upload-service"

# A proxy, which records nothing until `send_traces` has set the provider.
tracer = trace.get_tracer(SERVICE_NAME)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

# The ids of a log line that a span may have too.
_IDS = ("operation", "thread", "attachment", "attachments")


def start_call(name: str, attributes: Mapping[str, AttributeValue] | None = None) -> Span:
    """Start the span of a call to another server. The caller ends it (see `ending`)."""
    return _start(name, SpanKind.CLIENT, attributes)


def start_operation(name: str) -> Span:
    """Start the span of an operation within the request. The caller ends it (see `ending`)."""
    return _start(name, SpanKind.INTERNAL, None)


def _start(name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue] | None) -> Span:
    # Outside of a request nothing is recorded: the sweep's statements would be traces of one span.
    if not trace.get_current_span().is_recording():
        return INVALID_SPAN
    return tracer.start_span(name, kind=kind, attributes=attributes)


@contextmanager
def ending(span: Span) -> Iterator[Span]:
    """End `span` after the block. An error marks it as failed, by its type alone.

    The message of an error is left out, because a driver's may quote values.
    """
    try:
        yield span
    except BaseException as exc:
        span.set_attribute("error.type", type(exc).__name__)
        span.set_status(StatusCode.ERROR)
        raise
    finally:
        span.end()


def parent(span: Span) -> AbstractContextManager[object]:
    """Make `span` the parent of what is started in the block, and in tasks created in it."""
    if not span.is_recording():
        return nullcontext()
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def bind(name: str, value: AttributeValue) -> None:
    """Add the field of a log line to the current span, if it is one that spans have."""
    if name in _IDS:
        trace.get_current_span().set_attribute(name, value)


def is_tracing_wanted() -> bool:
    """Return whether an endpoint is configured and the `tracing` extra is installed."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return False
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False


def send_traces() -> None:
    """Send the spans of this process to the endpoint of the OTEL_ variables. Call it once."""
    # These modules belong to the `tracing` extra, which may not be installed.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", SERVICE_NAME)
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
