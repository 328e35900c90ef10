"""The Prometheus metrics that more than one room reports to; docs/operations.md explains them.

A metric of one room alone is defined there (attachments/deletion.py). Labels have few values:
never a user, an id or a path.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)

requests = Counter("http_requests", "Requests answered.", ("method", "route", "status"))
request_seconds = Histogram(
    "http_request_seconds",
    "From the first byte of a request to the last of its answer, streams included.",
    ("route",),
    buckets=(*_FAST, 30, 60, 120),
)
requests_open = Gauge("http_requests_open", "Requests being answered now.")
bytes_in = Counter("http_request_bytes", "Bytes of request bodies received.", ("route",))

operations = Counter("chatkit_operations", "ChatKit operations begun.", ("operation",))
refusals = Counter(
    "refusals",
    "Requests refused on purpose, by the error's code: quota_exceeded, rate_limited, …",
    ("code",),
)

verifications = Counter(
    "attachment_verifications",
    "Attachments looked at when a message first used them: stored, rejected, not_uploaded.",
    ("result",),
)
verified_bytes = Counter("attachment_bytes", "Bytes of attachments that were verified and kept.")

bucket_seconds = Histogram(
    "bucket_seconds",
    "Calls of the bucket, repeated attempts included, until its answer's head.",
    ("operation", "outcome"),
    buckets=_FAST,
)
database_seconds = Histogram(
    "database_seconds", "SQL statements.", ("statement", "outcome"), buckets=_FAST
)

model_seconds = Histogram(
    "model_seconds", "Answers of the model, to their last token.", buckets=_SLOW
)
model_tokens = Counter(
    "model_tokens", "Tokens of the model: input, cached_input (part of input), output.", ("kind",)
)

tombstoned = Counter(
    "attachments_tombstoned",
    "Attachments deleted, by themselves, with their thread or by the sweep: bytes to be purged.",
)
purge_backlog = Gauge("purge_backlog", "Deleted attachments whose bytes should be gone by now.")
purge_backlog_age_seconds = Gauge(
    "purge_backlog_age_seconds", "For how long the oldest of them has been due, at least."
)


@contextmanager
def timed(histogram: Histogram, **labels: str) -> Iterator[None]:
    """Observe how long the inside takes, whether it succeeds or not."""
    begun = perf_counter()
    try:
        yield
    finally:
        child = histogram.labels(**labels) if labels else histogram
        child.observe(perf_counter() - begun)
