"""Loads the whole history of a thread, page by page."""

from chatkit.store import Store
from chatkit.types import AssistantMessageItem, ThreadItem

from app.context import RequestContext

_PAGE_SIZE = 100


async def load_history(
    store: Store[RequestContext], thread_id: str, context: RequestContext
) -> list[ThreadItem]:
    """Return the items of the thread, oldest first, without empty answers.

    Raises what the store raises.
    """
    items: list[ThreadItem] = []
    after: str | None = None
    while True:
        page = await store.load_thread_items(thread_id, after, _PAGE_SIZE, "asc", context)
        items.extend(item for item in page.data if not is_empty_answer(item))
        if not page.has_more or page.after is None:
            return items
        after = page.after


def is_empty_answer(item: ThreadItem) -> bool:
    """Return whether an item is a message without text. Model APIs reject such messages."""
    return isinstance(item, AssistantMessageItem) and not any(
        content.text.strip() for content in item.content
    )
