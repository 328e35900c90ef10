"""The layers below HTTP on a test's own database and bucket, with direct access to both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.attachments.deletion import Sweeper
from app.attachments.policy import AttachmentPolicy
from app.attachments.scanning import AttachmentScanner
from app.attachments.thumbnails import Thumbnails
from app.attachments.verification import Verifier
from app.clamd import Clamd
from app.database.attachment_records import AttachmentRecord, AttachmentRecords
from app.database.engine import Database
from app.database.tombstones import Tombstones
from app.errors import ObjectMissing
from app.settings.quota import QuotaSettings
from app.settings.retention import RetentionSettings
from app.settings.scanner import ScannerSettings
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.object_keys import every_key, new_object_key, upload_key
from app.storage.reader import ObjectReader
from app.workers import Workers
from tests.rows import UNLIMITED, new_attachment
from tests.servers import TestBucket


@dataclass(frozen=True)
class Rig:
    """The layers below HTTP. `sweeper` expires after an hour; `later` makes time pass at once."""

    database: Database
    records: AttachmentRecords
    tombstones: Tombstones
    bucket: Bucket
    verifier: Verifier
    sweeper: Sweeper

    async def reserve(
        self,
        attachment_id: str = "atc_1",
        *,
        user_id: str = "alice",
        name: str = "a",
        mime_type: str = "text/plain",
        size: int = 5,
        quota: QuotaSettings = UNLIMITED,
        link_seconds: float = 600,
    ) -> AttachmentRecord:
        """Write a pending row, as `attachments.create` does."""
        new = new_attachment(
            attachment_id,
            user_id=user_id,
            object_key=new_object_key(),
            name=name,
            mime_type=mime_type,
            size=size,
            link_seconds=link_seconds,
        )
        await self.records.reserve(new, quota)
        return await self.records.load(user_id, attachment_id)

    async def uploaded(
        self, attachment_id: str = "atc_1", body: bytes = b"hello", **reserved: Any
    ) -> AttachmentRecord:
        """Write a pending row, and its bytes where the upload link writes them."""
        record = await self.reserve(attachment_id, size=len(body), **reserved)
        await self.upload(record, body)
        return record

    async def upload(self, record: AttachmentRecord, body: bytes) -> None:
        """Write the bytes as the holder of the upload link can."""
        assert record.object_key
        await self.bucket.write(upload_key(record.object_key), body, mime_type=record.mime_type)

    async def objects(self) -> list[str]:
        """Return every key in the bucket."""
        return [each.key async for each in self.bucket.list("")]

    async def has(self, key: str) -> bool:
        try:
            await self.bucket.head(key)
        except ObjectMissing:
            return False
        return True

    async def count_objects_of(self, record: AttachmentRecord) -> int:
        assert record.object_key
        return sum([await self.has(key) for key in every_key(record.object_key)])

    async def sql(self, statement: str, **values: Any) -> Any:
        """Run one statement and return its rows, if it has any."""
        async with self.database.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    async def states(self) -> dict[str, str]:
        """Return the state of every row, by id."""
        return dict(await self.sql("SELECT id, state FROM attachments"))

    async def later(self, seconds: float = 86_400) -> None:
        """Move all times in the database back by `seconds`."""
        dues = ("upload_ends_at", "quarantine_ends_at", "purge_after")
        await self._move("attachments", seconds, "created_at", *dues)
        await self._move("threads", seconds, "updated_at")

    async def _move(self, table: str, seconds: float, *columns: str) -> None:
        # Row by row, because Citus does not compute with times in an UPDATE of many shards.
        moved = {column: f"{column} - make_interval(secs => :s)" for column in columns}
        listed = ", ".join(f"{value} AS {column}" for column, value in moved.items())
        changes = ", ".join(f"{column} = :{column}" for column in columns)
        select = f"SELECT user_id, id, {listed} FROM {table}"  # noqa: S608 - our own names
        update = f"UPDATE {table} SET {changes} WHERE user_id = :user_id AND id = :id"  # noqa: S608
        for row in await self.sql(select, s=seconds):
            await self.sql(update, **row._mapping)


@asynccontextmanager
async def rig_on(
    database_url: str,
    where: TestBucket,
    *,
    thread_retention_days: int | None = None,
    scanner: ScannerSettings | None = None,
) -> AsyncIterator[Rig]:
    endpoint = Endpoint(where.endpoint_url, where.name, where.region, "path")
    async with (
        Database(database_url) as database,
        Bucket(endpoint, SessionCredentials()) as bucket,
    ):
        records, tombstones = AttachmentRecords(database), Tombstones(database)
        reader = ObjectReader(endpoint, SessionCredentials())
        yield Rig(
            database=database,
            records=records,
            tombstones=tombstones,
            bucket=bucket,
            verifier=Verifier(
                records,
                bucket,
                Thumbnails(reader, bucket, Workers()),
                AttachmentPolicy(max_bytes=100 * 1024**2),
                AttachmentScanner(Clamd.of(scanner.url), reader, bucket, scanner)
                if scanner and scanner.url
                else None,
            ),
            sweeper=Sweeper(
                tombstones,
                bucket,
                RetentionSettings(
                    pending_ttl_seconds=3600,
                    sweep_interval_seconds=3600,
                    thread_retention_days=thread_retention_days,
                ),
            ),
        )
