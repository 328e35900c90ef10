"""Erases all that users have: rows first, then the objects, by the ordinary purge of tombstones.

Every replica continues the erasures that are under way, and so does the `erase` command. An erasure
is finished when no row of the user is left: rows of attachments stay until their objects are
deleted and nothing can arrive by their upload links, rows of the provider's files until the
provider has deleted them.
"""

import logging
from collections.abc import Callable

from app.attachments.receipts import ReceiptSigner
from app.bounded_cache import clear_all_caches
from app.database.erasures import Erasure, ErasureRows
from app.faults import fault_point

logger = logging.getLogger(__name__)


class Erasures:
    """Continues and finishes erasures. All methods raise `DatabaseUnavailable`."""

    def __init__(
        self,
        rows: ErasureRows,
        signer: ReceiptSigner,
        *,
        clear_caches: Callable[[], None] = clear_all_caches,
    ) -> None:
        self._rows = rows
        self._signer = signer
        self._clear_caches = clear_caches
        self._cleared: set[tuple[str, bool]] = set()

    async def delete_rows(self, user_id: str) -> None:
        """Delete threads with items and feedback, and make tombstones of attachments."""
        while await self._rows.delete_threads(user_id):
            fault_point("erase.batch")
        await self._rows.tombstone_attachments(user_id)
        fault_point("erase.tombstoned")

    async def finish(self, user_id: str) -> Erasure | None:
        """Return the finished erasure with its receipt; None if rows are left."""
        finished = await self._rows.finish(user_id, self._signer.sign)
        if finished is not None:
            fault_point("erase.finished")
            logger.info("erasure %s finished", finished.id)
        return finished

    async def delete_all_rows(self) -> None:
        """Do so for all erasures under way, and clear the caches of this process for new ones."""
        recent = await self._rows.recent()
        seen = {(each.id, each.finished_at is None) for each in recent}
        if seen - self._cleared:
            self._clear_caches()
        self._cleared = seen
        for each in recent:
            if each.finished_at is None:
                await self.delete_rows(each.user_id)

    async def finish_all(self) -> None:
        """Finish the erasures that have nothing left to delete."""
        for each in await self._rows.recent():
            if each.finished_at is None:
                await self.finish(each.user_id)
