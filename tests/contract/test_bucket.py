"""The contract of `Bucket` on SeaweedFS, MinIO and moto, and its errors for a store that fails."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.errors import BucketUnavailable, ObjectChanged, ObjectMissing, StorageFull
from app.storage.bucket import Bucket
from app.storage.credentials import Credentials, SessionCredentials
from app.storage.endpoint import Endpoint
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket
from tests.stopwatch import least_async

BODY = bytes(range(256)) * 5
Call = Callable[[], Coroutine[Any, Any, Any]]


def endpoint_of(bucket: TestBucket) -> Endpoint:
    return Endpoint(bucket.endpoint_url, bucket.name, bucket.region, "path")


@pytest.fixture
async def bucket(any_bucket: TestBucket) -> AsyncIterator[Bucket]:
    async with Bucket(endpoint_of(any_bucket), SessionCredentials()) as opened:
        yield opened


async def test_what_was_written_is_found_and_read(bucket: Bucket) -> None:
    etag = await bucket.write("attachments/a b/ü+?&%.txt", BODY, mime_type="text/x-odd")
    head = await bucket.head("attachments/a b/ü+?&%.txt")
    assert (head.size, head.etag, head.mime_type) == (len(BODY), etag, "text/x-odd")
    assert await bucket.read("attachments/a b/ü+?&%.txt", etag=etag) == BODY


async def test_writing_again_replaces(bucket: Bucket) -> None:
    first = await bucket.write("k", b"one", mime_type="text/plain")
    second = await bucket.write("k", b"two", mime_type="image/png")
    assert first != second
    assert await bucket.read("k") == b"two"
    assert (await bucket.head("k")).mime_type == "image/png"


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (0, 16), (3, 7), (0, None), (1279, 1), (1270, 100), (1000, None), (0, 5000), (7, 0)],
)
async def test_a_range_is_read(bucket: Bucket, start: int, length: int | None) -> None:
    await bucket.write("k", BODY, mime_type="text/plain")
    end = None if length is None else start + length
    assert await bucket.read("k", start=start, length=length) == BODY[start:end]


async def test_a_range_past_the_end_is_empty(bucket: Bucket) -> None:
    await bucket.write("k", BODY, mime_type="text/plain")
    assert await bucket.read("k", start=len(BODY)) == b""


async def test_an_empty_object_is_empty_with_and_without_a_range(bucket: Bucket) -> None:
    await bucket.write("k", b"", mime_type="text/plain")
    assert await bucket.read("k") == b""
    assert await bucket.read("k", length=100) == b""


async def test_a_read_pinned_to_another_etag_fails(bucket: Bucket) -> None:
    etag = await bucket.write("k", b"verified", mime_type="text/plain")
    await bucket.write("k", b"swapped", mime_type="text/plain")
    with pytest.raises(ObjectChanged):
        await bucket.read("k", etag=etag)
    with pytest.raises(ObjectChanged):
        await bucket.read("k", etag=etag, start=1, length=2)


async def test_missing_objects_are_missing(bucket: Bucket) -> None:
    with pytest.raises(ObjectMissing):
        await bucket.head("nothing")
    with pytest.raises(ObjectMissing):
        await bucket.read("nothing")
    with pytest.raises(ObjectMissing):
        await bucket.read("nothing", etag='"e"', start=5, length=5)
    with pytest.raises(ObjectMissing):
        await bucket.copy("nothing", "k", etag='"e"', mime_type="text/plain")


async def test_a_copy_has_the_bytes_and_the_type_it_is_given(bucket: Bucket) -> None:
    etag = await bucket.write("attachments/ü +.upload", BODY, mime_type="text/html")
    copied = await bucket.copy(
        "attachments/ü +.upload", "attachments/ü +", etag=etag, mime_type="image/png"
    )
    head = await bucket.head("attachments/ü +")
    assert (head.size, head.etag, head.mime_type) == (len(BODY), copied, "image/png")
    await bucket.delete(["attachments/ü +.upload"])
    assert await bucket.read("attachments/ü +", etag=copied) == BODY


async def test_a_copy_of_swapped_bytes_fails(seaweedfs_bucket: TestBucket) -> None:
    # moto ignores x-amz-copy-source-if-match.
    async with Bucket(endpoint_of(seaweedfs_bucket), SessionCredentials()) as bucket:
        etag = await bucket.write("source", b"verified", mime_type="text/plain")
        await bucket.write("source", b"swapped", mime_type="text/plain")
        with pytest.raises(ObjectChanged):
            await bucket.copy("source", "k", etag=etag, mime_type="text/plain")
        with pytest.raises(ObjectMissing):
            await bucket.head("k")


async def test_deleting_twice_never_fails(bucket: Bucket) -> None:
    await bucket.write("k", BODY, mime_type="text/plain")
    for _ in range(2):
        assert list(await bucket.delete(["k", "never/was"])) == []
    with pytest.raises(ObjectMissing):
        await bucket.head("k")
    assert list(await bucket.delete([])) == []


async def test_more_keys_than_one_request_takes_are_deleted(bucket: Bucket) -> None:
    keys = [f"many/{number:04}" for number in range(1001)]
    for key in (keys[0], keys[999], keys[1000]):
        await bucket.write(key, b"x", mime_type="text/plain")
    assert list(await bucket.delete(keys)) == []
    assert [item.key async for item in bucket.list("many/")] == []


async def test_listing_gives_every_object_below_a_prefix_and_no_other(bucket: Bucket) -> None:
    before = time.time()
    for key in ("p/b", "p/a", "p/c/d", "q/a", "p-"):
        await bucket.write(key, key.encode(), mime_type="text/plain")
    found = [item async for item in bucket.list("p/")]
    assert [(item.key, item.size) for item in found] == [("p/a", 3), ("p/b", 3), ("p/c/d", 5)]
    assert all(abs(item.last_modified.timestamp() - before) < 60 for item in found)


async def test_a_bucket_that_answers_passes_its_check(bucket: Bucket) -> None:
    await bucket.check()


async def test_a_bucket_that_does_not_exist_is_unavailable(any_bucket: TestBucket) -> None:
    endpoint = Endpoint(any_bucket.endpoint_url, "does-not-exist", "us-east-1", "path")
    async with Bucket(endpoint, SessionCredentials()) as absent:
        with pytest.raises(BucketUnavailable):
            await absent.check()
        with pytest.raises(BucketUnavailable):
            await absent.write("k", b"x", mime_type="text/plain")


class FixedCredentials(SessionCredentials):
    def __init__(self, access_key: str, secret_key: str) -> None:
        super().__init__()
        self._fixed = Credentials(access_key, secret_key)

    def __call__(self) -> Credentials:
        return self._fixed


@pytest.mark.parametrize(
    ("access_key", "secret_key"), [("wrong", SECRET_ACCESS_KEY), (ACCESS_KEY_ID, "wrong")]
)
async def test_rejected_credentials_are_not_a_missing_object(
    seaweedfs_bucket: TestBucket, access_key: str, secret_key: str
) -> None:
    credentials = FixedCredentials(access_key, secret_key)
    async with Bucket(endpoint_of(seaweedfs_bucket), credentials) as bucket:
        for call in every_call(bucket):
            with pytest.raises(BucketUnavailable):
                await call()


def every_call(bucket: Bucket) -> list[Call]:
    async def listed() -> None:
        async for _ in bucket.list(""):
            pass

    return [
        lambda: bucket.head("k"),
        lambda: bucket.read("k"),
        lambda: bucket.read("k", etag='"e"', start=1, length=1),
        lambda: bucket.write("k", b"x", mime_type="text/plain"),
        lambda: bucket.copy("k", "l", etag='"e"', mime_type="text/plain"),
        lambda: bucket.delete(["k"]),
        listed,
        bucket.check,
    ]


@pytest.fixture
async def answering() -> AsyncIterator[Callable[[bytes], Coroutine[Any, Any, str]]]:
    """Starts a server that gives every request the same answer. Calling it returns its URL."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(answer: bytes) -> str:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            while b"\r\n" in (line := await reader.readline()):
                length = 0
                while line.strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                    if name.lower() == b"expect":
                        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    line = await reader.readline()
                await reader.readexactly(length)
                writer.write(answer)
            writer.close()

        servers.append(await asyncio.start_server(respond, "127.0.0.1", 0))
        host, port = servers[-1].sockets[0].getsockname()
        return f"http://{host}:{port}"

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def xml_answer(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>words</Message></Error>".encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def test_access_denied_on_reading_means_missing_without_permission_to_list(
    answering: Callable[[bytes], Coroutine[Any, Any, str]],
) -> None:
    url = await answering(xml_answer("403 Forbidden", "AccessDenied"))
    async with Bucket(Endpoint(url, "uploads"), SessionCredentials()) as bucket:
        with pytest.raises(ObjectMissing):
            await bucket.read("k")
        with pytest.raises(BucketUnavailable):
            await bucket.write("k", b"x", mime_type="text/plain")
        with pytest.raises(BucketUnavailable):
            await bucket.delete(["k"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "code"), [("503 Slow Down", "SlowDown"), ("500 Internal Server Error", "Odd")]
)
async def test_a_store_in_trouble_is_unavailable(
    answering: Callable[[bytes], Coroutine[Any, Any, str]], status: str, code: str
) -> None:
    url = await answering(xml_answer(status, code))
    async with Bucket(Endpoint(url, "uploads"), SessionCredentials()) as bucket:
        with pytest.raises(BucketUnavailable):
            await bucket.read("k")


