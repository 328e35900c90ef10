"""`app bucket` on each store: everything is set once, and other configuration stays."""

from typing import Any

import boto3
import httpx
import pytest

from app.embedded.processes import free_ports
from app.errors import BucketUnavailable
from app.storage.endpoint import Endpoint
from app.storage.setup import Access, set_up_bucket
from tests.servers import TestBucket

PAGE, FRAME = "http://page.example", "https://cdn.platform.openai.com"
ACCESS = Access(pages=[PAGE], frames=[FRAME], prefix="attachments/")
PARTS = ["CORS", "lifecycle", "encryption", "public access block"]
FOUND = ["versioning", "object lock", "replication"]


@pytest.fixture(params=["seaweedfs", pytest.param("moto", marks=pytest.mark.slow)])
def bucket(request: pytest.FixtureRequest) -> TestBucket:
    """A bucket that has a configuration of its own; MinIO's is the server's."""
    bucket: TestBucket = request.getfixturevalue(f"{request.param}_bucket")
    return bucket


def _endpoint(bucket: TestBucket, name: str | None = None) -> Endpoint:
    return Endpoint(bucket.endpoint_url, name or bucket.name, bucket.region, "path")


def _ask(bucket: TestBucket, operation: str, **arguments: object) -> Any:
    client = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    try:
        return getattr(client, operation)(**arguments)
    finally:
        client.close()


def test_a_bucket_is_made_and_set_up_once(bucket: TestBucket) -> None:
    endpoint = _endpoint(bucket, f"{bucket.name}-new")
    first = list(set_up_bucket(endpoint, ACCESS))
    assert [step.name for step in first] == [f"bucket {endpoint.bucket}", *PARTS, *FOUND]
    assert [step.outcome for step in first[:4]] == ["set"] * 4
    again = list(set_up_bucket(endpoint, ACCESS))
    assert [step.outcome for step in again[:4]] == ["already set"] * 4
    lifecycle = _ask(bucket, "get_bucket_lifecycle_configuration", Bucket=endpoint.bucket)
    assert lifecycle["Rules"][0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_versioning_is_reported_and_not_changed(bucket: TestBucket) -> None:
    def versioning() -> str:
        steps = {step.name: step for step in set_up_bucket(_endpoint(bucket), ACCESS)}
        return str(steps["versioning"])

    assert versioning() == "versioning: off"
    status = {"Status": "Enabled"}
    _ask(bucket, "put_bucket_versioning", Bucket=bucket.name, VersioningConfiguration=status)
    assert versioning().startswith("versioning: on (every version of a deleted file is deleted")


def test_an_object_lock_with_a_retention_is_reported(moto_bucket: TestBucket) -> None:
    name = f"{moto_bucket.name}-locked"
    _ask(moto_bucket, "create_bucket", Bucket=name, ObjectLockEnabledForBucket=True)
    lock = {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}},
    }
    _ask(moto_bucket, "put_object_lock_configuration", Bucket=name, ObjectLockConfiguration=lock)
    steps = {step.name: step for step in set_up_bucket(_endpoint(moto_bucket, name), ACCESS)}
    assert steps["object lock"].outcome == "on"
    assert "until their retention ends" in str(steps["object lock"])


def test_rules_of_others_stay_and_ours_follow_the_settings(bucket: TestBucket) -> None:
    theirs = {"ID": "theirs", "AllowedOrigins": ["http://x.example"], "AllowedMethods": ["GET"]}
    rules = {"CORSRules": [theirs]}
    _ask(bucket, "put_bucket_cors", Bucket=bucket.name, CORSConfiguration=rules)
    moved = Access(pages=["http://moved.example"], frames=[FRAME], prefix="attachments/")
    for access in (ACCESS, moved):
        list(set_up_bucket(_endpoint(bucket), access))
    found = _ask(bucket, "get_bucket_cors", Bucket=bucket.name)["CORSRules"]
    assert [(rule["ID"], rule["AllowedOrigins"]) for rule in found] == [
        ("theirs", ["http://x.example"]),
        ("chatkit-pages", ["http://moved.example"]),
        ("chatkit-frame", [FRAME]),
    ]


@pytest.mark.parametrize(
    ("origin", "method", "allowed"),
    [
        (PAGE, "PUT", True),
        (PAGE, "POST", True),
        (PAGE, "GET", True),
        (PAGE, "HEAD", True),
        (FRAME, "GET", True),
        (FRAME, "PUT", False),
        ("http://elsewhere.example", "GET", False),
        ("http://elsewhere.example", "PUT", False),
    ],
)
def test_browsers_are_allowed_by_origin_and_method(
    seaweedfs_bucket: TestBucket, origin: str, method: str, allowed: bool
) -> None:
    list(set_up_bucket(_endpoint(seaweedfs_bucket), ACCESS))
    answer = httpx.options(
        f"{seaweedfs_bucket.endpoint_url}/{seaweedfs_bucket.name}/attachments/key",
        headers={"origin": origin, "access-control-request-method": method},
        trust_env=False,
    )
    # A browser reads the allowed methods, so another method fails although its status is fine.
    methods = answer.headers.get("access-control-allow-methods", "").split(", ")
    let_in = answer.headers.get("access-control-allow-origin") == origin and method in methods
    assert let_in is allowed


def test_what_a_store_rejects_is_reported_in_its_words(seaweedfs_bucket: TestBucket) -> None:
    steps = {step.name: step for step in set_up_bucket(_endpoint(seaweedfs_bucket), ACCESS)}
    assert steps["public access block"].outcome == "rejected"
    assert "NotImplemented" in str(steps["public access block"])


@pytest.mark.slow
def test_what_minio_rejects_is_explained_with_the_variable_that_does_it_there(
    minio_bucket: TestBucket,
) -> None:
    steps = {step.name: str(step) for step in set_up_bucket(_endpoint(minio_bucket), ACCESS)}
    assert f"MINIO_API_CORS_ALLOW_ORIGIN={PAGE},{FRAME}" in steps["CORS"]
    assert "MINIO_API_STALE_UPLOADS_EXPIRY" in steps["lifecycle"]
    assert "MINIO_KMS_SECRET_KEY" in steps["encryption"]
    assert "not needed" in steps["public access block"]


@pytest.mark.slow
def test_a_store_that_does_not_answer_is_reported_as_unavailable() -> None:
    (port,) = free_ports(1)
    with pytest.raises(BucketUnavailable):
        list(set_up_bucket(Endpoint(f"http://127.0.0.1:{port}", "any-bucket"), ACCESS))


def test_credentials_without_permission_are_named_as_the_reason(
    seaweedfs_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(BucketUnavailable, match="can't be used with these credentials"):
        list(set_up_bucket(_endpoint(seaweedfs_bucket), ACCESS))
