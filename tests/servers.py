"""What the server fixtures hand to tests, and what happens when a server can't be had."""

import os
import secrets
from dataclasses import dataclass
from typing import NoReturn

import boto3
import pytest
from botocore.config import Config

# The suite's AWS credential chain: conftest puts them into the environment for every test.
ACCESS_KEY_ID = "test-access-key"
SECRET_ACCESS_KEY = "test-secret-access-key"  # no secret: the servers live as long as the run
REGION = "us-east-1"


@dataclass(frozen=True)
class TestBucket:
    """A bucket that belongs to one test, at `endpoint_url`; credentials are in the environment."""

    __test__ = False

    endpoint_url: str
    name: str
    region: str = REGION
    access_key_id: str = ACCESS_KEY_ID
    secret_access_key: str = SECRET_ACCESS_KEY


def missing(what: str) -> NoReturn:
    """A test can't run because `what` is missing: skip it on a laptop, fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI must have it", pytrace=False)
    pytest.skip(what)


def create_bucket(endpoint_url: str) -> TestBucket:
    """A fresh bucket on a running store."""
    name = f"test-{secrets.token_hex(6)}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 5}),
    )
    client.create_bucket(Bucket=name)
    client.close()
    return TestBucket(endpoint_url=endpoint_url, name=name)
