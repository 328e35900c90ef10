"""Logs, `/metrics` and `/readyz` of the real application while it works and while it fails."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.logs import JsonFormatter
from tests.corpus import image
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, user_message
from tests.waiting import wait_until

PNG = image("PNG")
SECRET_TEXT = "my-very-private-question"
SECRET_NAME = "my-very-private-file-name.txt"
SECRET_BYTES = b"my-very-private-bytes"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at every level, as production would write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def lines_of(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(base_url: str) -> Samples:
    """Read the metrics, which the service counts at most once a second."""
    text = httpx.get(f"{base_url}/metrics").raise_for_status().text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def sum_of(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum over all samples of a metric that have these labels."""
    wanted = frozenset(labels.items())
    return sum(
        value for (sample, given), value in samples.items() if sample == name and wanted <= given
    )


def total(base_url: str, name: str, **labels: str) -> float:
    """Read the metrics, and return `sum_of` them."""
    return sum_of(samples(base_url), name, **labels)


@contextmanager
def service(database_url: str, bucket: TestBucket, **changes: object) -> Iterator[str]:
    with running(
        test_settings(database_url, bucket, s3_addressing_style="path", **changes)
    ) as base_url:
        yield base_url


@pytest.mark.slow
def test_a_request_leaves_one_line_with_its_ids_and_no_secret(
    log: io.StringIO, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with service(database_url, seaweedfs_bucket) as base_url:
        alice = ChatKitClient.of(base_url)
        attachment = alice.attach(SECRET_NAME, SECRET_BYTES)
        link = httpx.URL(attachment["upload_descriptor"]["url"])
        events = alice.say(SECRET_TEXT, attachment["id"])
        thread_id = events[0]["thread"]["id"]
        alice.call("threads.get_by_id", thread_id=thread_id)
        refused = alice.http.post(
            "/chatkit", content=f'{{"type": "nothing", "text": "{SECRET_TEXT}"}}'
        )
        httpx.get(
            f"{base_url}/attachments/{attachment['id']}/content",
            headers={"authorization": "Bearer eyJwcml2YXRl.eyJ0b2tlbiI.c2VjcmV0"},
        )
        alice.call("attachments.delete", attachment_id=attachment["id"])
    lines = lines_of(log)
    requests = [line for line in lines if line["logger"] == "app.http.request_metrics"]
    assert all(line["request_id"] for line in requests)

    [created] = [line for line in requests if line.get("operation") == "attachments.create"]
    assert (created["user"], created["route"], created["status"]) == ("alice", "/chatkit", 200)
    assert isinstance(created["duration_ms"], float)
    [uploaded] = [line for line in requests if line["route"] == "/uploads/{attachment_id}"]
    assert uploaded["attachment"] == attachment["id"]
    [read] = [line for line in requests if line.get("operation") == "threads.get_by_id"]
    assert read["thread"] == thread_id
    [deleted] = [line for line in requests if line.get("operation") == "attachments.delete"]
    assert deleted["attachment"] == attachment["id"]
    [failed] = [line for line in requests if line["status"] == 400]
    assert failed["request_id"] == refused.headers["x-request-id"]

    everything = log.getvalue()
    for secret in (
        SECRET_TEXT,
        SECRET_NAME,
        SECRET_BYTES.decode(),
        "X-Amz-Signature",
        link.params["signature"],
        link.params["policy"],
        "eyJ0b2tlbiI",
        seaweedfs_bucket.secret_access_key,
    ):
        assert secret not in everything


def test_a_failure_is_logged_without_what_the_person_wrote(
    log: io.StringIO,
    sql: Callable[[str], str],
    database_url: str,
    seaweedfs_bucket: TestBucket,
) -> None:
    with service(database_url, seaweedfs_bucket) as base_url:
        # A statement that fails with the message among its parameters.
        sql("ALTER TABLE thread_items RENAME COLUMN payload TO gone")
        answer = ChatKitClient.of(base_url).send("threads.create", input=user_message(SECRET_TEXT))
    assert answer.status_code == 500
    assert SECRET_TEXT not in answer.text
    broken = [line for line in lines_of(log) if line["level"] == "error"]
    assert any("exception" in line and line["request_id"] for line in broken)
    assert SECRET_TEXT not in log.getvalue()


def test_metrics_count_what_happens(database_url: str, seaweedfs_bucket: TestBucket) -> None:
    with service(database_url, seaweedfs_bucket, user_quota_bytes=10_000) as base_url:
        before = samples(base_url)
        alice = ChatKitClient.of(base_url)
        fine = alice.attach("notes.txt", b"0123456789")
        alice.say("hello", fine["id"])
        wrong = alice.attach("a.png", b"<html>".ljust(len(PNG)), "image/png")
        alice.send("threads.create", input=user_message("hello", wrong["id"]))
        alice.send("attachments.create", name="big", size=20_000, mime_type="text/plain")
        after = samples(base_url)

        def grown(name: str, **labels: str) -> float:
            return sum_of(after, name, **labels) - sum_of(before, name, **labels)

        assert grown("chatkit_operations_total", operation="attachments.create") == 3
        assert grown("chatkit_operations_total", operation="threads.create") == 2
        assert grown("http_requests_total", route="/chatkit", method="POST", status="200") >= 3
        assert grown("http_request_seconds_count", route="/chatkit") >= 5
        assert grown("http_request_bytes_total", route="/uploads/{attachment_id}") > len(PNG)
        assert grown("attachment_verifications_total", result="stored") == 1
        assert grown("attachment_verifications_total", result="rejected") == 1
        assert grown("attachment_bytes_total") == 10
        assert grown("refusals_total", code="quota_exceeded") == 1
        assert grown("bucket_seconds_count", operation="HeadObject", outcome="ok") >= 2
        # The first bytes of two files, and the whole of the one that the model is shown.
        assert grown("bucket_seconds_count", operation="GetObject", outcome="ok") == 3
        assert grown("database_seconds_count", statement="select", outcome="ok") > 0
        assert grown("model_seconds_count") >= 1
        # The offline model counts none, and that is said.
        assert ("model_tokens_total", frozenset({("kind", "output")})) in after
        assert sum_of(after, "purge_backlog") >= 0


@pytest.mark.slow
def test_paths_and_methods_that_callers_invent_make_no_new_series(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with service(database_url, seaweedfs_bucket) as base_url:
        for number in range(5):
            httpx.request(f"BREW{number}", f"{base_url}/invented/{number}")
        labels = [dict(labels) for (_, labels) in samples(base_url)]
        routes = {each.get("route") for each in labels}
        methods = {each.get("method") for each in labels}
    assert not any("invented" in (route or "") for route in routes)
    assert not any("BREW" in (method or "") for method in methods)


@pytest.mark.slow
def test_the_backlog_tells_how_long_deleted_bytes_have_been_due(
    sql: Callable[[str], str], database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    # Failed three times, so 5 + 10 + 20 seconds ago it was due; the next try is in 40 seconds.
    sql(
        "INSERT INTO attachments (user_id, id, state, name, mime_type, payload, search_terms,"
        " purge_after, purge_attempts) VALUES"
        " ('alice', 'atc_1', 'tombstone', 'a', 'text/plain', '{}', '{}',"
        " now() + interval '40 seconds', 4),"
        " ('alice', 'atc_2', 'tombstone', 'a', 'text/plain', '{}', '{}',"
        " now() + interval '1 hour', 0)"
    )
    with service(database_url, seaweedfs_bucket) as base_url:
        assert total(base_url, "purge_backlog") == 1
        assert 34 <= total(base_url, "purge_backlog_age_seconds") < 60


def answered(url: str, status_code: int) -> httpx.Response | None:
    """The answer, if it has this status: a machine that stalls may make a check late."""
    answer = httpx.get(url)
    return answer if answer.status_code == status_code else None


def test_readiness_names_what_is_missing_and_recovers_by_itself(
    sql: Callable[[str], str], database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with service(database_url, seaweedfs_bucket) as base_url:

        def checks(status_code: int) -> dict[str, str]:
            answer = wait_until(lambda: answered(f"{base_url}/readyz", status_code))
            assert answer.json()["status"] == ("ok" if status_code == 200 else "unavailable")
            said: dict[str, str] = answer.json()["checks"]
            return said

        assert checks(200) == dict.fromkeys(("database", "migrations", "bucket"), "ok")
        sql("ALTER TABLE alembic_version RENAME TO away")
        wait_until(lambda: "app migrate" in checks(503)["migrations"])
        assert httpx.get(f"{base_url}/livez").status_code == 200
        sql("ALTER TABLE away RENAME TO alembic_version")
        # A newer version has migrated while this one still runs: that is no reason to stop.
        sql("UPDATE alembic_version SET version_num = '9999'")
        assert checks(200)
