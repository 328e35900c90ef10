"""The attachments of messages: binding them to the thread, and what the messages store of them."""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    Text,
    Update,
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
from sqlalchemy.sql.dml import ReturningUpdate

from app.attachment_state import USABLE, AttachmentState
from app.database.missing import no_such_file
from app.database.references import REFERENCE_SCHEME, preview_reference
from app.database.tables import attachments, thread_items
from app.database.transitions import in_state, transition
from app.errors import AppError, AttachmentInUse, AttachmentNotUploaded

_IDS = any_(bindparam("attachment_ids", type_=ARRAY(Text)))


def _binding(changed: Update) -> ReturningUpdate[tuple[str, str | None]]:
    return (
        changed.where(
            attachments.c.user_id == bindparam("owner"),
            attachments.c.id == _IDS,
            or_(
                attachments.c.thread_id.is_(None),
                attachments.c.thread_id == bindparam("thread"),
            ),
        )
        .values(thread_id=bindparam("thread"))
        .returning(attachments.c.id, preview_reference().label("reference"))
    )


_BIND = _binding(transition(AttachmentState.ATTACHED, *USABLE))
# The thread shows why it was rejected, and the model gets a note in its place.
_BIND_REJECTED = _binding(update(attachments).where(in_state(AttachmentState.REJECTED)))

_OWN = select(attachments.c.id, preview_reference().label("reference")).where(
    attachments.c.user_id == bindparam("owner"),
    attachments.c.id == _IDS,
    attachments.c.object_key.is_not(None),
)

_embedded = func.jsonb_array_elements(thread_items.c.payload["attachments"]).table_valued(
    "value", name="embedded"
)
_embedded_attachment = _embedded.c.value.cast(JSONB)

# The references in the stored message, because the rows of its attachments may be deleted by now.
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
    """Bind all of them to the thread, or raise an error, after which the caller rolls back.

    Rejected ones stay rejected. Return the references of those that this service created, by id.
    Raises `NotFound`, `AttachmentNotUploaded`, and `AttachmentInUse` if one is in another thread.
    """
    wanted = sorted(set(attachment_ids))
    if not wanted:
        return {}
    bound = await connection.execute(
        _BIND, {"owner": user_id, "thread": thread_id, "attachment_ids": wanted}
    )
    references = {row.id: row.reference for row in bound}
    if len(references) < len(wanted):
        rejected = await connection.execute(
            _BIND_REJECTED, {"owner": user_id, "thread": thread_id, "attachment_ids": wanted}
        )
        references |= {row.id: row.reference for row in rejected}
    for attachment_id in wanted:
        if attachment_id not in references:
            raise await _why_not_bound(connection, user_id, attachment_id)
    return {key: value for key, value in references.items() if value is not None}


async def stored_references(
    connection: AsyncConnection,
    user_id: str,
    thread_id: str,
    item_id: str,
    attachment_ids: Iterable[str],
) -> dict[str, str]:
    """Return the references that a message must store when it is saved again, by attachment id."""
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
        select(attachments.c.state).where(
            attachments.c.user_id == user_id, attachments.c.id == attachment_id
        )
    )
    row = found.one_or_none()
    param = f"attachments.{attachment_id}"
    if row is None or row.state is AttachmentState.TOMBSTONE:
        return no_such_file(attachment_id)
    if row.state is AttachmentState.PENDING:
        return AttachmentNotUploaded(param=param)
    return AttachmentInUse(param=param)
