"""The bucket that a fixture gives to a test, and what happens when a machine lacks a server."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import boto3
import pytest
from botocore.config import Config

from tests.tiers import MISSING

# Beside the checkout: what starts servers that no package registry has.
SHARED_TOOLS = Path(__file__).resolve().parents[2] / "shared/tools"

# conftest puts these into the environment, for the AWS credential chain.
ACCESS_KEY_ID = "test-access-key"
SECRET_ACCESS_KEY = "test-secret-access-key"  # not secret: the servers end with the tests
REGION = "us-east-1"


@dataclass(frozen=True)
class TestBucket:
    """A bucket of one test at `endpoint_url`. Its credentials are also in the environment."""

    __test__ = False

    endpoint_url: str
    name: str
    region: str = REGION
    access_key_id: str = ACCESS_KEY_ID
    secret_access_key: str = SECRET_ACCESS_KEY


def missing(what: str) -> NoReturn:
    """Skip the test, because the machine lacks `what`; in CI, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {what}", pytrace=False)
    pytest.skip(f"{MISSING}{what}")


def create_bucket(endpoint_url: str) -> TestBucket:
    """Create a bucket with a random name."""
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
