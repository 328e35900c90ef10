"""Pairs tool calls with their outputs, so that model APIs accept them."""

from collections.abc import Sequence

from app.model_input.input_items import Item


def pair_tool_calls(items: Sequence[Item]) -> list[Item]:
    """Drop calls without an output and outputs without a call. Make repeated call ids unique.

    A thread can end in the middle of a tool call. The API would reject every later request of that
    thread ("No tool output found for function call").
    """
    partner = _partners(items)
    taken: set[str] = set()
    renamed: dict[int, str] = {}
    kept: list[Item] = []
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
            kept.append({**item, "call_id": renamed[i]})
    return kept


def _partners(items: Sequence[Item]) -> dict[int, int]:
    """Return the positions of calls and of their outputs, each mapped to the other."""
    unanswered: dict[str, list[int]] = {}
    partner: dict[int, int] = {}
    for i, item in enumerate(items):
        if _is_call(item):
            unanswered.setdefault(_call_id(item), []).append(i)
        elif _is_output(item) and unanswered.get(_call_id(item)):
            call = unanswered[_call_id(item)].pop()
            partner[call], partner[i] = i, call
    return partner


def _is_call(item: Item) -> bool:
    return item.get("type") == "function_call"


def _is_output(item: Item) -> bool:
    return item.get("type") == "function_call_output"


def _call_id(item: Item) -> str:
    return str(item.get("call_id") or "")
