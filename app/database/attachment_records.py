"""Reads the rows of one user's attachments, and changes their state.

`app/attachment_state.py` draws the transitions.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, and_, func, literal, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachment_state import USABLE, AttachmentState
from app.database import statements
from app.database.audit import Act, Action, Actor, Kind, announce, entries_of
from app.database.engine import Database
from app.database.message_attachments import bind_attachments
from app.database.missing import no_attachment, no_such_file, no_thread
from app.database.provider_files import mark_files_of
from app.database.quota import ATTACHMENT_CREATED, NewAttachment, insert_within_quota
from app.database.references import payload_of_file, payload_of_image, payload_previewed_by
from app.database.tables import attachments, audit_log
from app.database.transitions import in_state, transition
from app.errors import NotFound
from app.fair_slots import FairSlots
from app.faults import fault_point
from app.file_types.file_type import FileType
from app.settings.quota import QuotaSettings
from app.storable import storable
from app.telemetry import metrics


@dataclass(frozen=True, slots=True)
class AttachmentRecord:
    """One row, without the columns that only ChatKit's store and the search read.

    `size` is in bytes: as announced in state PENDING, verified after that. `object_key` is None for
    an attachment that this service did not create. Nothing can arrive by the upload link after
    `upload_ends_at`; it is None when what the link wrote is deleted. `malware` is the name of what
    the scanner found, and until `quarantine_ends_at` the bytes are in quarantine. `purge_attempts`
    counts the claims of a tombstone. Times have a time zone.
    """

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
    malware: str | None
    quarantine_ends_at: datetime | None
    upload_ends_at: datetime | None
    created_at: datetime
    purge_attempts: int


ATTACHMENT_READ = Act(Actor.USER, Action.READ, Kind.ATTACHMENT)
ATTACHMENT_DELETED = Act(Actor.USER, Action.DELETED, Kind.ATTACHMENT)
ATTACHMENT_EXPIRED = Act(Actor.SERVICE, Action.DELETED, Kind.ATTACHMENT)
ATTACHMENT_QUARANTINED = Act(Actor.SERVICE, Action.QUARANTINED, Kind.ATTACHMENT)

RECORD_COLUMNS = [attachments.c[field.name] for field in fields(AttachmentRecord)]

# One inserts, and the next one is at the lock already.
_CONNECTIONS_OF_ONE_USER = 2


@dataclass(frozen=True, slots=True)
class Pin:
    """The ETag of the upload whose bytes are kept. `is_ours`: this call has chosen it."""

    etag: str
    is_ours: bool


class AttachmentRecords:
    """Reads and changes the rows of a given user. Those of other users count as missing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Reservations of one user wait for each other on a lock in the database. Those that wait
        # must not occupy all connections, or other users would get none.
        self._reserving = FairSlots(sys.maxsize, most_of_one=_CONNECTIONS_OF_ONE_USER)

    async def reserve(self, new: NewAttachment, quota: QuotaSettings) -> None:
        """Insert a row in the state PENDING. Raises `QuotaExceeded` and `ErasureUnderWay`."""
        async with self._reserving.slot(new.user_id), self._database.begin() as connection:
            await insert_within_quota(connection, new, quota)
        announce(ATTACHMENT_CREATED, new.user_id, [new.id])

    async def load(self, user_id: str, attachment_id: str) -> AttachmentRecord:
        """Return the row. Raises `NotFound`, also for a tombstone."""
        records = await self.load_many(user_id, [attachment_id])
        return records[attachment_id]

    async def load_to_read(
        self, user_id: str, attachment_id: str, *, only_types: Collection[str] | None = None
    ) -> AttachmentRecord:
        """Return the row of an attachment to which a link is issued, and write an audit entry.

        With `only_types`, raises `NotFound` for other types without a thumbnail too. Raises
        `NotFound`, also if the bytes are not in the bucket.
        """
        readable = and_(
            _has_id(user_id, attachment_id),
            in_state(*USABLE),
            attachments.c.object_key.is_not(None),
        )
        if only_types is not None:
            readable &= or_(
                attachments.c.preview_key.is_not(None), attachments.c.mime_type.in_(only_types)
            )
        row = select(*RECORD_COLUMNS).where(readable).cte("read")
        async with self._database.connect() as connection:
            found = await connection.execute(
                select(row).add_cte(entries_of(ATTACHMENT_READ, row).cte("entered"))
            )
            record = found.one_or_none()
        if record is None:
            await self.load(user_id, attachment_id)
            raise NotFound("The bytes of this attachment are not kept here, or it has no preview.")
        announce(ATTACHMENT_READ, user_id, [record.id])
        return to_record(record)

    async def load_many(
        self, user_id: str, attachment_ids: Sequence[str]
    ) -> dict[str, AttachmentRecord]:
        """Return the rows by id, from one query. Raises `NotFound` unless all can be loaded."""
        async with self._database.connect() as connection:
            rows = await connection.execute(
                select(*RECORD_COLUMNS).where(
                    attachments.c.user_id == user_id,
                    attachments.c.id.in_([storable(each) for each in attachment_ids]),
                    ~in_state(AttachmentState.TOMBSTONE),
                )
            )
            found = {row.id: to_record(row) for row in rows}
        missing = [wanted for wanted in attachment_ids if wanted not in found]
        if missing:
            raise no_such_file(missing[0])
        return found

    async def pin_upload(self, user_id: str, attachment_id: str, etag: str) -> Pin | None:
        """Choose the upload whose bytes are kept; the first choice is final.

        Return None if the row is no longer pending.
        """
        pending = and_(_has_id(user_id, attachment_id), in_state(AttachmentState.PENDING))
        async with self._database.connect() as connection:
            first = await connection.execute(
                update(attachments)
                .where(pending, attachments.c.upload_etag.is_(None))
                .values(upload_etag=etag)
            )
            if first.rowcount:
                return Pin(etag, is_ours=True)
            pinned = await connection.scalar(select(attachments.c.upload_etag).where(pending))
            return None if pinned is None else Pin(pinned, is_ours=False)

    async def bind(self, user_id: str, thread_id: str, attachment_id: str) -> None:
        """Bind a stored attachment to a thread of its owner.

        Raises `NotFound` for the thread, and what `bind_attachments` raises.
        """
        async with self._database.begin() as connection:
            thread = {"owner": user_id, "thread": storable(thread_id)}
            # A thread that is being deleted at this moment would not delete the attachment.
            if not await connection.scalar(statements.LOCK_THREAD, thread):
                raise no_thread(thread_id)
            await bind_attachments(connection, user_id, storable(thread_id), [attachment_id])

    async def settle_size(self, user_id: str, attachment_id: str, size: int) -> None:
        """Record the real size of a pending upload that was reserved at its upper bound."""
        async with self._database.connect() as connection:
            await connection.execute(
                update(attachments)
                .where(_has_id(user_id, attachment_id), in_state(AttachmentState.PENDING))
                .values(size=size)
            )

    async def mark_stored(
        self,
        user_id: str,
        attachment_id: str,
        *,
        etag: str,
        preview_key: str | None,
        corrected: FileType | None = None,
    ) -> AttachmentRecord | None:
        """Change PENDING to STORED, with the ETag that every later read of the object must match.

        With a `preview_key`, the payload's preview refers to that object. With a `corrected` type,
        the row and its payload get it. Return None, and change nothing, if the row is in another
        state.
        """
        payload: Any = attachments.c.payload
        if preview_key is not None:
            payload = payload_previewed_by(preview_key)
        values: dict[str, Any] = {"etag": etag, "preview_key": preview_key, "payload": payload}
        if corrected is not None:
            values |= _of_type(corrected, preview_key)
        async with self._database.connect() as connection:
            stored = await connection.execute(
                transition(AttachmentState.STORED)
                .where(_has_id(user_id, attachment_id))
                .values(values)
                .returning(*RECORD_COLUMNS)
            )
            row = stored.one_or_none()
            return None if row is None else to_record(row)

    async def mark_rejected(
        self,
        user_id: str,
        attachment_id: str,
        problem: str,
        *,
        malware: str | None = None,
        kept_until: datetime | None = None,
    ) -> bool:
        """Change PENDING to REJECTED with the reason.

        The bytes no longer count against the quota, unless they are kept in quarantine. With
        `malware`, the same statement writes an audit entry. Return False, and change nothing, if
        the row is in another state.
        """
        rejected = (
            transition(AttachmentState.REJECTED, AttachmentState.PENDING)
            .where(_has_id(user_id, attachment_id))
            .values(
                problem=problem,
                malware=malware,
                quarantine_ends_at=kept_until,
                # A page can't show an image whose bytes are deleted.
                payload=payload_of_file(),
            )
        )
        async with self._database.connect() as connection:
            if malware is None:
                return bool((await connection.execute(rejected)).rowcount)
            row = rejected.returning(attachments.c.user_id, attachments.c.id).cte("quarantined")
            entered = await connection.execute(entries_of(ATTACHMENT_QUARANTINED, row))
            if not entered.rowcount:
                return False
        announce(ATTACHMENT_QUARANTINED, user_id, [attachment_id])
        return True

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None:
        """Record why the model's provider rejected this file; later turns send a note instead.

        Its files at the provider are marked for deletion.
        """
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(_has_id(user_id, attachment_id), in_state(*USABLE))
                .values(problem=problem)
            )
            await mark_files_of(connection, [(user_id, attachment_id)])

    async def tombstone(self, user_id: str, attachment_id: str) -> None:
        """Change any state to TOMBSTONE, in one statement; a tombstone stays as it is.

        Raises `NotFound` if there is no row.
        """
        row = _has_id(user_id, attachment_id)
        async with self._database.connect() as connection:
            deleted = await tombstone_where(connection, ATTACHMENT_DELETED, row)
            if not deleted and not await connection.scalar(select(literal(1)).where(row)):
                raise no_attachment(attachment_id)
        announce(ATTACHMENT_DELETED, user_id, deleted)
        fault_point("delete.committed")


