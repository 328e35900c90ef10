"""Streamed answers: errors before the first event, errors after it, and cancellation."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.chat.stream import StreamedAnswer
from app.errors import AppError, Conflict, InvalidRequest, NotFound


async def events(*chunks: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if error is not None:
        raise error


async def collected(answer: StreamedAnswer) -> bytes:
    return b"".join([chunk async for chunk in answer])


async def test_events_come_in_order() -> None:
    answer = await StreamedAnswer(events(b"one", b"two")).open()
    assert await collected(answer) == b"onetwo"


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
        await StreamedAnswer(events(error=error)).open()
    assert "a bug" not in caught.value.message


async def test_an_answer_without_events_is_not_found() -> None:
    with pytest.raises(NotFound):
        await StreamedAnswer(events()).open()


async def test_an_error_after_the_first_event_becomes_an_event() -> None:
    answer = await StreamedAnswer(events(b"one", error=Conflict("in words"))).open()
    body = await collected(answer)
    assert body.startswith(b"onedata: ")
    assert b"in words" in body


async def test_the_generator_is_cancelled_where_it_waits_and_can_clean_up_slowly() -> None:
    steps = []

    async def generator() -> AsyncIterator[bytes]:
        yield b"one"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for step in range(3):
                await asyncio.sleep(0)
                steps.append(step)
            raise

    answer = await StreamedAnswer(generator()).open()
    assert await anext(aiter(answer)) == b"one"
    answer.cancel()
    await asyncio.wait([answer.task])
    assert steps == [0, 1, 2]
    assert answer.task.cancelled()


async def test_a_second_cancellation_does_not_interrupt_the_clean_up() -> None:
    is_cleaning, may_end = asyncio.Event(), asyncio.Event()
    cleaned = []

    async def generator() -> AsyncIterator[bytes]:
        yield b"one"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_cleaning.set()
            await may_end.wait()
            cleaned.append(True)
            raise

    answer = await StreamedAnswer(generator()).open()
    answer.cancel()
    await is_cleaning.wait()
    answer.cancel()
    may_end.set()
    await asyncio.wait([answer.task])
    assert cleaned == [True]
