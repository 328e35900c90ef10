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

from app.chat import history
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


async def test_the_newest_turns_that_fit_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    for turn in range(5):
        store.items += [user_message(turn, "x" * 1000), answer(f"a_{turn}", "y" * 1000)]
    monkeypatch.setattr(history, "MAX_HISTORY_BYTES", 5000)
    loaded = await load_history(store, THREAD.id, CONTEXT)
    assert [item.id for item in loaded] == ["msg_3", "a_3", "msg_4", "a_4"]


async def test_the_last_item_is_loaded_at_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_HISTORY_BYTES", 10)
    store = MemoryStore([user_message(1, "first"), user_message(2, "x" * 1000)])
    assert [item.id for item in await load_history(store, THREAD.id, CONTEXT)] == ["msg_2"]


async def test_no_more_pages_are_read_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore([user_message(number, "x" * 1000) for number in range(50)])
    read: list[str | None] = []

    async def counted(thread_id: str, after: str | None, *arguments: Any) -> Any:
        read.append(after)
        return await MemoryStore.load_thread_items(store, thread_id, after, *arguments)

    monkeypatch.setattr(store, "load_thread_items", counted)
    monkeypatch.setattr(history, "MAX_HISTORY_BYTES", 3000)
    assert len(await load_history(store, THREAD.id, CONTEXT)) == 2
    assert len(read) == 2  # this store's pages have two items
