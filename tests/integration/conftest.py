"""The application, served on loopback against a database and a bucket of the test's own."""

from collections.abc import Iterator

import pytest

from app.settings import Settings
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket) -> Settings:
    return test_settings(database_url, seaweedfs_bucket)


@pytest.fixture
def base_url(settings: Settings) -> Iterator[str]:
    """Where the application answers."""
    with running(settings) as url:
        yield url


@pytest.fixture
def alice(base_url: str) -> Iterator[ChatKitClient]:
    client = ChatKitClient.of(base_url, "alice")
    yield client
    client.http.close()


@pytest.fixture
def bob(base_url: str) -> Iterator[ChatKitClient]:
    client = ChatKitClient.of(base_url, "bob")
    yield client
    client.http.close()
