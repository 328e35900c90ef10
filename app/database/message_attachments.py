"""The attachments inside messages: bound to their thread, and what their payloads refer to."""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    Text,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.references import REFERENCE_SCHEME, preview_reference
from app.database.tables import attachments, thread_items
from app.errors import (
    AppError,
    AttachmentInUse,
    AttachmentNotUploaded,
    AttachmentRejected,
    NotFound,
)

_IDS = any_(bindparam("attachment_ids", type_=ARRAY(Text)))


_BIND = (
    update(attachments)
    .where(
        attachments.c.user_id == bindparam("owner"),
        attachments.c.id == _IDS,
        attachments.c.state.in_(("stored", "attached")),
        or_(
            attachments.c.thread_id.is_(None),
            attachments.c.thread_id == bindparam("thread"),
        ),
    )
    .values(thread_id=bindparam("thread"), state="attached")
    .returning(attachments.c.id, preview_reference().label("reference"))
)

_OWN = select(attachments.c.id, preview_reference().label("reference")).where(
    attachments.c.user_id == bindparam("owner"),
    attachments.c.id == _IDS,
    attachments.c.object_key.is_not(None),
)

_embedded = func.jsonb_array_elements(thread_items.c.payload["attachments"]).table_valued(
    "value", name="embedded"
)
_embedded_attachment = _embedded.c.value.cast(JSONB)

# What the stored message refers to already: the rows of its attachments may be gone by now.
_EMBEDDED = (
    select(
        _embedded_attachment["id"].astext.label("id"),
        _embedded_attachment["preview_url"].astext.label("reference"),
    )
    .select_from(thread_items.join(_embedded, literal(True)))
    .where(
        thread_items.c.user_id == bindparam("owner"),
        thread_items.c.thread_id == bindparam("thread"),
        thread_items.c.id == bindparam("item"),
        _embedded_attachment["preview_url"].astext.startswith(REFERENCE_SCHEME),
    )
)


async def bind_attachments(
    connection: AsyncConnection, user_id: str, thread_id: str, attachment_ids: Iterable[str]
) -> dict[str, str]:
    """Attach all of them to the thread, or raise why one can't be: the caller rolls back.

    Answers the references of those whose bytes are in the bucket. Raises `NotFound`,
    `AttachmentNotUploaded`, `AttachmentRejected`, and `AttachmentInUse` for one that belongs to
    another thread.
    """
    wanted = sorted(set(attachment_ids))
    if not wanted:
        return {}
    bound = await connection.execute(
        _BIND, {"owner": user_id, "thread": thread_id, "attachment_ids": wanted}
    )
    references = {row.id: row.reference for row in bound}
    for missing in wanted:
        if missing not in references:
            raise await _why_not_bound(connection, user_id, missing)
    return {key: value for key, value in references.items() if value is not None}


async def stored_references(
    connection: AsyncConnection,
    user_id: str,
    thread_id: str,
    item_id: str,
    attachment_ids: Iterable[str],
) -> dict[str, str]:
    """By attachment id, what a message that is saved (again) has to store for previews."""
    given = {
        "owner": user_id,
        "thread": thread_id,
        "item": item_id,
        "attachment_ids": sorted(set(attachment_ids)),
    }
    rows = await connection.execute(_EMBEDDED.union_all(_OWN), given)
    return {row.id: row.reference for row in rows}


async def _why_not_bound(connection: AsyncConnection, user_id: str, attachment_id: str) -> AppError:
    found = await connection.execute(
        select(attachments.c.state, attachments.c.name, attachments.c.problem).where(
            attachments.c.user_id == user_id, attachments.c.id == attachment_id
        )
    )
    row = found.one_or_none()
    if row is None or row.state == "tombstone":
        return NotFound(
            f"There is no attachment {attachment_id!r}. Attach the file again.",
            param=f"attachments.{attachment_id}",
        )
    if row.state == "pending":
        return AttachmentNotUploaded(param=f"attachments.{attachment_id}")
    if row.state == "rejected":
        return AttachmentRejected(row.problem, param=f"attachments.{attachment_id}")
    return AttachmentInUse(param=f"attachments.{attachment_id}")
