"""A store that answers late, as a cluster of MinIO does for a while when one of its nodes died.

MinIO then answers GET and COPY after 10.0 seconds, and all other requests at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.chat import waiting
from app.errors import BucketUnavailable
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.reader import ObjectReader
from tests.middlebox import Answers, in_front_of, s3_error
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    Event,
    answer_of,
    running,
    test_settings,
    thread_id_of,
)

LATE_SECONDS = 0.4
# The fixtures of all tests change it.
PATIENCE_SECONDS = waiting.PATIENCE_SECONDS


def is_late(request: Request) -> bool:
    return request.method == "GET" or "x-amz-copy-source" in request.headers


@contextmanager
def late(
    bucket: TestBucket,
    *,
    seconds: float = LATE_SECONDS,
    answers: Answers = lambda request: None,
) -> Iterator[TestBucket]:
    """Yield the bucket behind a middlebox that holds GET and COPY."""
    with in_front_of(
        bucket.endpoint_url,
        answers=answers,
        delays=lambda request: seconds if is_late(request) else 0.0,
    ) as url:
        yield TestBucket(url, bucket.name)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the chat say what it waits for after less than the tests' delay."""
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", LATE_SECONDS / 4)


def texts_of_progress(events: list[Event]) -> list[str]:
    return [event["text"] for event in events if event["type"] == "progress_update"]


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_the_stream_says_what_is_waited_for(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with (
        late(seaweedfs_bucket) as bucket,
        running(test_settings(database_url, bucket)) as base_url,
    ):
        alice = ChatKitClient.of(base_url)
        thread_id = None
        for word in ("rhubarb", "quince"):
            attachment = alice.attach(body=f"The word is {word}.".encode())
            events = alice.say("Look", attachment["id"], thread_id=thread_id)
            assert events[0]["type"] == "progress_update"
            assert texts_of_progress(events) == [waiting.CHECKING_FILES, waiting.READING_FILES]
            assert word in answer_of(events)
            thread_id = thread_id or thread_id_of(events)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_a_store_that_fails_after_the_wait_keeps_nothing_and_says_so(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    def fail(request: Request) -> Response | None:
        return s3_error(503, "SlowDown") if "x-amz-copy-source" in request.headers else None

    with (
        late(seaweedfs_bucket, answers=fail) as bucket,
        running(test_settings(database_url, bucket)) as base_url,
    ):
        alice = ChatKitClient.of(base_url)
        events = alice.say("Look", alice.attach()["id"])
        assert alice.call("threads.list")["data"] == []
    assert [event["type"] for event in events] == ["progress_update", "error"]
    assert events[1]["message"] == BucketUnavailable.default_message
    assert events[1]["allow_retry"] is False, "there is no message that could be answered again"


def test_a_fast_store_is_no_progress_event(database_url: str, seaweedfs_bucket: TestBucket) -> None:
    with running(test_settings(database_url, seaweedfs_bucket)) as base_url:
        alice = ChatKitClient.of(base_url)
        events = alice.say("Look", alice.attach()["id"])
    assert texts_of_progress(events) == []


@pytest.mark.slow
def test_ten_seconds_for_each_request_are_waited_for(
    database_url: str, seaweedfs_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delay of the real MinIO, within the service's own limits."""
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    with (
        late(seaweedfs_bucket, seconds=10.0) as bucket,
        running(test_settings(database_url, bucket)) as base_url,
    ):
        alice = ChatKitClient.of(base_url)
        alice.http.timeout = 120
        attachment = alice.attach(body=b"The word is rhubarb.")
        events = alice.say("Look", attachment["id"])
    assert events[0]["type"] == "progress_update"
    assert "rhubarb" in answer_of(events)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Bucket, ObjectReader])
async def test_a_request_that_got_no_answer_is_sent_again(
    kind: Callable[..., Bucket | ObjectReader], seaweedfs_bucket: TestBucket
) -> None:
    held: list[str] = []

    def first_one(request: Request) -> float:
        held.append(request.url.path)
        return 5 * LATE_SECONDS if len(held) == 1 else 0.0

    async with Bucket(endpoint_of(seaweedfs_bucket), SessionCredentials()) as bucket:
        await bucket.write("k", b"bytes", mime_type="text/plain")
    with in_front_of(seaweedfs_bucket.endpoint_url, delays=first_one) as url:
        store = kind(
            endpoint_of(TestBucket(url, seaweedfs_bucket.name)),
            SessionCredentials(),
            read_timeout_seconds=LATE_SECONDS,
        )
        if isinstance(store, Bucket):
            async with store:
                assert await store.read("k") == b"bytes"
        else:
            assert await store.read("k") == b"bytes"
    assert len(held) == 2


def endpoint_of(bucket: TestBucket) -> Endpoint:
    return Endpoint(bucket.endpoint_url, bucket.name, bucket.region, "path")
