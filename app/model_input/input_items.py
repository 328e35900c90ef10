"""The items of a model request, and the content parts inside them."""

from collections.abc import Mapping, Sequence
from typing import Any

# Both are open sets of TypedDicts in the OpenAI library.
Part = Mapping[str, Any]
Item = Mapping[str, Any]


def parts_of(item: Item) -> list[Part]:
    """Return the content parts of a message or of a tool's output; none if it is plain text."""
    content = item.get(_key(item))
    return list(content) if isinstance(content, list) else []


def with_parts(item: Item, parts: Sequence[Part]) -> Item:
    """Return a copy of the item that has these parts; without parts, the item itself."""
    return {**item, _key(item): list(parts)} if parts else item


def without_parts(item: Item) -> Item:
    """Return a copy of the item with an empty list in the place of its parts."""
    return {**item, _key(item): []} if parts_of(item) else item


def _key(item: Item) -> str:
    return "output" if item.get("type") == "function_call_output" else "content"
