"""What the server fixtures hand to tests, and what happens when a server can't be had."""

import os
from dataclasses import dataclass
from typing import NoReturn

import pytest

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
