"""A thread's whole history, loaded page by page and mended so that any model API takes it."""

from collections.abc import Sequence
from typing import Any, cast

from agents import TResponseInputItem
from chatkit.store import Store
from chatkit.types import AssistantMessageItem, ThreadItem

from app.context import RequestContext

_PAGE_SIZE = 100


async def load_history(
    store: Store[RequestContext], thread_id: str, context: RequestContext
) -> list[ThreadItem]:
    """Every item of the thread, oldest first. Raises what the store raises."""
    items: list[ThreadItem] = []
    after: str | None = None
    while True:
        page = await store.load_thread_items(thread_id, after, _PAGE_SIZE, "asc", context)
        items.extend(item for item in page.data if not _is_empty_answer(item))
        if not page.has_more or page.after is None:
            return items
        after = page.after


def _is_empty_answer(item: ThreadItem) -> bool:
    """An answer cut before its first word: model APIs refuse messages without content."""
    return isinstance(item, AssistantMessageItem) and not any(
        content.text.strip() for content in item.content
    )


def repair(items: Sequence[TResponseInputItem]) -> list[TResponseInputItem]:
    """Drop calls without output and outputs without call; make repeated call ids unique.

    A thread that was cut in the middle of a tool call would otherwise be refused for good
    ("No tool output found for function call").
    """
    partner = _pairs(items)
    taken: set[str] = set()
    renamed: dict[int, str] = {}
    kept: list[TResponseInputItem] = []
    for i, item in enumerate(items):
        if not (_is_call(item) or _is_output(item)):
            kept.append(item)
        elif i in partner:
            if _is_call(item):
                unique = _call_id(item)
                while unique in taken:
                    unique += "_"
                taken.add(unique)
                renamed[i] = renamed[partner[i]] = unique
            kept.append(_with_call_id(item, renamed[i]))
    return kept


def _pairs(items: Sequence[TResponseInputItem]) -> dict[int, int]:
    """Positions of calls and their outputs, each pointing at the other."""
    unanswered: dict[str, list[int]] = {}
    partner: dict[int, int] = {}
    for i, item in enumerate(items):
        if _is_call(item):
            unanswered.setdefault(_call_id(item), []).append(i)
        elif _is_output(item) and unanswered.get(_call_id(item)):
            call = unanswered[_call_id(item)].pop()
            partner[call], partner[i] = i, call
    return partner


def _is_call(item: TResponseInputItem) -> bool:
    return item.get("type") == "function_call"


def _is_output(item: TResponseInputItem) -> bool:
    return item.get("type") == "function_call_output"


def _call_id(item: TResponseInputItem) -> str:
    return str(item.get("call_id") or "")


def _with_call_id(item: TResponseInputItem, call_id: str) -> TResponseInputItem:
    return cast(TResponseInputItem, {**cast(dict[str, Any], item), "call_id": call_id})
