"""OpenTelemetry spans: the `tracing` extra, switched on by OTEL_ variables; otherwise nothing.

A span says what was done and to which ids, never with what: no URL, text, name or token is ever in
one. Below a request, what is timed for `/metrics` has a span as well.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE_NAME = "chatkit-upload-service"

# The ids that a span may name, of all that a log line does.
_IDS = ("operation", "thread", "attachment", "attachments")


class _Switch:
    """One a process, like OpenTelemetry's own provider, which `send_traces` sets."""

    tracer: "Tracer | None" = None


class Span:
    """A piece of work, from `begin` to `end` or the end of a `with`. This one leaves no trace."""

    def end(self, attributes: Mapping[str, object] | None = None, *, failed: bool = False) -> None:
        """Once; later calls do nothing."""

    @contextmanager
    def as_parent(self) -> Iterator[Self]:
        """What begins inside, in tasks that are started there too, is part of this work."""
        yield self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.end({"error.type": kind.__name__} if kind else None, failed=kind is not None)


class _Traced(Span):
    def __init__(self, span: "OtelSpan") -> None:
        self._span = span

    def end(self, attributes: Mapping[str, object] | None = None, *, failed: bool = False) -> None:
        from opentelemetry.trace import StatusCode

        if not self._span.is_recording():
            return
        self._span.set_attributes(_allowed(attributes))
        if failed:
            # Without its words: a driver's quote values.
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    @contextmanager
    def as_parent(self) -> Iterator[Self]:
        from opentelemetry.trace import use_span

        with use_span(self._span, record_exception=False, set_status_on_exception=False):
            yield self


_NOTHING = Span()


def begin(
    name: str, attributes: Mapping[str, object] | None = None, *, is_call: bool = False
) -> Span:
    """Work within a request's span. `is_call`: of another server.

    Outside of any nothing is traced: what the sweep does each minute would be traces of one span.
    """
    if _Switch.tracer is None:
        return _NOTHING
    from opentelemetry import trace

    if not trace.get_current_span().is_recording():
        return _NOTHING
    kind = trace.SpanKind.CLIENT if is_call else trace.SpanKind.INTERNAL
    return _Traced(_Switch.tracer.start_span(name, kind=kind, attributes=_allowed(attributes)))


def bind(**fields: object) -> None:
    """What the current span is about, of `operation`, `thread`, `attachment`, `attachments`."""
    if _Switch.tracer is None:
        return
    from opentelemetry import trace

    named = {name: value for name, value in fields.items() if name in _IDS}
    trace.get_current_span().set_attributes(_allowed(named))


def is_tracing_wanted() -> bool:
    """An endpoint is named, and the extra is installed."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return False
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # of what its name begins with
        return False


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
    trace_with(provider.get_tracer(SERVICE_NAME))


def trace_with(tracer: "Tracer | None") -> None:
    """Give spans to `tracer` from now on; None: to nobody."""
    _Switch.tracer = tracer


def tracer() -> "Tracer":
    """What requests are traced with. A span of it that nobody asked for costs nothing."""
    from opentelemetry import trace

    return _Switch.tracer or trace.get_tracer(SERVICE_NAME)


def _allowed(attributes: Mapping[str, object] | None) -> dict[str, Any]:
    """What OpenTelemetry takes as a value; anything else is left out."""
    return {
        name: value
        for name, value in (attributes or {}).items()
        if isinstance(value, str | bool | int | float | list)
    }
