"""A thread's items as ChatKit's store saves and loads them, and the user's feedback on them."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from chatkit.types import FeedbackKind, GeneratedImageItem, ThreadItem, UserMessageItem
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import statements
from app.database.engine import Database
from app.database.item_text import item_text
from app.database.message_attachments import stored_references
from app.database.missing import no_item, no_thread
from app.database.payloads import Hydrator, decode_item, encode_item, hydrate
from app.database.word_index import index_words
from app.errors import InvalidRequest
from app.storable import storable


class ItemPayloads:
    """Saves and loads the items of one user. Raises `NotFound` for an unknown thread or item."""

    def __init__(self, database: Database, hydrator: Hydrator | None) -> None:
        self._database = database
        self._hydrator = hydrator

    async def load(self, thread_id: str, item_id: str, user_id: str) -> ThreadItem:
        """Return the item, with preview URLs minted now."""
        async with self._database.connect() as connection:
            payload = await connection.scalar(
                statements.LOAD_ITEM, _item_key(user_id, thread_id, item_id)
            )
        if payload is None:
            raise no_item(item_id)
        return await decode_item(payload, self._hydrator)

    async def save(self, thread_id: str, item: ThreadItem, user_id: str) -> None:
        """Insert or update the item. One that is saved again keeps its place in the thread."""
        ids = attachment_ids(item)
        if not ids:
            async with self._database.connect() as connection:
                await upsert_item(connection, thread_id, item, {}, user_id)
            return
        async with self._database.begin() as connection:
            references = await stored_references(
                connection, user_id, storable(thread_id), storable(item.id), ids
            )
            await upsert_item(connection, thread_id, item, references, user_id)

    async def change_last_message(
        self,
        thread_id: str,
        item_id: str,
        change: Callable[[UserMessageItem], UserMessageItem],
        user_id: str,
    ) -> UserMessageItem:
        """Save what `change` makes of the user's last message; return it with fresh preview URLs.

        The thread is locked in between, so no later message can be added. Raises `NotFound`, and
        `InvalidRequest` for an item that is not the last message.
        """
        key = _item_key(user_id, thread_id, item_id)
        async with self._database.begin() as connection:
            if await connection.scalar(statements.LOCK_THREAD, key) is None:
                raise no_thread(thread_id)
            payload = await connection.scalar(statements.LOAD_ITEM, key)
            if payload is None:
                raise no_item(item_id)
            if await connection.scalar(statements.LAST_MESSAGE, key) != key["item"]:
                raise InvalidRequest(
                    "Only your last message in a thread can be edited.", param="item_id"
                )
            changed = change(cast(UserMessageItem, await decode_item(payload, None)))
            ids = attachment_ids(changed)
            references = await stored_references(
                connection, user_id, key["thread"], key["item"], ids
            )
            await upsert_item(connection, thread_id, changed, references, user_id)
        if self._hydrator is not None:
            await hydrate(changed.attachments, self._hydrator)
        return changed

    async def delete(self, thread_id: str, item_id: str, user_id: str) -> None:
        """Delete the item, if there is one: streams also remove items that were never saved."""
        async with self._database.connect() as connection:
            known = await connection.scalar(
                statements.DELETE_ITEM, _item_key(user_id, thread_id, item_id)
            )
        if not known:
            raise no_thread(thread_id)

    async def add_feedback(
        self, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind, user_id: str
    ) -> None:
        """Save the latest feedback on each item. Save none if one of them is not in the thread."""
        thread = {"owner": user_id, "thread": storable(thread_id)}
        wanted = sorted({storable(item_id) for item_id in item_ids})
        async with self._database.begin() as connection:
            saved = await connection.execute(
                statements.UPSERT_FEEDBACK, {**thread, "items": wanted, "feedback_kind": kind}
            )
            found = set(saved.scalars())
            for item_id in wanted:
                if item_id not in found:
                    raise no_item(item_id)
            if not wanted and not await connection.scalar(statements.LOCK_THREAD, thread):
                raise no_thread(thread_id)


async def upsert_item(
    connection: AsyncConnection,
    thread_id: str,
    item: ThreadItem,
    references: Mapping[str, str],
    user_id: str,
) -> None:
    """Insert or update the item. `references` (references.py) are its attachments', by id.

    Raises `NotFound` for an unknown thread.
    """
    saved = await connection.scalar(
        statements.UPSERT_ITEM,
        {
            **_item_key(user_id, thread_id, item.id),
            "item_type": item.type,
            "json": encode_item(item, references),
            "indexed_words": index_words(user_id, item_text(item)),
        },
    )
    if saved is None:
        raise no_thread(thread_id)


def attachment_ids(item: ThreadItem) -> list[str]:
    """Return the ids of the item's attachments: of a user's message, or of a generated image."""
    if isinstance(item, GeneratedImageItem) and item.image is not None:
        return [storable(item.image.id)]
    if not isinstance(item, UserMessageItem):
        return []
    return [storable(attachment.id) for attachment in item.attachments]


def _item_key(user_id: str, thread_id: str, item_id: str) -> dict[str, str]:
    return {"owner": user_id, "thread": storable(thread_id), "item": storable(item_id)}
