"""The `attachments` table: every transition in the life of an attachment, one statement each.

pending → stored → attached, any of them → tombstone → row gone; pending or stored → rejected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachment_state import USABLE, AttachmentState
from app.database.engine import Database
from app.database.missing import no_attachment, no_such_file
from app.database.quota import NewAttachment, Quota, reserve
from app.database.references import payload_previewed_by
from app.database.tables import attachments
from app.database.transitions import in_state, transition
from app.faults import fault_point
from app.storable import storable
from app.telemetry import metrics

_COLUMNS = (
    attachments.c.user_id,
    attachments.c.id,
    attachments.c.thread_id,
    attachments.c.state,
    attachments.c.object_key,
    attachments.c.preview_key,
    attachments.c.name,
    attachments.c.mime_type,
    attachments.c.size,
    attachments.c.upload_etag,
    attachments.c.etag,
    attachments.c.problem,
    attachments.c.upload_expires_at,
    attachments.c.created_at,
)

# 512 kbit/s: how long an upload may be under way after its link was last accepted.
SLOW_LINE_BYTES_PER_SECOND = 64 * 1024


@dataclass(frozen=True, slots=True)
class AttachmentRecord:
    """One row. `size` is bytes as announced (and verified from `stored` on); times are aware."""

    user_id: str
    id: str
    thread_id: str | None
    state: AttachmentState
    object_key: str | None
    preview_key: str | None
    name: str
    mime_type: str
    size: int
    upload_etag: str | None
    etag: str | None
    problem: str | None
    upload_expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Pin:
    """The upload that is taken over. `is_ours`: nobody has pinned one before."""

    etag: str
    is_ours: bool


class AttachmentRecords:
    """Owner-checked access: every method names the user, and another user's row is `NotFound`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, new: NewAttachment, quota: Quota) -> None:
        """Write a pending row if the user's quota holds it. Raises `QuotaExceeded`.

        Creates of one user take turns on an advisory lock, so that two at once can't both see room
        for one. Other users are not held up.
        """
        async with self._database.begin() as connection:
            await reserve(connection, new, quota)

    async def load(self, user_id: str, attachment_id: str) -> AttachmentRecord:
        """A row that is not deleted. Raises `NotFound`."""
        records = await self.load_many(user_id, [attachment_id])
        return records[attachment_id]

    async def load_many(
        self, user_id: str, attachment_ids: Sequence[str]
    ) -> dict[str, AttachmentRecord]:
        """Rows by id, in one query. Raises `NotFound` if any is missing, foreign or deleted."""
        async with self._database.connect() as connection:
            rows = await connection.execute(
                select(*_COLUMNS).where(
                    attachments.c.user_id == user_id,
                    attachments.c.id.in_([storable(each) for each in attachment_ids]),
                    ~in_state(AttachmentState.TOMBSTONE),
                )
            )
            found = {row.id: _record(row) for row in rows}
        missing = [wanted for wanted in attachment_ids if wanted not in found]
        if missing:
            raise no_such_file(missing[0])
        return found

    async def pin_upload(self, user_id: str, attachment_id: str, etag: str) -> Pin | None:
        """Choose the upload whose bytes are taken over: the first to be pinned, for good.

        None if the row is not pending any more.
        """
        row = and_(_row(user_id, attachment_id), in_state(AttachmentState.PENDING))
        async with self._database.connect() as connection:
            first = await connection.execute(
                update(attachments)
                .where(row, attachments.c.upload_etag.is_(None))
                .values(upload_etag=etag)
            )
            if first.rowcount:
                return Pin(etag, is_ours=True)
            pinned = await connection.scalar(select(attachments.c.upload_etag).where(row))
            return None if pinned is None else Pin(pinned, is_ours=False)

    async def settle_size(self, user_id: str, attachment_id: str, size: int) -> None:
        """Of a pending row that was reserved with what its upload may have at most."""
        async with self._database.connect() as connection:
            await connection.execute(
                update(attachments)
                .where(_row(user_id, attachment_id), in_state(AttachmentState.PENDING))
                .values(size=size)
            )

    async def mark_stored(
        self, user_id: str, attachment_id: str, *, etag: str, preview_key: str | None
    ) -> AttachmentRecord | None:
        """pending → stored, with the object's ETag pinned. None, and no change, in another state.

        With a `preview_key`, the stored payload's preview refers to it from now on.
        """
        previewed = (
            attachments.c.payload if preview_key is None else payload_previewed_by(preview_key)
        )
        async with self._database.connect() as connection:
            row = (
                await connection.execute(
                    transition(AttachmentState.STORED)
                    .where(_row(user_id, attachment_id))
                    .values(etag=etag, preview_key=preview_key, payload=previewed)
                    .returning(*_COLUMNS)
                )
            ).one_or_none()
            return None if row is None else _record(row)

    async def mark_rejected(self, user_id: str, attachment_id: str, problem: str) -> bool:
        """pending → rejected, saying why; its bytes leave the quota. False in any other state."""
        async with self._database.connect() as connection:
            result = await connection.execute(
                transition(AttachmentState.REJECTED, AttachmentState.PENDING)
                .where(_row(user_id, attachment_id))
                .values(problem=problem)
            )
            return bool(result.rowcount)

    async def mark_refused(self, user_id: str, attachment_id: str, problem: str) -> None:
        """Remember that the model's provider refused this file: later turns send a note instead."""
        async with self._database.connect() as connection:
            await connection.execute(
                update(attachments)
                .where(_row(user_id, attachment_id), in_state(*USABLE))
                .values(problem=problem)
            )

    async def tombstone(self, user_id: str, attachment_id: str) -> None:
        """Any state → tombstone, in one statement. Raises `NotFound` if there is no row.

        A tombstone stays as it is.
        """
        row = _row(user_id, attachment_id)
        async with self._database.connect() as connection:
            if not await tombstone_where(connection, row) and not await connection.scalar(
                select(literal(1)).where(row)
            ):
                raise no_attachment(attachment_id)
        fault_point("delete.committed")


async def tombstone_where(connection: AsyncConnection, condition: Any) -> int:
    """Tombstone the rows that meet `condition`, within the caller's transaction; how many it were.

    An object is deleted no earlier than its upload link's expiry, and the time that an upload begun
    in the last second takes: it would otherwise come back with no row to find it by.
    """
    result = await connection.execute(
        transition(AttachmentState.TOMBSTONE)
        .where(condition)
        .values(
            purge_after=func.greatest(func.now(), func.coalesce(upload_ends_at(), func.now())),
        )
    )
    count = int(result.rowcount)
    metrics.tombstoned.inc(count)
    return count


def upload_ends_at() -> ColumnElement[datetime]:
    """When nothing can arrive by a row's upload link any more.

    A link is checked when an upload begins, and one begun in its last second takes a while.
    """
    seconds = attachments.c.size / float(SLOW_LINE_BYTES_PER_SECOND)
    return attachments.c.upload_expires_at + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _row(user_id: str, attachment_id: str) -> Any:
    return and_(attachments.c.user_id == user_id, attachments.c.id == storable(attachment_id))


def _record(row: Row[*tuple[Any, ...]]) -> AttachmentRecord:
    return AttachmentRecord(**row._mapping)
