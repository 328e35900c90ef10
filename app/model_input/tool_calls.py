"""Tool calls and their outputs, paired so that any model API takes them."""

from collections.abc import Sequence
from typing import Any, cast

from agents import TResponseInputItem


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
