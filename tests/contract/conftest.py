"""A bucket on each kind of store, and the layers below HTTP on it.

moto accepts what S3 rejects, so what it adds to SeaweedFS is little: it is for `make test-all`.
"""

from collections.abc import AsyncIterator

import pytest

from app.database.engine import Database
from tests.rig import Rig, rig_on
from tests.servers import TestBucket


@pytest.fixture(
    params=[
        "seaweedfs",
        pytest.param("minio", marks=pytest.mark.slow),
        pytest.param("moto", marks=pytest.mark.slow),
    ]
)
def any_bucket(request: pytest.FixtureRequest) -> TestBucket:
    bucket: TestBucket = request.getfixturevalue(f"{request.param}_bucket")
    return bucket


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def rig(database_url: str, any_bucket: TestBucket) -> AsyncIterator[Rig]:
    async with rig_on(database_url, any_bucket) as rig:
        yield rig


@pytest.fixture
async def seaweedfs_rig(database_url: str, seaweedfs_bucket: TestBucket) -> AsyncIterator[Rig]:
    """A rig on a store that enforces conditions."""
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        yield rig
