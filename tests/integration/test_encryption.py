"""SSE-KMS: every object that is written is encrypted with the key of S3_SSE_KMS_KEY_ID.

MinIO is the judge: it has a KMS of its own, and these buckets have no encryption by default.
"""

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import httpx
import httpx2
import pytest
from PIL import Image

from app.doctor import bucket_checks
from app.doctor.deployment import deployment_of
from app.doctor.report import NotChecked, Problem
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.object_keys import preview_key
from app.storage.put import PresignedPut, PutSigner
from app.storage.setup import Access, set_up_bucket
from app.storage.signing import UrlSigner
from tests.minio_server import running_minio
from tests.servers import TestBucket, create_bucket
from tests.service import ChatKitClient, answer_of, running, test_settings

pytestmark = pytest.mark.slow

KEY = "own-key"


@pytest.fixture(scope="module")
def kms_endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_minio(tmp_path_factory.mktemp("minio-kms"), kms_key=KEY) as url:
        yield url


@pytest.fixture
def kms_bucket(kms_endpoint_url: str) -> TestBucket:
    return create_bucket(kms_endpoint_url)


def encryptions(bucket: TestBucket) -> dict[str, tuple[str | None, str]]:
    """Return the algorithm and the name of the key of every object."""
    client: Any = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    with closing(client):
        listed = client.list_objects_v2(Bucket=bucket.name).get("Contents", ())
        heads = {
            each["Key"]: client.head_object(Bucket=bucket.name, Key=each["Key"]) for each in listed
        }
    return {
        key: (head.get("ServerSideEncryption"), head.get("SSEKMSKeyId", "").rpartition(":")[2])
        for key, head in heads.items()
    }


def png() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((400, 400), 80).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_uploads_verified_copies_and_previews_are_encrypted_with_the_key(
    method: str, database_url: str, kms_bucket: TestBucket
) -> None:
    settings = test_settings(database_url, kms_bucket, s3_sse_kms_key_id=KEY, upload_method=method)
    with running(settings) as url, ChatKitClient.of(url).http as http:
        user = ChatKitClient(http)
        image = user.attach("a.png", png(), "image/png")
        assert answer_of(user.say("look", image["id"]))
        direct = http.post("/attachments", files={"file": ("b.txt", b"hello", "text/plain")})
        assert direct.is_success, direct.text
        content = http.get(f"/attachments/{image['id']}/content", follow_redirects=True)
        assert content.is_success
    found = encryptions(kms_bucket)
    assert len(found) == 5, "an image with its upload and its preview, and a text with its upload"
    assert any(key.endswith(preview_key("")) for key in found)
    assert set(found.values()) == {("aws:kms", KEY)}


@pytest.mark.parametrize("store", ["kms_bucket", "moto_bucket"])
async def test_every_way_to_write_names_the_key(store: str, request: pytest.FixtureRequest) -> None:
    bucket: TestBucket = request.getfixturevalue(store)
    endpoint = Endpoint(bucket.endpoint_url, bucket.name, bucket.region, "path", KEY)
    credentials = SessionCredentials()
    async with Bucket(endpoint, credentials) as opened:
        etag = await opened.write("attachments/a", b"hello", mime_type="text/plain")
        await opened.copy("attachments/a", "attachments/b", etag=etag, mime_type="text/plain")
    fields = PutSigner(UrlSigner(endpoint, credentials)).presign(
        "attachments/c", mime_type="text/plain", size=5, expires_in=60
    )
    put = PresignedPut.of(fields)
    async with httpx2.AsyncClient() as http:
        answer = await http.put(put.url, content=b"hello", headers=put.headers)
    assert answer.is_success, answer.text
    assert encryptions(bucket) == dict.fromkeys(
        ("attachments/a", "attachments/b", "attachments/c"), ("aws:kms", KEY)
    )


def test_a_put_link_does_not_write_without_the_key(kms_bucket: TestBucket) -> None:
    endpoint = Endpoint(kms_bucket.endpoint_url, kms_bucket.name, kms_bucket.region, "path", KEY)
    signer = UrlSigner(endpoint, SessionCredentials())
    headers = {"Content-Length": "5", **signer.upload_headers("text/plain")}
    url = signer.presign("PUT", "attachments/a", expires_in=60, headers=headers)
    plain = {"Content-Type": "text/plain", "If-None-Match": "*"}
    assert httpx.put(url, content=b"hello", headers=plain).is_client_error
    assert httpx.put(url, content=b"hello", headers=headers).is_success


def test_the_command_bucket_makes_it_the_default_of_the_bucket(kms_bucket: TestBucket) -> None:
    endpoint = Endpoint(kms_bucket.endpoint_url, kms_bucket.name, kms_bucket.region, "path", KEY)
    access = Access(("https://chat.example.com",), (), "attachments/")
    for outcome in ("set", "already set"):
        steps = {step.name: step.outcome for step in set_up_bucket(endpoint, access)}
        assert steps["encryption"] == outcome


async def test_doctor_reads_the_encryption_back(database_url: str, kms_bucket: TestBucket) -> None:
    async with httpx2.AsyncClient() as http:
        settings = test_settings(
            database_url, kms_bucket, s3_sse_kms_key_id=KEY, s3_addressing_style="path"
        )
        assert KEY in await bucket_checks.encryption(deployment_of(settings, http))
        unset = test_settings(database_url, kms_bucket)
        with pytest.raises(NotChecked):
            await bucket_checks.encryption(deployment_of(unset, http))


async def test_doctor_explains_a_minio_without_kms(
    database_url: str, minio_bucket: TestBucket
) -> None:
    settings = test_settings(
        database_url, minio_bucket, s3_sse_kms_key_id=KEY, s3_addressing_style="path"
    )
    async with httpx2.AsyncClient() as http:
        with pytest.raises(Problem, match=KEY) as problem:
            await bucket_checks.encryption(deployment_of(settings, http))
    assert "MINIO_KMS_SECRET_KEY" in problem.value.remedy


async def test_doctor_explains_a_store_that_ignores_the_key(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    settings = test_settings(
        database_url, seaweedfs_bucket, s3_sse_kms_key_id=KEY, s3_addressing_style="path"
    )
    async with httpx2.AsyncClient() as http:
        with pytest.raises(Problem, match=KEY):
            await bucket_checks.encryption(deployment_of(settings, http))
