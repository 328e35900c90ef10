"""Measures the calls to the bucket, for `/metrics` and for traces."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from opentelemetry.trace import Span, StatusCode

from app.telemetry import metrics, tracing

_BEGUN = "begun"


def observe_calls(events: Any) -> None:
    """Measure every call of a client. `events` is its `meta.events`."""
    events.register("before-call.s3", _begin)
    events.register("after-call.s3", _end)
    events.register("after-call-error.s3", _fail)


def start_bucket_span(operation: str) -> Span:
    """Start a span for one S3 call."""
    return tracing.start_call(f"s3 {operation}", {"rpc.method": operation})


@contextmanager
def observed_call(operation: str, *answers: type[Exception]) -> Iterator[None]:
    """Measure one call that is made without botocore.

    `answers` are exceptions that stand for a normal answer of the store, such as a missing object.
    """
    begun_at = perf_counter()
    outcome = "error"
    try:
        with tracing.ending(start_bucket_span(operation)):
            yield
        outcome = "ok"
    except answers:
        outcome = "ok"
        raise
    finally:
        metrics.bucket_seconds.labels(operation, outcome).observe(perf_counter() - begun_at)


def _begin(context: dict[str, Any], model: Any = None, **_: object) -> None:
    context[_BEGUN] = (perf_counter(), start_bucket_span(_name(model)))


def _end(model: Any, context: dict[str, Any], http_response: Any, **_: object) -> None:
    # 404 and 412 are normal answers here. Only a failure of the store itself counts as an error.
    _observe(model, context, "error" if http_response.status_code >= 500 else "ok")


def _fail(context: dict[str, Any], model: Any = None, **_: object) -> None:
    _observe(model, context, "error")


def _observe(model: Any, context: dict[str, Any], outcome: str) -> None:
    begun = context.pop(_BEGUN, None)
    if begun is not None:
        begun_at, span = begun
        metrics.bucket_seconds.labels(_name(model), outcome).observe(perf_counter() - begun_at)
        if outcome == "error":
            span.set_status(StatusCode.ERROR)
        span.end()


def _name(model: Any) -> str:
    return str(getattr(model, "name", "unknown"))
