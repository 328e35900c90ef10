"""Deletes files at the model's provider whose attachments were deleted or rejected."""

import asyncio
import logging

from app.database.provider_files import MarkedFile, ProviderFileRows
from app.provider_files.files_api import FilesApi, FilesApiFailed
from app.telemetry import metrics

logger = logging.getLogger(__name__)

_FILES_A_BATCH = 50
_CONCURRENT_DELETIONS = 8


class ProviderFilePurger:
    """Deletes marked files, and forgets those that have expired. Any replica may run it."""

    def __init__(self, rows: ProviderFileRows, api: FilesApi | None) -> None:
        """Without `api` (no key is set), marked files wait until they have expired."""
        self._rows = rows
        self._api = api

    async def purge(self) -> tuple[int, int]:
        """Delete all that are due. Return how many were deleted, and how many could not be.

        The second are tried again, after a pause that doubles each time. Raises
        `DatabaseUnavailable`.
        """
        await self._rows.forget_expired()
        deleted = failed = 0
        if self._api is None:
            return 0, 0
        slots = asyncio.Semaphore(_CONCURRENT_DELETIONS)
        while claimed := await self._rows.claim(_FILES_A_BATCH):
            are_deleted = await asyncio.gather(
                *(self._delete(self._api, slots, file) for file in claimed)
            )
            deleted += sum(are_deleted)
            failed += len(claimed) - sum(are_deleted)
            if not any(are_deleted):
                break  # in an outage, claiming more would only postpone their next attempt
        return deleted, failed

    async def _delete(self, api: FilesApi, slots: asyncio.Semaphore, file: MarkedFile) -> bool:
        async with slots:
            try:
                await api.delete(file.file_id)
            except FilesApiFailed as failed:
                logger.warning(
                    "file %s can't be deleted at the provider, attempt %d: %s",
                    file.file_id,
                    file.attempts + 1,
                    failed,
                )
                return False
        await self._rows.remove(file)
        metrics.provider_files_deleted.inc()
        return True
