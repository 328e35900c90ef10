"""Multipart uploads on SeaweedFS, MinIO and moto, up to the verified file and the sweep."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import httpx
import pytest
from botocore.exceptions import ClientError

from app.errors import BucketUnavailable, ObjectMissing
from app.sizes import LARGE_FILE_BYTES
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.object_keys import upload_key
from app.storage.parts import SMALLEST_PART_BYTES, Part, parts_of
from app.storage.put import presigned_part
from app.storage.signing import UrlSigner
from tests.contract.test_bucket import endpoint_of
from tests.rig import Rig
from tests.servers import TestBucket

KEY = "attachments/uploads/a-b_c"
BODY = bytes(range(256)) * (SMALLEST_PART_BYTES // 256) + b"end"
PARTS = parts_of(len(BODY))
LARGE = LARGE_FILE_BYTES + 1


@pytest.fixture
async def bucket(any_bucket: TestBucket) -> AsyncIterator[Bucket]:
    async with Bucket(endpoint_of(any_bucket), SessionCredentials()) as opened:
        yield opened


@pytest.fixture
def urls(any_bucket: TestBucket) -> UrlSigner:
    return UrlSigner(endpoint_of(any_bucket), SessionCredentials())


async def send(url: str, body: bytes) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return (await client.put(url, content=body)).status_code


async def send_parts(
    urls: UrlSigner, key: str, upload_id: str, parts: list[Part], body: bytes = BODY
) -> None:
    start = 0
    for part in parts:
        url = presigned_part(urls, key, upload_id, part, expires_in=600)
        assert await send(url, body[start : start + part.size]) == 200
        start += part.size


async def test_parts_become_an_object_of_the_given_type(bucket: Bucket, urls: UrlSigner) -> None:
    upload_id = await bucket.multipart.begin(KEY, mime_type="text/x-odd")
    await send_parts(urls, KEY, upload_id, list(PARTS))
    arrived = await bucket.multipart.parts(KEY, upload_id)
    assert [Part(each.number, each.size) for each in arrived] == list(PARTS)
    with pytest.raises(ObjectMissing):
        await bucket.head(KEY)
    await bucket.multipart.complete(KEY, upload_id, arrived)
    head = await bucket.head(KEY)
    assert (head.size, head.mime_type) == (len(BODY), "text/x-odd")
    assert await bucket.read(KEY, etag=head.etag) == BODY


@pytest.mark.slow
async def test_a_part_that_is_sent_again_is_one_part(bucket: Bucket, urls: UrlSigner) -> None:
    """Its answer was lost. SeaweedFS lists both."""
    upload_id = await bucket.multipart.begin(KEY, mime_type="text/plain")
    for _ in range(2):
        await send_parts(urls, KEY, upload_id, list(PARTS))
    arrived = await bucket.multipart.parts(KEY, upload_id)
    assert [Part(each.number, each.size) for each in arrived] == list(PARTS)
    await bucket.multipart.complete(KEY, upload_id, arrived)
    assert await bucket.read(KEY) == BODY


async def test_a_key_has_one_upload_at_most(bucket: Bucket) -> None:
    first = await bucket.multipart.begin(KEY, mime_type="text/plain")
    assert await bucket.multipart.begin(KEY, mime_type="text/plain") == first
    assert await bucket.multipart.begin(KEY + "2", mime_type="text/plain") != first


async def test_of_two_that_began_at_once_both_keep_the_same_one(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two replicas see no upload, and each creates one."""
    listed = bucket.multipart._ids
    both_looked = asyncio.Barrier(2)
    looks = itertools.count()

    async def ids(key: str) -> list[str]:
        found = await listed(key)
        if next(looks) < 4:  # before and after each creates its own
            await both_looked.wait()
        return found

    monkeypatch.setattr(bucket.multipart, "_ids", ids)
    kept = await asyncio.gather(
        *(bucket.multipart.begin(KEY, mime_type="text/plain") for _ in range(2))
    )
    assert await listed(KEY) == kept[:1] == kept[1:]


async def test_a_part_has_the_signed_size(seaweedfs_bucket: TestBucket) -> None:
    # moto enforces nothing.
    await _a_part_has_the_signed_size(seaweedfs_bucket)


@pytest.mark.slow
async def test_a_part_has_the_signed_size_on_minio(minio_bucket: TestBucket) -> None:
    await _a_part_has_the_signed_size(minio_bucket)


