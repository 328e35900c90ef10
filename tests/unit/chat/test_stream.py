"""Streamed answers: errors before the first event, errors after it, and cancellation."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    ErrorEvent,
    NoticeEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WidgetStreamingTextValueDelta,
)
from pydantic import TypeAdapter

from app.chat import merging
from app.chat.stream import StreamedAnswer
from app.errors import AppError, Conflict, InvalidRequest, NotFound

ANY_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)
Events = AsyncGenerator[ThreadStreamEvent, None]


@pytest.fixture(autouse=True)
def long_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window ends because the machine is busy."""
    monkeypatch.setattr(merging, "WINDOW_SECONDS", 60)


def note(text: str) -> ThreadStreamEvent:
    return NoticeEvent(level="info", message=text)


def delta(text: str) -> ThreadStreamEvent:
    update = AssistantMessageContentPartTextDelta(content_index=0, delta=text)
    return ThreadItemUpdatedEvent(item_id="msg_1", update=update)


def widget_delta(text: str, done: bool) -> ThreadStreamEvent:
    update = WidgetStreamingTextValueDelta(component_id="text", delta=text, done=done)
    return ThreadItemUpdatedEvent(item_id="msg_1", update=update)


async def events(*given: ThreadStreamEvent, error: Exception | None = None) -> Events:
    for event in given:
        yield event
    if error is not None:
        raise error


def streamed(events: Events) -> StreamedAnswer:
    return StreamedAnswer(events, lambda event: event.model_dump_json().encode())


async def collected(answer: StreamedAnswer) -> list[ThreadStreamEvent]:
    chunks = [chunk async for chunk in answer]
    assert all(each.startswith(b"data: ") and each.endswith(b"\n\n") for each in chunks)
    return [ANY_EVENT.validate_json(chunk[6:]) for chunk in chunks]


async def test_events_come_in_order() -> None:
    answer = await streamed(events(note("one"), note("two"))).open()
    assert await collected(answer) == [note("one"), note("two")]


async def test_deltas_that_follow_at_once_are_one_event() -> None:
    given = [delta("a"), delta("b"), delta("c"), note("!"), delta("d"), note("?")]
    answer = await streamed(events(*given)).open()
    merged = [delta("a"), delta("bc"), note("!"), delta("d"), note("?")]
    assert await collected(answer) == merged


async def test_the_last_delta_of_a_widget_says_that_it_is_the_last() -> None:
    given = [widget_delta(text, done=False) for text in "abc"]
    answer = await streamed(events(*given, widget_delta("", done=True))).open()
    assert await collected(answer) == [
        widget_delta("a", done=False),
        widget_delta("bc", done=False),
        widget_delta("", done=True),
    ]


async def test_the_text_before_an_error_is_sent() -> None:
    given = events(delta("a"), delta("b"), delta("c"), error=Conflict("in words"))
    answer = await streamed(given).open()
    first, second, failure = await collected(answer)
    assert (first, second) == (delta("a"), delta("bc"))
    assert isinstance(failure, ErrorEvent)
    assert failure.message == "in words"


async def test_the_text_before_a_cancellation_is_sent() -> None:
    async def endless() -> Events:
        for text in "abc":
            yield delta(text)
        waits.set()
        await asyncio.Event().wait()

    waits = asyncio.Event()
    answer = await streamed(endless()).open()
    await waits.wait()
    answer.cancel()
    assert await collected(answer) == [delta("a"), delta("bc")]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (Conflict("no"), Conflict),
        (ValueError("what the SDK says"), InvalidRequest),
        (RuntimeError("a bug"), AppError),
    ],
)
async def test_an_error_before_the_first_event_is_raised(
    error: Exception, raised: type[AppError]
) -> None:
    with pytest.raises(raised) as caught:
        await streamed(events(error=error)).open()
    assert "a bug" not in caught.value.message


async def test_an_answer_without_events_is_not_found() -> None:
    with pytest.raises(NotFound):
        await streamed(events()).open()


async def test_an_error_after_the_first_event_becomes_an_event() -> None:
    answer = await streamed(events(note("one"), error=Conflict("in words"))).open()
    first, failure = await collected(answer)
    assert first == note("one")
    assert isinstance(failure, ErrorEvent)
    assert failure.message == "in words"


async def test_the_generator_is_cancelled_where_it_waits_and_can_clean_up_slowly() -> None:
    steps = []

    async def generator() -> Events:
        yield note("one")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for step in range(3):
                await asyncio.sleep(0)
                steps.append(step)
            raise

    answer = await streamed(generator()).open()
    assert b"one" in await anext(aiter(answer))
    answer.cancel()
    await asyncio.wait([answer.task])
    assert steps == [0, 1, 2]
    assert answer.task.cancelled()


async def test_a_second_cancellation_does_not_interrupt_the_clean_up() -> None:
    is_cleaning, may_end = asyncio.Event(), asyncio.Event()
    cleaned = []

    async def generator() -> Events:
        yield note("one")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_cleaning.set()
            await may_end.wait()
            cleaned.append(True)
            raise

    answer = await streamed(generator()).open()
    answer.cancel()
    await is_cleaning.wait()
    answer.cancel()
    may_end.set()
    await asyncio.wait([answer.task])
    assert cleaned == [True]
