"""One running service for all threats, with access to its database and bucket."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from tests.databases import Databases, every_row
from tests.rig import rig_on
from tests.servers import TestBucket, create_bucket
from tests.service import ChatKitClient, running, test_settings


@dataclass(frozen=True)
class Service:
    """The service, and its users `alice` and `bob`."""

    url: str
    settings: Settings
    bucket: TestBucket
    database_url: str
    databases: Databases
    alice: ChatKitClient
    bob: ChatKitClient

    def everything_stored(self) -> str:
        """Return every row of every table as text."""
        return every_row(self.sql)

    def sql(self, statement: str) -> str:
        return self.databases.execute(self.database_url, statement)


@pytest.fixture(scope="package")
def service(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Service]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    with (
        databases.clone() as database_url,
        running(settings := test_settings(database_url, bucket)) as url,
        ChatKitClient.of(url, "alice").http as alice,
        ChatKitClient.of(url, "bob").http as bob,
    ):
        yield Service(
            url,
            settings,
            bucket,
            database_url,
            databases,
            ChatKitClient(alice),
            ChatKitClient(bob),
        )


def png(width: int = 40, height: int = 20) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).save(out, "PNG")
    return out.getvalue()


def on_rig(service: Service, ask: Any) -> Any:
    async def within() -> Any:
        async with rig_on(service.database_url, service.bucket) as rig:
            return await ask(rig)

    return asyncio.run(within())
