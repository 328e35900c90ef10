"""What a user may have: the row of a new attachment is written only where the quota holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Text, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachment_state import COUNTED, AttachmentState
from app.database.search_terms import search_terms
from app.database.tables import attachments
from app.database.transitions import in_state
from app.errors import QuotaExceeded
from app.sizes import in_words


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """What `reserve` writes. `payload` is the ChatKit attachment as JSON, without signed URLs."""

    user_id: str
    id: str
    object_key: str
    name: str
    mime_type: str
    size: int
    payload: dict[str, Any]
    upload_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits per user: bytes in all, and uploads begun but not yet used."""

    max_bytes: int
    max_pending: int


_RESERVED_COLUMNS = (
    "user_id",
    "id",
    "object_key",
    "name",
    "mime_type",
    "size",
    "search_terms",
    "payload",
    "upload_expires_at",
)

# A statement of its own: the next one's snapshot then has what the turn before has written.
_TAKE_TURN = select(
    func.pg_advisory_xact_lock(
        func.hashtextextended(bindparam("user_id", type_=Text), literal(1, BigInteger))
    )
)

_counted = in_state(*COUNTED)
# Deleted or rejected, but its upload link is alive, so its bytes are there or may come back. This
# frees the quota at once, yet no more than a second quota's worth of it can be had at a time.
_lingering = ~_counted & (attachments.c.upload_expires_at > func.now())

_USED = (
    select(
        func.coalesce(func.sum(attachments.c.size).filter(_counted), 0).label("bytes"),
        func.count().filter(in_state(AttachmentState.PENDING)).label("pending"),
        func.coalesce(func.sum(attachments.c.size).filter(_lingering), 0).label("lingering_bytes"),
        func.count().filter(_lingering).label("lingering"),
    )
    .where(
        attachments.c.user_id == bindparam("user_id", type_=Text),
        _counted | _lingering,
    )
    .subquery("used")
)

_size = bindparam("size", type_=BigInteger)
_max_bytes = bindparam("max_bytes", type_=BigInteger)
_max_pending = bindparam("max_pending", type_=BigInteger)

_RESERVE = attachments.insert().from_select(
    ["state", *_RESERVED_COLUMNS],
    select(
        literal(AttachmentState.PENDING, Text),
        *(bindparam(name, type_=attachments.c[name].type) for name in _RESERVED_COLUMNS),
    )
    .select_from(_USED)
    .where(
        _USED.c.pending < _max_pending,
        _USED.c.bytes + _size <= _max_bytes,
        _USED.c.pending + _USED.c.lingering < 2 * _max_pending,
        _USED.c.bytes + _USED.c.lingering_bytes + _size <= 2 * _max_bytes,
    ),
)


async def reserve(connection: AsyncConnection, new: NewAttachment, quota: Quota) -> None:
    """Write a pending row if the user's quota holds it. Raises `QuotaExceeded`.

    Creates of one user take turns on an advisory lock until the transaction ends, so that two at
    once can't both see room for one. Other users are not held up.
    """
    await connection.execute(_TAKE_TURN, {"user_id": new.user_id})
    written = await connection.execute(
        _RESERVE,
        {
            "user_id": new.user_id,
            "id": new.id,
            "object_key": new.object_key,
            "name": new.name,
            "mime_type": new.mime_type,
            "size": new.size,
            "search_terms": search_terms(new.user_id, new.name),
            "payload": new.payload,
            "upload_expires_at": new.upload_expires_at,
            "max_bytes": quota.max_bytes,
            "max_pending": quota.max_pending,
        },
    )
    if written.rowcount == 0:
        used = (await connection.execute(select(_USED), {"user_id": new.user_id})).one()
        raise _quota_exceeded(used, new.size, quota)


def _quota_exceeded(used: Row[Any], size: int, quota: Quota) -> QuotaExceeded:
    if used.pending >= quota.max_pending:
        return QuotaExceeded(
            f"You have {used.pending} uploads that no message uses yet, which is the limit."
            " Send or remove some of them first."
        )
    if used.bytes + size <= quota.max_bytes:
        return QuotaExceeded(
            "You have removed many uploads in the last minutes, and their room is not free yet."
            " Try again in a quarter of an hour."
        )
    return QuotaExceeded(
        f"This file does not fit: your attachments use {in_words(int(used.bytes))} of"
        f" {in_words(quota.max_bytes)}. Delete attachments or threads you no longer need."
    )
