"""The quota of a user: a new attachment gets a row only if its bytes fit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, Text, and_, bindparam, case, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachment_state import COUNTED, AttachmentState
from app.database.audit import Act, Action, Actor, Kind, entries_of
from app.database.search_terms import search_terms
from app.database.tables import attachments, erasures
from app.database.transitions import in_state
from app.errors import ErasureUnderWay, QuotaExceeded
from app.settings.quota import QuotaSettings
from app.sizes import LARGE_FILE_BYTES, in_words

# 512 kbit/s. A file's size divided by this is the time that its upload may take.
SLOW_LINE_BYTES_PER_SECOND = 64 * 1024


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A row to insert. `size` is in bytes, `payload` the ChatKit attachment without signed URLs."""

    user_id: str
    id: str
    object_key: str
    name: str
    mime_type: str
    size: int
    payload: dict[str, Any]
    link_expires_at: datetime


ATTACHMENT_CREATED = Act(Actor.USER, Action.CREATED, Kind.ATTACHMENT)

_GIVEN_COLUMNS = (
    "user_id",
    "id",
    "object_key",
    "name",
    "mime_type",
    "size",
    "search_terms",
    "payload",
    "upload_ends_at",
)

# The lock is taken in a statement of its own, so that the next statement's snapshot has what the
# previous holder of the lock has committed.
LOCK_USER = select(
    func.pg_advisory_xact_lock(
        func.hashtextextended(bindparam("user_id", type_=Text), literal(1, BigInteger))
    )
)

_is_quarantined = and_(
    in_state(AttachmentState.REJECTED), attachments.c.quarantine_ends_at.is_not(None)
)
# Without what is in quarantine, a user could fill the bucket with malware.
_counted = in_state(*COUNTED) | _is_quarantined
_is_alive = attachments.c.upload_ends_at > func.now()
# The upload is in the bucket or may still arrive, in addition to the copy of a verified file. The
# counted files and these uploads together have at most twice the quota, so a user never has more
# in the bucket, apart from previews.
_has_upload = in_state(AttachmentState.PENDING) | _is_alive
# Deleted or rejected, so it does not count against the quota. Such rows are limited too, which
# limits creating and deleting in a loop.
_lingering = ~_counted & _is_alive
# The links of a large file can write it once as an object and once as parts. A file that is pending
# or usable needs no doubling: its parts are deleted before its copy is made. A copy in quarantine
# leaves the links their place.
_has_parts = ~in_state(*COUNTED) & (attachments.c.size > LARGE_FILE_BYTES)
_upload_size = attachments.c.size * case((_has_parts, 2), else_=1)

_USED = (
    select(
        func.coalesce(func.sum(attachments.c.size).filter(_counted), 0).label("bytes"),
        func.count().filter(in_state(AttachmentState.PENDING)).label("pending"),
        func.coalesce(func.sum(_upload_size).filter(_has_upload), 0).label("upload_bytes"),
        func.count().filter(_lingering).label("lingering"),
    )
    .where(
        attachments.c.user_id == bindparam("user_id", type_=Text),
        _counted | _lingering,
    )
    .subquery("used")
)

_is_being_erased = exists().where(
    erasures.c.user_id == bindparam("user_id", type_=Text), erasures.c.finished_at.is_(None)
)

_size = bindparam("size", type_=BigInteger)
_max_bytes = bindparam("max_bytes", type_=BigInteger)
_max_pending = bindparam("max_pending", type_=BigInteger)

_INSERT_ROW = attachments.insert().from_select(
    ["state", *_GIVEN_COLUMNS],
    select(
        literal(AttachmentState.PENDING, Text),
        *(bindparam(name, type_=attachments.c[name].type) for name in _GIVEN_COLUMNS),
    )
    .select_from(_USED)
    .where(
        ~_is_being_erased,
        _USED.c.pending < _max_pending,
        _USED.c.bytes + _size <= _max_bytes,
        _USED.c.pending + _USED.c.lingering < 2 * _max_pending,
        _USED.c.bytes + _USED.c.upload_bytes + 2 * _size <= 2 * _max_bytes,
    ),
)
_INSERT = entries_of(
    ATTACHMENT_CREATED,
    _INSERT_ROW.returning(attachments.c.user_id, attachments.c.id).cte("created"),
)


async def insert_within_quota(
    connection: AsyncConnection, new: NewAttachment, quota: QuotaSettings
) -> None:
    """Insert the row in state PENDING, and its audit entry, if the quota allows it.

    Raises `QuotaExceeded` and `ErasureUnderWay`.

    Concurrent calls for one user take turns on an advisory lock that is held until the transaction
    ends. Otherwise two calls could both take the last free space. Other users do not wait.
    """
    await connection.execute(LOCK_USER, {"user_id": new.user_id})
    written = await connection.execute(
        _INSERT,
        {
            "user_id": new.user_id,
            "id": new.id,
            "object_key": new.object_key,
            "name": new.name,
            "mime_type": new.mime_type,
            "size": new.size,
            "search_terms": search_terms(new.user_id, new.name),
            "payload": new.payload,
            "upload_ends_at": _upload_ends_at(new),
            "max_bytes": quota.max_bytes,
            "max_pending": quota.max_pending,
        },
    )
    if written.rowcount == 0:
        if await connection.scalar(select(_is_being_erased), {"user_id": new.user_id}):
            raise ErasureUnderWay
        used = (await connection.execute(select(_USED), {"user_id": new.user_id})).one()
        raise _quota_exceeded(used, new.size, quota)


def _upload_ends_at(new: NewAttachment) -> datetime:
    """Return the time after which nothing can arrive by the upload link.

    Stores check the link's expiry when an upload begins, and one that begins in the last second
    takes as long as its size needs on a slow line.
    """
    return new.link_expires_at + timedelta(seconds=new.size / SLOW_LINE_BYTES_PER_SECOND)


def _quota_exceeded(used: Row[Any], size: int, quota: QuotaSettings) -> QuotaExceeded:
    if used.pending >= quota.max_pending:
        return QuotaExceeded(
            f"You have {used.pending} uploads that no message uses yet, which is the limit."
            " Send or remove some of them first."
        )
    if used.bytes + size <= quota.max_bytes:
        return QuotaExceeded(
            "You have removed many uploads in the last minutes, and their space is not free yet."
            " Try again in a quarter of an hour."
        )
    return QuotaExceeded(
        f"This file does not fit: your attachments use {in_words(int(used.bytes))} of"
        f" {in_words(quota.max_bytes)}. Delete attachments or threads you no longer need."
    )
