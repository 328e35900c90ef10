"""The application, served on loopback.

Most tests share one running service and are users of their own; a test that needs other settings,
or its own database, starts one with `running(settings)`.
"""

import itertools
from collections.abc import Iterator

import pytest

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from tests.databases import Databases
from tests.servers import TestBucket, create_bucket
from tests.service import ChatKitClient, running, test_settings

_numbers = itertools.count(1)


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket) -> Settings:
    """For a service of the test's own."""
    return test_settings(database_url, seaweedfs_bucket)


@pytest.fixture(scope="session")
def shared_url(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[str]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    with databases.clone() as database_url, running(test_settings(database_url, bucket)) as url:
        yield url


@pytest.fixture
def base_url(shared_url: str) -> str:
    """Where the application answers."""
    return shared_url


@pytest.fixture
def alice(base_url: str) -> Iterator[ChatKitClient]:
    """A user nobody else is."""
    with ChatKitClient.of(base_url, f"alice-{next(_numbers)}").http as http:
        yield ChatKitClient(http)


@pytest.fixture
def bob(base_url: str) -> Iterator[ChatKitClient]:
    """Somebody else."""
    with ChatKitClient.of(base_url, f"bob-{next(_numbers)}").http as http:
        yield ChatKitClient(http)