async def tombstone_where(
    connection: AsyncConnection, act: Act, condition: ColumnElement[bool]
) -> Sequence[str]:
    """Turn the rows that meet `condition` into tombstones, which are due at once. Return their ids.

    The same statement writes the audit entries of `act`. The purge keeps a row until nothing can
    arrive by its upload link any more.
    """
    changed = to_tombstone().where(condition)
    rows = changed.returning(attachments.c.user_id, attachments.c.id).cte("tombstoned")
    result = await connection.execute(entries_of(act, rows).returning(audit_log.c.object_id))
    ids: list[str] = list(result.scalars())
    metrics.tombstoned.inc(len(ids))
    return ids


def to_tombstone() -> Update:
    """Return an UPDATE that makes tombstones; the caller adds the condition on the rows.

    Their objects are due for the purge at once, and their transcripts are deleted now.
    """
    return transition(AttachmentState.TOMBSTONE).values(
        purge_after=func.now(), transcript=null(), transcribing_until=None
    )


def _of_type(file_type: FileType, preview_key: str | None) -> dict[str, Any]:
    """Return the values of a row whose content has another type than its user declared."""
    mime_type = file_type.mime_type
    if not file_type.is_inline:
        return {"mime_type": mime_type, "payload": payload_of_file(mime_type=mime_type)}
    return {"mime_type": mime_type, "payload": payload_of_image(mime_type, preview_key)}


def to_record(row: Row[*tuple[Any, ...]]) -> AttachmentRecord:
    """Return the record of a row that has `RECORD_COLUMNS`."""
    return AttachmentRecord(**row._mapping)


def _has_id(user_id: str, attachment_id: str) -> ColumnElement[bool]:
    return and_(attachments.c.user_id == user_id, attachments.c.id == storable(attachment_id))
