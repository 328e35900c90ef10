"""The rows of one user for an export, in pages and in the order in which they were saved."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from app.attachment_state import AttachmentState
from app.database.engine import Database
from app.database.tables import attachments, feedback, thread_items, threads
from app.database.transitions import in_state

_PAGE = 200


@dataclass(frozen=True, slots=True)
class ExportedThread:
    """A thread. `payload` is ChatKit's metadata as JSON."""

    position: int
    id: str
    title: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportedItem:
    """An item of a thread, with the user's feedback on it. `payload` is ChatKit's JSON."""

    position: int
    type: str
    payload: Mapping[str, Any]
    created_at: datetime
    feedback: str | None


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """An attachment. `size` is in bytes; `object_key` is None if the bytes are not kept here.

    `transcript` is the text of what is said in a recording, if it was transcribed.
    """

    id: str
    state: AttachmentState
    object_key: str | None
    name: str
    mime_type: str
    size: int
    etag: str | None
    transcript: str | None = None


class ExportRows:
    """Reads one user's rows. No connection is held between pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def threads(self, user_id: str) -> AsyncIterator[ExportedThread]:
        columns = (threads.c.position, threads.c.id, threads.c.title, threads.c.payload)
        own = select(*columns).where(threads.c.user_id == user_id)
        async for row in self._pages(own, threads.c.position):
            yield ExportedThread(*row)

    async def items(self, user_id: str, thread_id: str) -> AsyncIterator[ExportedItem]:
        rated = and_(
            feedback.c.user_id == thread_items.c.user_id,
            feedback.c.thread_id == thread_items.c.thread_id,
            feedback.c.item_id == thread_items.c.id,
        )
        columns = (
            thread_items.c.position,
            thread_items.c.type,
            thread_items.c.payload,
            thread_items.c.created_at,
            feedback.c.kind,
        )
        own = (
            select(*columns)
            .select_from(thread_items.outerjoin(feedback, rated))
            .where(thread_items.c.user_id == user_id, thread_items.c.thread_id == thread_id)
        )
        async for row in self._pages(own, thread_items.c.position):
            yield ExportedItem(*row)

    async def files(self, user_id: str) -> AsyncIterator[ExportedFile]:
        columns = (
            attachments.c.id,
            attachments.c.state,
            attachments.c.object_key,
            attachments.c.name,
            attachments.c.mime_type,
            attachments.c.size,
            attachments.c.etag,
            attachments.c.transcript["text"].astext,
        )
        own = select(*columns).where(
            attachments.c.user_id == user_id, ~in_state(AttachmentState.TOMBSTONE)
        )
        async for row in self._pages(own, attachments.c.id):
            yield ExportedFile(*row)

    async def _pages(self, rows: Select[Any], key: Any) -> AsyncIterator[Any]:
        """Yield `rows` in the order of `key`, which is their first column."""
        page = rows.order_by(key).limit(_PAGE)
        while True:
            async with self._database.connect() as connection:
                found = (await connection.execute(page)).all()
            for row in found:
                yield row
            if len(found) < _PAGE:
                return
            page = rows.where(key > found[-1][0]).order_by(key).limit(_PAGE)
