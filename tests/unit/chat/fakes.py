"""Stand-ins for what lies below `app.chat`: rows, a bucket that counts its reads, a thread."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chatkit.store import NotFoundError, Store
from chatkit.types import (
    Attachment,
    FileAttachment,
    InferenceOptions,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)

from app.attachment_state import AttachmentState
from app.context import RequestContext
from app.errors import NotFound, ObjectChanged, ObjectMissing
from app.model_input.budget import Budget
from app.model_input.cache import RenditionCache
from app.model_input.converter import AttachmentConverter
from app.model_input.renditions import Limits, Renditions
from app.workers import Workers

CONTEXT = RequestContext(user_id="ada", request_id="req_1", base_url="http://127.0.0.1")
# It has a title: the model would be asked for one otherwise.
THREAD = ThreadMetadata(id="thr_1", created_at=datetime(2026, 1, 1), title="A thread")


@dataclass(frozen=True)
class Row:
    """An attachment row."""

    id: str
    name: str
    mime_type: str
    size: int
    object_key: str | None
    etag: str | None
    state: AttachmentState = AttachmentState.ATTACHED
    problem: str | None = None


class MemoryBucket:
    """Objects by key. `reads` lists the keys in the order they were read."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.reads: list[str] = []

    async def read(self, key: str, *, etag: str | None = None) -> bytes:
        self.reads.append(key)
        try:
            body = self.objects[key]
        except KeyError:
            raise ObjectMissing from None
        if etag is not None and etag != etag_of(body):
            raise ObjectChanged
        return body


class Attachments:
    """Rows of one user and their bytes."""

    def __init__(self, user_id: str = "ada") -> None:
        self.user_id = user_id
        self.rows: dict[str, Row] = {}
        self.bucket = MemoryBucket()

    def add(self, name: str, mime_type: str, body: bytes, **fields: Any) -> Attachment:
        id = f"atc_{len(self.rows) + 1}"
        key = f"attachments/{id}"
        self.bucket.objects[key] = body
        row = Row(id, name, mime_type, len(body), key, etag_of(body))
        self.rows[id] = replace(row, **fields)
        return FileAttachment(id=id, name=name, mime_type=mime_type)

    async def load(self, user_id: str, attachment_id: str) -> Row:
        if user_id != self.user_id or attachment_id not in self.rows:
            raise NotFound
        return self.rows[attachment_id]

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None:
        row = await self.load(user_id, attachment_id)
        self.rows[attachment_id] = replace(row, problem=problem)

    def renditions(self, **options: Any) -> Renditions:
        options.setdefault("cache", RenditionCache(64 * 1024 * 1024))
        options.setdefault("workers", Workers())
        options.setdefault("limits", Limits())
        return Renditions(bucket=self.bucket, **options)

    def converter(
        self, renditions: Renditions | None = None, budget: Budget | None = None
    ) -> AttachmentConverter:
        return AttachmentConverter(
            user_id="ada",
            attachments=self,
            renditions=renditions or self.renditions(),
            budget=budget or Budget(),
        )


class MemoryStore(Store[RequestContext]):
    """One thread; enough of a store for an answer. Pages are short, so that paging is exercised."""

    def __init__(self, items: Sequence[ThreadItem] = ()) -> None:
        self.items = list(items)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: RequestContext
    ) -> Page[ThreadItem]:
        ordered = self.items if order == "asc" else self.items[::-1]
        start = 1 + [item.id for item in ordered].index(after) if after else 0
        page = ordered[start : start + min(limit, 2)]
        more = start + len(page) < len(ordered)
        return Page(data=page, has_more=more, after=page[-1].id if more else None)

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        self.items.append(item)

    async def load_thread(self, thread_id: str, context: RequestContext) -> ThreadMetadata:
        return THREAD

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        raise NotFoundError

    async def load_attachment(self, attachment_id: str, context: RequestContext) -> Attachment:
        raise NotFoundError

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> Page[ThreadMetadata]:
        return Page()

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None: ...

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None: ...

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None: ...

    async def save_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None: ...

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None: ...

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None: ...


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def user_message(number: int, text: str, *attachments: Attachment) -> UserMessageItem:
    return UserMessageItem(
        id=f"msg_{number}",
        thread_id=THREAD.id,
        created_at=datetime(2026, 1, 1),
        content=[UserMessageTextContent(text=text)],
        attachments=list(attachments),
        inference_options=InferenceOptions(),
    )