async def _a_part_has_the_signed_size(where: TestBucket) -> None:
    urls = UrlSigner(endpoint_of(where), SessionCredentials())
    async with Bucket(endpoint_of(where), SessionCredentials()) as bucket:
        upload_id = await bucket.multipart.begin(KEY, mime_type="text/plain")
        url = presigned_part(urls, KEY, upload_id, Part(1, 5), expires_in=600)
        assert [await send(url, body) for body in (b"more bytes", b"less")] == [403, 403]
        assert await send(url.replace("partNumber=1", "partNumber=2"), b"bytes") == 403
        assert await bucket.multipart.parts(KEY, upload_id) == []


async def test_an_aborted_upload_is_gone_with_its_parts(bucket: Bucket, urls: UrlSigner) -> None:
    upload_id = await bucket.multipart.begin(KEY, mime_type="text/plain")
    await send_parts(urls, KEY, upload_id, list(PARTS))
    for _ in range(2):
        await bucket.multipart.abort([KEY, "attachments/uploads/never-was"])
    with pytest.raises(ObjectMissing):
        await bucket.multipart.parts(KEY, upload_id)
    url = presigned_part(urls, KEY, upload_id, PARTS[0], expires_in=600)
    assert await send(url, BODY[: PARTS[0].size]) in (404, 500)  # 500: moto
    with pytest.raises(ObjectMissing):
        await bucket.head(KEY)


async def test_credentials_that_may_not_list_uploads_have_none_to_abort(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(code: str) -> None:
        async def ids(key: str) -> list[str]:
            raise ClientError({"Error": {"Code": code}}, "ListMultipartUploads")

        monkeypatch.setattr(bucket.multipart, "_ids", ids)

    for code in ("AccessDenied", "NotImplemented"):
        raises(code)
        await bucket.multipart.abort([KEY])
    raises("SlowDown")
    with pytest.raises(BucketUnavailable):
        await bucket.multipart.abort([KEY])


@pytest.mark.slow
async def test_a_file_of_parts_is_verified_and_pinned(rig: Rig, any_bucket: TestBucket) -> None:
    urls = UrlSigner(endpoint_of(any_bucket), SessionCredentials())
    body = b"line\n" * (LARGE // 5 + 1)
    record = await rig.reserve(size=len(body))
    assert record.object_key
    key = upload_key(record.object_key)
    upload_id = await rig.bucket.multipart.begin(key, mime_type="text/plain")
    await send_parts(urls, key, upload_id, list(parts_of(len(body))), body)
    arrived = await rig.bucket.multipart.parts(key, upload_id)
    await rig.bucket.multipart.complete(key, upload_id, arrived)
    stored = await rig.verifier.verify(record)
    assert (stored.state, stored.size) == ("stored", len(body))
    assert await rig.bucket.read(record.object_key, etag=stored.etag, length=5) == b"line\n"
    await rig.later()
    assert (await rig.sweeper.sweep_once()).failed == 0
    assert await rig.objects() == []


async def test_parts_that_are_never_completed_are_deleted(rig: Rig, any_bucket: TestBucket) -> None:
    """By the sweep of abandoned attachments, and at once when the attachment is deleted."""
    urls = UrlSigner(endpoint_of(any_bucket), SessionCredentials())
    for attachment_id, deleted in (("atc_abandoned", False), ("atc_deleted", True)):
        record = await rig.reserve(attachment_id, size=LARGE)
        assert record.object_key
        key = upload_key(record.object_key)
        upload_id = await rig.bucket.multipart.begin(key, mime_type="text/plain")
        await send_parts(urls, key, upload_id, list(PARTS))
        if deleted:
            await rig.records.tombstone("alice", attachment_id)
        else:
            await rig.later(7200)
        assert (await rig.sweeper.sweep_once()).failed == 0
        with pytest.raises(ObjectMissing):
            await rig.bucket.multipart.parts(key, upload_id)


@pytest.mark.slow
async def test_parts_are_deleted_before_the_copy_is_made(rig: Rig) -> None:
    """Otherwise a file could be in the bucket three times, which its quota does not count."""
    record = await rig.uploaded(body=b"line\n" * (LARGE // 5 + 1))
    assert record.object_key
    key = upload_key(record.object_key)
    upload_id = await rig.bucket.multipart.begin(key, mime_type="text/plain")
    await rig.verifier.verify(record)
    with pytest.raises(ObjectMissing):
        await rig.bucket.multipart.parts(key, upload_id)
