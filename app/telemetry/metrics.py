"""All Prometheus metrics. docs/operations.md explains them.

A label has few values: it is never a user, an id or a path. Worker processes of one service keep
their values in files of one directory, so that each can show the sums of all.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

# A container whose file system can't be written has this one, in memory.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the directory below it has a random name

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)

requests = Counter("http_requests", "Requests that have ended.", ("method", "route", "status"))
request_seconds = Histogram(
    "http_request_seconds",
    "From the first byte of a request to the last byte of its response, streams included.",
    ("route",),
    buckets=(*_FAST, 30, 60, 120),
)
requests_open = Gauge("http_requests_open", "Requests under way.", multiprocess_mode="livesum")
bytes_in = Counter("http_request_bytes", "Bytes of request bodies received.", ("route",))

operations = Counter("chatkit_operations", "ChatKit operations begun.", ("operation",))
refusals = Counter(
    "refusals",
    "Requests rejected on purpose, by the code of the error: quota_exceeded, rate_limited, …",
    ("code",),
)

verifications = Counter(
    "attachment_verifications",
    "Attachments verified before their first use: stored, rejected, not_uploaded.",
    ("result",),
)
verified_bytes = Counter("attachment_bytes", "Bytes of attachments that were verified and stored.")

scans = Counter(
    "attachment_scans",
    "Scans of files for malware: clean, malware, failed. A failed one is repeated.",
    ("result",),
)
scan_seconds = Histogram(
    "attachment_scan_seconds", "Scans that gave a result, with the reading.", buckets=_SLOW
)

bucket_seconds = Histogram(
    "bucket_seconds",
    "Calls of the bucket with their retries, until the head of the response.",
    ("operation", "outcome"),
    buckets=_FAST,
)
database_seconds = Histogram(
    "database_seconds", "SQL statements.", ("statement", "outcome"), buckets=_FAST
)

model_seconds = Histogram(
    "model_seconds", "Requests to the model, until the last token of the answer.", buckets=_SLOW
)
answers_failed = Counter(
    "answers_failed", "Answers that ended in an error event, by the kind of failure.", ("kind",)
)
model_tokens = Counter(
    "model_tokens", "Tokens by kind: input, cached_input (part of input), output.", ("kind",)
)

provider_files_uploaded = Counter(
    "provider_files_uploaded", "Files uploaded to the model's provider (MODEL_INPUT=files)."
)
provider_file_bytes = Counter("provider_file_bytes", "Bytes of these files.")
provider_files_deleted = Counter(
    "provider_files_deleted", "Files deleted at the provider because of a deleted attachment."
)
provider_files_lost = Counter(
    "provider_files_lost", "Files that the provider had lost, so that they were uploaded again."
)
provider_file_failures = Counter(
    "provider_file_failures", "Failed requests to the Files API of the provider.", ("operation",)
)

tombstoned = Counter(
    "attachments_tombstoned",
    "Attachments deleted, alone, with their thread or by the sweep. Their bytes are purged later.",
)
expired = Counter("attachments_expired", "Attachments that no message used in time.")
threads_expired = Counter("threads_expired", "Threads deleted by THREAD_RETENTION_DAYS.")
purged = Counter("attachments_purged", "Attachments whose objects and row were deleted.")
purge_failures = Counter(
    "attachment_purge_failures", "Failed attempts to delete the objects of an attachment."
)
purge_backlog = Gauge(
    "purge_backlog",
    "Deleted attachments whose bytes should be gone by now.",
    multiprocess_mode="mostrecent",
)
purge_backlog_age_seconds = Gauge(
    "purge_backlog_age_seconds",
    "A lower bound of the time since the oldest of them became due.",
    multiprocess_mode="mostrecent",
)


@contextmanager
def shared_by_workers() -> Iterator[None]:
    """Let worker processes that start in this context share their values.

    prometheus_client reads the variable when it is imported, so it has no effect on this process.
    """
    parent = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    os.environ[_DIRECTORY] = directory = tempfile.mkdtemp(prefix="chatkit-metrics-", dir=parent)
    try:
        yield
    finally:
        del os.environ[_DIRECTORY]
        shutil.rmtree(directory, ignore_errors=True)


def forget_worker(process_id: int) -> None:
    """Remove the gauges of a worker that has ended. Its counters stay in the sums."""
    mark_process_dead(process_id)  # type: ignore[no-untyped-call]


def page() -> bytes:
    """Return all metrics in Prometheus' format, those of all workers if there are several."""
    if _DIRECTORY not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
