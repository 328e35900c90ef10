"""Every kind of thread item comes back from PostgreSQL as it was saved."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, get_args

import pytest
from chatkit.store import NotFoundError
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    CustomSummary,
    CustomTask,
    DurationSummary,
    EndOfTurnItem,
    EntitySource,
    FileSource,
    FileTask,
    GeneratedImage,
    GeneratedImageItem,
    HiddenContextItem,
    ImageTask,
    InferenceOptions,
    SDKHiddenContextItem,
    SearchTask,
    StructuredInputAnswer,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    ToolChoice,
    URLSource,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
    WidgetItem,
    Workflow,
    WorkflowItem,
)
from chatkit.widgets import Button, Card, DynamicWidgetRoot, Image, ListView, ListViewItem, Text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.context import RequestContext
from app.database.engine import Database
from app.database.thread_store import PostgresStore

MINE = RequestContext(user_id="me", request_id="r1", base_url="http://localhost")
NOW = datetime(2026, 11, 21, 3, 4, 5, 678901)
BASE: dict[str, Any] = {"id": "item_1", "thread_id": "thr_1", "created_at": NOW}

TASKS = [
    CustomTask(title="t", icon="agent", content="c", status_indicator="loading"),
    SearchTask(title="t", queries=["q"], sources=[URLSource(title="s", url="https://e.example")]),
    ThoughtTask(content="hm"),
    FileTask(sources=[FileSource(title="f", filename="f.pdf", timestamp="2026")]),
    ImageTask(title="i", status_indicator="complete"),
]

ITEMS: list[ThreadItem] = [
    UserMessageItem(
        **BASE,
        content=[
            UserMessageTextContent(text="hello"),
            UserMessageTagContent(id="t", text="@a", data={"a": {"b": [1, None]}}, group="g"),
        ],
        quoted_text="quoted",
        inference_options=InferenceOptions(tool_choice=ToolChoice(id="tool"), model="m"),
    ),
    AssistantMessageItem(
        **BASE,
        content=[
            AssistantMessageContent(
                text="answer",
                annotations=[
                    Annotation(source=URLSource(title="u", url="https://e.example"), index=1),
                    Annotation(source=FileSource(title="f", filename="f.txt")),
                    Annotation(source=EntitySource(title="e", id="e1", data={"k": "v"})),
                ],
            )
        ],
    ),
    ClientToolCallItem(**BASE, call_id="c", name="n", arguments={}),
    ClientToolCallItem(
        **BASE,
        call_id="c",
        name="n",
        arguments={"deep": [{"x": 1.5}]},
        output={"ok": True, "n": None},
        status="completed",
    ),
    WidgetItem(
        **BASE,
        widget=Card(
            key="k",
            children=[Text(value="v"), Image(src="https://e.example/i.png"), Button(label="b")],
        ),
        copy_text="copied",
    ),
    WidgetItem(**BASE, widget=ListView(children=[ListViewItem(children=[Text(value="v")])])),
    WidgetItem(
        **BASE,
        widget=DynamicWidgetRoot.model_validate(
            {
                "type": "Card",
                "theme": {"from": "a template"},
                "children": [{"type": "Text", "value": "v", "new": 1}, {"type": "Newer"}],
            }
        ),
    ),
    GeneratedImageItem(**BASE),
    GeneratedImageItem(**BASE, image=GeneratedImage(id="i", url="https://e.example/i.png")),
    StructuredInputItem(
        **BASE,
        status="answered",
        inputs=[
            StructuredInputMultipleChoice(
                id="a",
                question="?",
                options=[StructuredInputMultipleChoiceOption(value="v")],
                answer=StructuredInputAnswer(values=["v"]),
            ),
            StructuredInputFreeform(id="b", question="?", description="d"),
        ],
    ),
    *[TaskItem(**BASE, task=task) for task in TASKS],
    WorkflowItem(
        **BASE,
        workflow=Workflow(type="custom", tasks=TASKS, summary=CustomSummary(title="s")),
    ),
    WorkflowItem(
        **BASE,
        workflow=Workflow(
            type="reasoning", tasks=[], summary=DurationSummary(duration=3), expanded=True
        ),
    ),
    HiddenContextItem(**BASE, content={"any": ["thing", 1]}),
    HiddenContextItem(**BASE, content=None),
    SDKHiddenContextItem(**BASE, content="cancelled"),
    EndOfTurnItem(**BASE),
]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with Database(database_url) as database:
        store = PostgresStore(database)
        await store.save_thread(ThreadMetadata(id="thr_1", created_at=NOW), MINE)
        yield store


def test_every_kind_of_item_is_here() -> None:
    kinds = get_args(get_args(ThreadItem)[0])
    assert {type(item) for item in ITEMS} == set(kinds)


async def test_every_item_comes_back_equal_and_as_its_own_type(store: PostgresStore) -> None:
    for number, item in enumerate(ITEMS):
        item = item.model_copy(update={"id": f"item_{number}"})
        await store.add_thread_item("thr_1", item, MINE)
        loaded = await store.load_item("thr_1", item.id, MINE)
        assert type(loaded) is type(item)
        assert loaded == item
        assert loaded.model_dump() == item.model_dump()
    page = await store.load_thread_items("thr_1", None, 100, "asc", MINE)
    assert [item.id for item in page.data] == [f"item_{n}" for n in range(len(ITEMS))]


# PostgreSQL has no U+0000, and JSON no lone surrogates.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
numbers = st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(words, json_values, max_size=4)
moments = st.datetimes()


@pytest.mark.slow
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=words, value=json_values, fields=objects, moment=moments, quoted=st.none() | words)
async def test_any_text_value_and_time_round_trips(
    store: PostgresStore,
    text: str,
    value: Any,
    fields: dict[str, Any],
    moment: datetime,
    quoted: str | None,
) -> None:
    base: dict[str, Any] = {"id": "item_1", "thread_id": "thr_1", "created_at": moment}
    items: list[ThreadItem] = [
        UserMessageItem(
            **base,
            content=[
                UserMessageTextContent(text=text),
                UserMessageTagContent(id=text, text=text, data=fields),
            ],
            quoted_text=quoted,
            inference_options=InferenceOptions(model=quoted),
        ),
        AssistantMessageItem(**base, content=[AssistantMessageContent(text=text)]),
        ClientToolCallItem(**base, call_id=text, name=text, arguments=fields, output=value),
        HiddenContextItem(**base, content=value),
    ]
    for item in items:
        await store.save_item("thr_1", item, MINE)
        assert await store.load_item("thr_1", "item_1", MINE) == item


async def test_nul_is_replaced_where_postgresql_cant_hold_it(store: PostgresStore) -> None:
    item = SDKHiddenContextItem(**BASE, content='a\0b\\u0000c\\\0d\\\\u0000"')
    await store.add_thread_item("thr_1", item, MINE)
    loaded = await store.load_item("thr_1", "item_1", MINE)
    assert isinstance(loaded, SDKHiddenContextItem)
    assert loaded.content == 'a\ufffdb\\u0000c\\\ufffdd\\\\u0000"'
    await store.save_thread(ThreadMetadata(id="thr_1", created_at=NOW, title="a\0b"), MINE)
    assert (await store.load_thread("thr_1", MINE)).title == "a\ufffdb"


@pytest.mark.parametrize("strange", ["\0", "thr_1\0", "", "a" * 10_000, "'; DROP TABLE threads --"])
async def test_strange_ids_are_not_found(store: PostgresStore, strange: str) -> None:
    assert (await store.load_thread_items(strange, None, 1, "asc", MINE)).data == []
    for attempt in (
        store.load_thread(strange, MINE),
        store.load_item("thr_1", strange, MINE),
        store.load_attachment(strange, MINE),
        store.delete_thread(strange, MINE),
        store.delete_attachment(strange, MINE),
        store.load_threads(1, strange, "asc", MINE),
        store.load_thread_items("thr_1", strange, 1, "asc", MINE),
        store.add_feedback("thr_1", [strange], "positive", MINE),
    ):
        with pytest.raises(NotFoundError):
            await attempt
