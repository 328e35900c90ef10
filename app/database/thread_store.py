"""ChatKit's store on PostgreSQL."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from chatkit.store import Store, StoreItemType
from chatkit.types import (
    Attachment,
    FeedbackKind,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
)
from sqlalchemy import and_

from app.context import RequestContext
from app.database import statements
from app.database.active_threads import ActiveThread, ActiveThreads
from app.database.attachment_payloads import AttachmentPayloads
from app.database.attachment_records import (
    ATTACHMENT_DELETED,
    AttachmentRecords,
    tombstone_where,
)
from app.database.audit import announce
from app.database.engine import Database
from app.database.identifiers import new_id
from app.database.item_payloads import ItemPayloads, attachment_ids, upsert_item
from app.database.message_attachments import bind_attachments
from app.database.missing import no_thread
from app.database.pages import KeysetPage, PageRequest, Pages
from app.database.payloads import Hydrator, decode_thread, encode_thread
from app.database.search_terms import search_terms
from app.database.tables import attachments
from app.database.word_index import index_words
from app.errors import ErasureUnderWay
from app.faults import fault_point
from app.storable import storable

logger = logging.getLogger(__name__)


class PostgresStore(Store[RequestContext]):
    """Stores threads, their items and the attachments' metadata, separately for each user.

    With a hydrator, attachments whose bytes are in the bucket get a preview URL at each load.
    Without one this is a plain ChatKit store. With `messages_create_threads`, only
    `add_user_message` creates a thread: saving the title of a thread that was deleted raises
    `NotFound` and does not create it again. `on_tombstone` is called after each delete.

    Methods raise `NotFound` for an id of another user as for an unknown one, and
    `DatabaseUnavailable`.
    """

    def __init__(
        self,
        database: Database,
        hydrator: Hydrator | None = None,
        *,
        messages_create_threads: bool = False,
        on_tombstone: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._on_tombstone = on_tombstone
        self._messages_create_threads = messages_create_threads
        self._pages = Pages(database, hydrator)
        self._active = ActiveThreads(database)
        self._items = ItemPayloads(database, hydrator)
        self._attachments = AttachmentPayloads(database, hydrator)
        self._records = AttachmentRecords(database)

    def generate_thread_id(self, context: RequestContext) -> str:
        return new_id("thread")

    def generate_item_id(
        self, item_type: StoreItemType, thread: ThreadMetadata, context: RequestContext
    ) -> str:
        return new_id(item_type)

    # Threads

    async def load_thread(self, thread_id: str, context: RequestContext) -> ThreadMetadata:
        async with self._database.connect() as connection:
            payload = await connection.scalar(
                statements.LOAD_THREAD, {"owner": context.user_id, "thread": storable(thread_id)}
            )
        if payload is None:
            raise no_thread(thread_id)
        return decode_thread(payload)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> Page[ThreadMetadata]:
        """Return a page of threads, in `desc` order those first that were active last.

        A cursor is the `after` of the page before, or the id of a thread.
        """
        page = await self.list_threads(limit, after, order, context)
        return Page(
            data=[row.thread for row in page.rows],
            has_more=page.has_more,
            after=page.rows[-1].place if page.has_more else None,
        )

    async def list_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> KeysetPage[ActiveThread]:
        """Return what `load_threads` does, with the time of each thread's last activity."""
        return await self._active.list(context.user_id, PageRequest(limit, order, after))

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None:
        """Insert or update the metadata; the items of a `Thread` are ignored."""
        statement = (
            statements.UPDATE_THREAD if self._messages_create_threads else statements.UPSERT_THREAD
        )
        async with self._database.connect() as connection:
            saved = await connection.scalar(statement, _thread_values(thread, context))
        if saved is None:
            raise no_thread(thread.id)

    async def change_thread(
        self,
        thread_id: str,
        change: Callable[[ThreadMetadata], ThreadMetadata],
        context: RequestContext,
    ) -> ThreadMetadata:
        """Save what `change` makes of the stored metadata, and return it. Raises `NotFound`.

        The thread is locked in between: two changes at the same time are both kept.
        """
        wanted = {"owner": context.user_id, "thread": storable(thread_id)}
        async with self._database.begin() as connection:
            await connection.execute(statements.LOCK_THREAD, wanted)
            stored = await connection.scalar(statements.LOAD_THREAD, wanted)
            if stored is None:
                raise no_thread(thread_id)
            changed = change(decode_thread(stored))
            await connection.execute(statements.UPDATE_THREAD, _thread_values(changed, context))
        return changed

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None:
        """Delete the thread with its items, and tombstone its attachments, in one transaction.

        The log and the metric `attachments_tombstoned` count the attachments.
        """
        wanted = {"owner": context.user_id, "thread": storable(thread_id)}
        async with self._database.begin() as connection:
            # The thread is locked first. `add_user_message` locks it too, so no message can bind an
            # attachment now.
            if await connection.scalar(statements.LOCK_THREAD, wanted) is None:
                raise no_thread(thread_id)
            tombstoned = await tombstone_where(
                connection,
                ATTACHMENT_DELETED,
                and_(
                    attachments.c.user_id == wanted["owner"],
                    attachments.c.thread_id == wanted["thread"],
                ),
            )
            await connection.execute(statements.DELETE_THREAD, wanted)
            fault_point("delete.thread_written")
        fault_point("delete.thread_committed")
        self._on_tombstone()
        announce(statements.THREAD_DELETED, context.user_id, [thread_id])
        announce(ATTACHMENT_DELETED, context.user_id, tombstoned)
        logger.info(
            "thread deleted",
            extra={
                "thread_id": thread_id,
                "attachment_count": len(tombstoned),
                "request_id": context.request_id,
            },
        )

    # Items

    async def load_thread_items(
        self,
        thread_id: str,
        after: str | None,
        limit: int,
        order: str,
        context: RequestContext,
    ) -> Page[ThreadItem]:
        """Return a page of items, which is empty if the user has no such thread."""
        page = await self._pages.items(context.user_id, thread_id, PageRequest(limit, order, after))
        if page is None:
            return Page()
        return Page(
            data=page.rows,
            has_more=page.has_more,
            after=page.rows[-1].id if page.has_more else None,
        )

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        return await self._items.load(thread_id, item_id, context.user_id)

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        """Save the item as `save_item` does: the SDK adds a workflow again each time it changes."""
        await self.save_item(thread_id, item, context)

    async def save_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        await self._items.save(thread_id, item, context.user_id)

    async def add_user_message(
        self,
        thread: ThreadMetadata,
        item: UserMessageItem,
        context: RequestContext,
        *,
        create_thread: bool,
    ) -> None:
        """Save a message, its thread if that is new, and bind its attachments, or do none of it.

        Raises `NotFound` for the thread or an attachment, `ErasureUnderWay` for a new thread, and
        what `bind_attachments` raises.
        """
        async with self._database.begin() as connection:
            if create_thread:
                values = _thread_values(thread, context)
                created = await connection.execute(statements.CREATE_THREAD, values)
                if not created.rowcount:
                    raise ErasureUnderWay
            elif not await connection.scalar(
                statements.LOCK_THREAD, {"owner": context.user_id, "thread": storable(thread.id)}
            ):
                raise no_thread(thread.id)
            references = await bind_attachments(
                connection, context.user_id, storable(thread.id), attachment_ids(item)
            )
            await upsert_item(connection, thread.id, item, references, context.user_id)
            fault_point("attach.written")
        if create_thread:
            announce(statements.THREAD_CREATED, context.user_id, [thread.id])
        fault_point("attach.committed")

    async def change_last_message(
        self,
        thread_id: str,
        item_id: str,
        change: Callable[[UserMessageItem], UserMessageItem],
        context: RequestContext,
    ) -> UserMessageItem:
        """Save what `change` makes of the user's last message (`ItemPayloads` has the errors)."""
        return await self._items.change_last_message(thread_id, item_id, change, context.user_id)

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None:
        await self._items.delete(thread_id, item_id, context.user_id)

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: Sequence[str],
        kind: FeedbackKind,
        context: RequestContext,
    ) -> None:
        await self._items.add_feedback(thread_id, item_ids, kind, context.user_id)

    # Attachments

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None:
        await self._attachments.save(attachment, context.user_id)

    async def load_attachment(self, attachment_id: str, context: RequestContext) -> Attachment:
        return await self._attachments.load(attachment_id, context.user_id)

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Tombstone the attachment; the purge deletes bytes and row. It may be repeated."""
        await self._records.tombstone(context.user_id, storable(attachment_id))
        self._on_tombstone()


def _thread_values(thread: ThreadMetadata, context: RequestContext) -> dict[str, Any]:
    return {
        "owner": context.user_id,
        "thread": storable(thread.id),
        "thread_title": None if thread.title is None else storable(thread.title),
        "terms": search_terms(context.user_id, thread.title or ""),
        "indexed_words": index_words(context.user_id, thread.title or ""),
        "json": encode_thread(thread),
    }
