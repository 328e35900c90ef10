"""Scans attachments for malware, and keeps what is found apart.

Verification calls this for every file, before the file's first use. While the scanner gives no
result, the file stays pending and nothing can use it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Protocol

from app.clamd import Clamd, ScanFailed
from app.database.attachment_records import AttachmentRecord
from app.errors import ObjectChanged, ObjectMissing, ScannerUnavailable
from app.fair_slots import FairSlots
from app.settings.scanner import ScannerSettings
from app.storage.bucket import Bucket
from app.storage.object_keys import quarantine_key
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# Below clamd's default of ten threads, of which other replicas need some too.
_SLOTS = 6
_SLOTS_OF_ONE_USER = 4


class StreamSource(Protocol):
    """Reads an object piece by piece. Raises what `ObjectReader.stream` raises."""

    def stream(self, key: str, *, etag: str) -> AsyncGenerator[bytes, None]: ...


class AttachmentScanner:
    """Scans the bytes of one attachment at a time; users share the scanner fairly.

    `wait_seconds` is how long a file waits for the scans of other files.
    """

    def __init__(
        self,
        clamd: Clamd,
        source: StreamSource,
        bucket: Bucket,
        settings: ScannerSettings,
        *,
        wait_seconds: float = 30,
    ) -> None:
        self._wait_seconds = wait_seconds
        self._clamd = clamd
        self._source = source
        self._bucket = bucket
        self._settings = settings
        self._slots = FairSlots(_SLOTS, most_of_one=_SLOTS_OF_ONE_USER)

    async def scan(self, record: AttachmentRecord, object_key: str, *, etag: str) -> str | None:
        """Return the name of the malware in an object with this ETag; None if it is clean.

        Raises `ScannerUnavailable`, `ObjectMissing`, `ObjectChanged` and `BucketUnavailable`.
        """
        try:
            malware = await self._scan_in_turn(record, object_key, etag)
        except ScanFailed as problem:
            metrics.scans.labels("failed").inc()
            logger.error("%s waits, because the scanner failed: %s", record.id, problem)
            raise ScannerUnavailable(
                f"“{record.name}” is still being checked for malware. Try again in a moment.",
                param=f"attachments.{record.id}",
            ) from problem
        metrics.scans.labels("clean" if malware is None else "malware").inc()
        return malware

    async def _scan_in_turn(
        self, record: AttachmentRecord, object_key: str, etag: str
    ) -> str | None:
        async with AsyncExitStack() as slot:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await slot.enter_async_context(self._slots.slot(record.user_id))
            except TimeoutError as problem:
                raise ScanFailed("other scans take too long") from problem
            begun_at = perf_counter()
            async with aclosing(self._source.stream(object_key, etag=etag)) as chunks:
                malware = await self._clamd.scan(chunks, record.size)
            metrics.scan_seconds.observe(perf_counter() - begun_at)
        return malware

    async def quarantine(
        self, record: AttachmentRecord, object_key: str, *, etag: str
    ) -> datetime | None:
        """Copy infected bytes into the quarantine, and return when they are deleted there.

        Return None if QUARANTINE is `delete`; nothing is copied then. Raises `ObjectChanged`,
        `StorageFull` and `BucketUnavailable`.
        """
        if self._settings.quarantine == "delete":
            return None
        try:
            await self._bucket.copy(
                object_key,
                quarantine_key(object_key),
                etag=etag,
                mime_type="application/octet-stream",
                size=record.size,
            )
        except ObjectMissing as problem:
            # A parallel verification has found the same.
            raise ObjectChanged from problem
        logger.warning("the bytes of %s are in quarantine", record.id)
        return datetime.now(UTC) + timedelta(days=self._settings.quarantine_days)
