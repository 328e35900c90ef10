"""One running service for all threats, with access to its database and bucket."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from tests.rig import rig_on
from tests.servers import TestBucket, create_bucket
from tests.service import ChatKitClient, running, test_settings

DATABASE = "threats"


@dataclass(frozen=True)
class Service:
    """The service, and its users `alice` and `bob`."""

    url: str
    settings: Settings
    bucket: TestBucket
    database_url: str
    postgres: EmbeddedPostgres
    alice: ChatKitClient
    bob: ChatKitClient

    def everything_stored(self) -> str:
        """Return every row of every table as text."""
        tables = ("threads", "thread_items", "attachments", "feedback")
        rows = " UNION ALL ".join(f"SELECT t::text AS row FROM {each} t" for each in tables)  # noqa: S608
        return self.sql(f"SELECT string_agg(row, chr(10) ORDER BY row) FROM ({rows}) r")  # noqa: S608

    def sql(self, statement: str) -> str:
        return self.postgres.execute(statement, database=DATABASE)


@pytest.fixture(scope="package")
def service(
    postgres: EmbeddedPostgres, migrated_template: str, seaweedfs: EmbeddedSeaweedFS
) -> Iterator[Service]:
    postgres.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {migrated_template} STRATEGY file_copy")
    bucket = create_bucket(seaweedfs.endpoint_url)
    settings = test_settings(postgres.url(DATABASE), bucket)
    with (
        running(settings) as url,
        ChatKitClient.of(url, "alice").http as alice,
        ChatKitClient.of(url, "bob").http as bob,
    ):
        yield Service(
            url,
            settings,
            bucket,
            postgres.url(DATABASE),
            postgres,
            ChatKitClient(alice),
            ChatKitClient(bob),
        )
    postgres.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def png(width: int = 40, height: int = 20) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).save(out, "PNG")
    return out.getvalue()


def on_rig(service: Service, ask: Any) -> Any:
    async def within() -> Any:
        async with rig_on(service.database_url, service.bucket) as rig:
            return await ask(rig)

    return asyncio.run(within())
