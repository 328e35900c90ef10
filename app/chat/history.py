"""Loads the history of a thread, the newest items first, up to a limit in bytes."""

from chatkit.store import Store
from chatkit.types import AssistantMessageItem, ThreadItem, UserMessageItem

from app.context import RequestContext

# By default a user's message has 256 KiB at most (MAX_REQUEST_BYTES), so a page has some 13 MiB.
_PAGE_SIZE = 50
# About a million tokens, which is what the largest models read (app/chat/model_facts.py).
MAX_HISTORY_BYTES = 4 * 1024 * 1024


async def load_history(
    store: Store[RequestContext], thread_id: str, context: RequestContext
) -> list[ThreadItem]:
    """Return the items of the thread, oldest first, without empty answers.

    If they have more than `MAX_HISTORY_BYTES` as JSON, return only the newest turns that fit, and
    the last one in any case. Raises what the store raises.
    """
    newest_first: list[ThreadItem] = []
    size = 0
    after: str | None = None
    while True:
        page = await store.load_thread_items(thread_id, after, _PAGE_SIZE, "desc", context)
        for item in page.data:
            if is_empty_answer(item):
                continue
            size += len(item.model_dump_json())
            if size > MAX_HISTORY_BYTES and newest_first:
                return _whole_turns(newest_first[::-1])
            newest_first.append(item)
        if not page.has_more or page.after is None:
            return newest_first[::-1]
        after = page.after


def _whole_turns(items: list[ThreadItem]) -> list[ThreadItem]:
    """Leave out the items before the first user message: their question was left out."""
    begin = (index for index, item in enumerate(items) if isinstance(item, UserMessageItem))
    return items[next(begin, 0) :]


def is_empty_answer(item: ThreadItem) -> bool:
    """Return whether an item is a message without text. Model APIs reject such messages."""
    return isinstance(item, AssistantMessageItem) and not any(
        content.text.strip() for content in item.content
    )
