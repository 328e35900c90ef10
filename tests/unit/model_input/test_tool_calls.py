"""Every tool call that is sent has its output after it, and every output its call."""

import itertools
from typing import Any

import pytest

from app.model_input.tool_calls import pair_tool_calls


def call(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": "{}"}


def output(call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "1"}


SAID: dict[str, Any] = {"type": "message", "role": "user", "content": "hi"}


@pytest.mark.parametrize(
    "items",
    [
        list(order)
        for length in range(5)
        for order in itertools.product([call("a"), output("a"), call("b"), SAID], repeat=length)
    ],
    ids=lambda items: "-".join(item["type"][-4:] + item.get("call_id", "") for item in items),
)
def test_calls_and_outputs_are_paired_and_in_order(
    items: list[dict[str, Any]],
) -> None:
    paired = pair_tool_calls(items)
    open_calls: set[str] = set()
    seen: set[str] = set()
    for item in paired:
        if item["type"] == "function_call":
            assert item["call_id"] not in seen
            open_calls.add(item["call_id"])
            seen.add(item["call_id"])
        elif item["type"] == "function_call_output":
            open_calls.remove(item["call_id"])
    assert not open_calls
    assert [i for i in paired if i["type"] == "message"] == [i for i in items if i is SAID]
