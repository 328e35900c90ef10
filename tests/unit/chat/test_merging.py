"""Deltas that follow each other at once become one event; order and content stay exact."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
from agents.items import TResponseStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent, ResponseTextDeltaEvent

from app.chat import merging
from app.chat.merging import MergingQueue, merged_deltas
from app.chat.wire import ModelClient
from app.offline.events import text_response_events

Put = tuple[str | None, str]
"""The key of a piece, or None for another item; and its text."""


@pytest.fixture(autouse=True)
def long_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window ends because the machine is busy."""
    monkeypatch.setattr(merging, "WINDOW_SECONDS", 60)


async def read_all(queue: MergingQueue[str, str]) -> list[str]:
    items = []
    while (item := await queue.get()) is not None:
        items.append(item)
    return items


def fill(queue: MergingQueue[str, str], puts: Sequence[Put]) -> None:
    for key, text in puts:
        if key is None:
            queue.put(text)
        else:
            queue.add(key, text)


async def test_the_first_piece_goes_out_at_once_and_the_next_ones_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merging, "WINDOW_SECONDS", 0.2)
    queue = MergingQueue[str, str]("".join)
    fill(queue, [("a", "1"), ("a", "2"), ("a", "3")])
    assert await queue.get() == "1"
    assert await queue.get() == "23"  # at the end of the window: nothing else is added


async def test_a_piece_after_the_window_goes_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "WINDOW_SECONDS", 0)
    queue = MergingQueue[str, str]("".join)
    fill(queue, [("a", "1"), ("a", "2")])
    queue.end()
    assert await read_all(queue) == ["1", "2"]


async def test_another_item_keeps_its_place_among_the_pieces() -> None:
    queue = MergingQueue[str, str]("".join)
    fill(queue, [("a", "1"), ("a", "2"), ("a", "3"), (None, "!"), ("a", "4"), ("a", "5")])
    queue.end()
    assert await read_all(queue) == ["1", "23", "!", "45"]


async def test_the_pieces_of_two_texts_are_not_mixed() -> None:
    queue = MergingQueue[str, str]("".join)
    fill(queue, [("a", "1"), ("a", "2"), ("b", "3"), ("b", "4"), ("a", "5")])
    queue.end()
    assert await read_all(queue) == ["1", "2", "3", "4", "5"]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from("xyz"))))
async def test_order_and_content_are_those_without_merging(puts: list[Put]) -> None:
    queue = MergingQueue[str, str]("".join)
    fill(queue, puts)
    queue.end()
    assert "".join(await read_all(queue)) == "".join(text for _, text in puts)


def written(text: str) -> list[TResponseStreamEvent]:
    return list(text_response_events(text, model="test"))


async def streamed(
    events: list[TResponseStreamEvent],
) -> AsyncGenerator[TResponseStreamEvent, None]:
    for event in events:
        yield event


async def test_a_models_deltas_are_merged_and_its_other_events_kept() -> None:
    text = "The quick brown fox. " * 50
    before = written(text)
    after = [event async for event in merged_deltas(streamed(before))]
    assert [each for each in after if not isinstance(each, ResponseTextDeltaEvent)] == [
        each for each in before if not isinstance(each, ResponseTextDeltaEvent)
    ]
    first, rest = [each for each in after if isinstance(each, ResponseTextDeltaEvent)]
    assert first in before
    assert first.delta + rest.delta == text


async def failing() -> AsyncGenerator[TResponseStreamEvent, None]:
    for event in written("A few words that are more than one piece, and end early."):
        if event.type == "response.output_text.done":
            raise ConnectionError("lost")
        yield event


async def test_all_text_arrives_before_the_error() -> None:
    deltas = []
    with pytest.raises(ConnectionError, match="lost"):
        async for event in merged_deltas(failing()):
            if isinstance(event, ResponseTextDeltaEvent):
                deltas.append(event.delta)
    assert "".join(deltas).endswith("end early.")


def closing(
    closed: list[str],
) -> Callable[[], AsyncGenerator[TResponseStreamEvent, None]]:
    async def events() -> AsyncGenerator[TResponseStreamEvent, None]:
        try:
            for event in written("Hello"):
                yield event
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as a connection that is closed
            closed.append("closed")

    return events


async def test_the_models_stream_is_closed_when_the_reader_leaves() -> None:
    closed: list[str] = []
    events = merged_deltas(closing(closed)())
    await anext(events)
    await events.aclose()
    assert closed == ["closed"]


async def test_the_models_stream_is_closed_when_the_reader_is_cancelled() -> None:
    closed: list[str] = []
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in merged_deltas(closing(closed)()):
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    await asyncio.wait([reading])
    assert closed == ["closed"]


DELTA = {
    "type": "response.output_text.delta",
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 0,
    "delta": "Hi",
    "logprobs": [],
    "sequence_number": 4,
}


@pytest.mark.parametrize(
    "data",
    [
        DELTA,
        DELTA | {"obfuscation": "x1"},  # a field that the type does not have
        DELTA | {"logprobs": [{"token": "Hi", "logprob": -0.1, "top_logprobs": []}]},
        {key: value for key, value in DELTA.items() if key != "logprobs"},  # some providers
        DELTA | {"type": "response.unknown"},
    ],
)
async def test_a_delta_is_parsed_as_the_openai_client_parses_it(data: dict[str, object]) -> None:
    async with ModelClient(api_key="sk-test") as client:
        parse: Any = super(ModelClient, client)._process_response_data
        expected = parse(data=data, cast_to=ResponseStreamEvent, response=None)
        ours = client._process_response_data(data=data, cast_to=ResponseStreamEvent, response=None)
    assert type(ours) is type(expected)
    assert ours.model_dump() == expected.model_dump()
