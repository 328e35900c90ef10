"""A thread can be answered although a tool call or an answer in it was interrupted."""

from datetime import datetime
from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    ThreadItem,
)

from app.chat.history import load_history
from tests.model_api import ModelApi
from tests.unit.fakes.conversation import conversation
from tests.unit.fakes.threads import CONTEXT, THREAD, MemoryStore, user_message

NOW = datetime(2026, 1, 1)


def tool_call(id: str, call_id: str, **fields: Any) -> ClientToolCallItem:
    return ClientToolCallItem(
        id=id,
        thread_id=THREAD.id,
        created_at=NOW,
        call_id=call_id,
        name="pick_date",
        arguments={"month": 5},
        **fields,
    )


def answer(id: str, *texts: str) -> AssistantMessageItem:
    return AssistantMessageItem(
        id=id,
        thread_id=THREAD.id,
        created_at=NOW,
        content=[AssistantMessageContent(text=text) for text in texts],
    )


@pytest.mark.parametrize("model_api", ["responses", "chat_completions"])
async def test_a_thread_cut_in_a_tool_call_is_answerable(api: ModelApi, model_api: str) -> None:
    items: list[ThreadItem] = [
        user_message(1, "When?"),
        tool_call("tc_1", "call_1", status="completed", output={"day": 3}),
        answer("msg_2", "On the third."),
        # Some providers number the calls of every response from 1.
        tool_call("tc_2", "call_1", status="completed", output={"day": 4}),
        answer("msg_3"),
        answer("msg_4", "", " "),
        tool_call("tc_3", "call_3"),
        HiddenContextItem(id="h", thread_id=THREAD.id, created_at=NOW, content="The user left."),
        user_message(5, "Still there?"),
    ]
    async with conversation(api, model_api=model_api) as chat:
        chat.store.items[:] = items
        await chat.answer()
    sent = api.last
    assert "The call of the tool 'pick_date' was interrupted" in sent.texts()
    if model_api == "responses":
        outputs = {i["call_id"]: i["output"] for i in sent.body["input"] if "output" in i}
        assert len(outputs) == 2
    else:
        calls = [c["id"] for m in sent.body["messages"] for c in m.get("tool_calls") or []]
        answers = [m["tool_call_id"] for m in sent.body["messages"] if m["role"] == "tool"]
        assert calls == answers and len(set(calls)) == 2


async def test_history_is_loaded_to_the_last_page() -> None:
    items = [user_message(number, f"m{number}") for number in range(7)]
    loaded = await load_history(MemoryStore(items), THREAD.id, CONTEXT)
    assert [item.id for item in loaded] == [item.id for item in items]
