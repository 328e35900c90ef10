"""A thread in memory, and the messages in it."""

from collections.abc import Sequence
from datetime import datetime

from chatkit.store import NotFoundError, Store
from chatkit.types import (
    Attachment,
    InferenceOptions,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)

from app.context import RequestContext

CONTEXT = RequestContext(user_id="ada", request_id="req_1", base_url="http://127.0.0.1")
# It has a title: the model would be asked for one otherwise.
THREAD = ThreadMetadata(id="thr_1", created_at=datetime(2026, 1, 1), title="A thread")


class MemoryStore(Store[RequestContext]):
    """A store of one thread, with what an answer needs. Its pages are short, to test paging."""

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


def user_message(number: int, text: str, *attachments: Attachment) -> UserMessageItem:
    return UserMessageItem(
        id=f"msg_{number}",
        thread_id=THREAD.id,
        created_at=datetime(2026, 1, 1),
        content=[UserMessageTextContent(text=text)],
        attachments=list(attachments),
        inference_options=InferenceOptions(),
    )
