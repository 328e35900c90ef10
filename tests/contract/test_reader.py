"""The contract of `ObjectReader` on moto and on SeaweedFS, in both addressing styles."""

import os
from collections.abc import AsyncIterator

import pytest

from app.errors import BucketUnavailable, ObjectChanged, ObjectMissing
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.reader import ObjectReader
from tests.servers import TestBucket


def endpoint_of(bucket: TestBucket) -> Endpoint:
    return Endpoint(bucket.endpoint_url, bucket.name, bucket.region, "path")


@pytest.fixture
async def bucket(any_bucket: TestBucket) -> AsyncIterator[Bucket]:
    async with Bucket(endpoint_of(any_bucket), SessionCredentials()) as opened:
        yield opened


@pytest.fixture
def reader(any_bucket: TestBucket) -> ObjectReader:
    return ObjectReader(endpoint_of(any_bucket), SessionCredentials())


@pytest.mark.parametrize("size", [0, 1, 5000, 6 * 1024 * 1024])
async def test_what_was_written_is_read(bucket: Bucket, reader: ObjectReader, size: int) -> None:
    body = os.urandom(size)
    etag = await bucket.write("attachments/a", body, mime_type="image/png")
    assert await reader.read("attachments/a") == body
    assert await reader.read("attachments/a", etag=etag) == body


async def test_a_read_pinned_to_another_etag_fails(bucket: Bucket, reader: ObjectReader) -> None:
    etag = await bucket.write("k", b"verified", mime_type="text/plain")
    await bucket.write("k", b"swapped", mime_type="text/plain")
    with pytest.raises(ObjectChanged):
        await reader.read("k", etag=etag)


async def test_a_missing_object_is_missing(reader: ObjectReader) -> None:
    with pytest.raises(ObjectMissing):
        await reader.read("attachments/none")


async def test_a_missing_bucket_and_wrong_keys_are_not_a_missing_object(
    seaweedfs_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Endpoint(seaweedfs_bucket.endpoint_url, "no-such-bucket", "us-east-1", "path")
    with pytest.raises(BucketUnavailable):
        await ObjectReader(nowhere, SessionCredentials()).read("k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(BucketUnavailable):
        await ObjectReader(endpoint_of(seaweedfs_bucket), SessionCredentials()).read("k")


async def test_a_store_that_does_not_answer_is_unavailable() -> None:
    reader = ObjectReader(
        Endpoint("http://127.0.0.1:9", "b", "us-east-1", "path"), SessionCredentials()
    )
    with pytest.raises(BucketUnavailable):
        await reader.read("k")


async def test_without_credentials_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    reader = ObjectReader(
        Endpoint("http://127.0.0.1:9", "b", "us-east-1", "path"), SessionCredentials()
    )
    with pytest.raises(BucketUnavailable):
        await reader.read("k")