async def test_a_full_store_is_reported_as_full(
    answering: Callable[[bytes], Coroutine[Any, Any, str]],
) -> None:
    url = await answering(xml_answer("507 Insufficient Storage", "XMinioStorageFull"))
    async with Bucket(Endpoint(url, "uploads"), SessionCredentials()) as bucket:
        with pytest.raises(StorageFull):
            await bucket.write("k", b"x", mime_type="text/plain")


async def test_a_mistake_of_ours_is_not_called_unavailable(
    answering: Callable[[bytes], Coroutine[Any, Any, str]],
) -> None:
    url = await answering(xml_answer("400 Bad Request", "InvalidArgument"))
    async with Bucket(Endpoint(url, "uploads"), SessionCredentials()) as bucket:
        with pytest.raises(ClientError):
            await bucket.read("k")


@pytest.mark.slow
async def test_a_store_that_accepts_connections_and_stays_silent_is_unavailable() -> None:
    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    endpoint = Endpoint(f"http://{host}:{port}", "b")
    async with server, Bucket(endpoint, SessionCredentials(), read_timeout_seconds=1) as b:
        started = time.monotonic()
        answers = await asyncio.gather(*(call() for call in every_call(b)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {BucketUnavailable}
        assert time.monotonic() - started < 30


@pytest.mark.slow
async def test_a_store_that_is_down_fails_fast_and_works_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    server = EmbeddedSeaweedFS(
        tmp_path / "data", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY
    )
    await asyncio.to_thread(server.start)
    try:
        bucket_name = await asyncio.to_thread(_create_bucket, server.endpoint_url)
        endpoint = Endpoint(server.endpoint_url, bucket_name, "us-east-1", "path")
        async with Bucket(endpoint, SessionCredentials()) as bucket:
            await bucket.write("k", BODY, mime_type="text/plain")
            await asyncio.to_thread(server.stop)
            for call in every_call(bucket):

                async def seconds_until_failure(call: Call = call) -> float:
                    started = time.monotonic()
                    with pytest.raises(BucketUnavailable):
                        await call()
                    return time.monotonic() - started

                assert await least_async(seconds_until_failure, limit=5) < 5
            await asyncio.to_thread(server.start)
            assert await bucket.read("k") == BODY
    finally:
        await asyncio.to_thread(server.stop)


def _create_bucket(endpoint_url: str) -> str:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint_url, region_name="us-east-1")
    client.create_bucket(Bucket="uploads")
    client.close()
    return "uploads"


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
async def test_of_a_deleted_object_no_version_is_left(
    any_bucket: TestBucket, bucket: Bucket, status: str
) -> None:
    """The store itself is the judge. SeaweedFS 4.48 can't delete a marker while it is suspended."""
    client = boto3.client("s3", endpoint_url=any_bucket.endpoint_url, region_name=any_bucket.region)

    def listed(kind: str) -> set[str]:
        answer = client.list_object_versions(Bucket=any_bucket.name)
        return {each["Key"] for each in answer.get(kind, [])}

    for each in ("Enabled", status):
        client.put_bucket_versioning(
            Bucket=any_bucket.name, VersioningConfiguration={"Status": each}
        )
        for key in ("a", "ab", "b"):
            for body in (b"first", b"second"):
                await bucket.write(key, body, mime_type="text/plain")
        client.delete_object(Bucket=any_bucket.name, Key="b")
    assert await bucket.delete(["a", "b", "never written"]) == []
    assert listed("Versions") == {"ab"}
    if status == "Enabled":
        assert listed("DeleteMarkers") == set()
    assert await bucket.read("ab") == b"second"
    client.close()


async def test_versions_that_may_not_be_listed_are_failures(
    any_bucket: TestBucket, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(key: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectVersions")

    client = boto3.client("s3", endpoint_url=any_bucket.endpoint_url, region_name=any_bucket.region)
    client.put_bucket_versioning(
        Bucket=any_bucket.name, VersioningConfiguration={"Status": "Enabled"}
    )
    client.close()
    await bucket.write("a", b"first", mime_type="text/plain")
    monkeypatch.setattr(bucket, "_versions", denied)
    [failure] = await bucket.delete(["a"])
    assert failure.key == "a" and "AccessDenied" in failure.reason
