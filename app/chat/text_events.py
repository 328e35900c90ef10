"""Turns plain texts that an assistant yields into a streamed message."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import cast

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
)

Answer = AsyncIterator[str | ThreadStreamEvent]


async def as_events(
    begin: Callable[[], Answer], thread: ThreadMetadata, new_id: Callable[[], str]
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield events as they are; texts up to the next event become one message.

    If the answer fails, the text that it has given so far is completed first, so that it is saved.
    `begin` is called when the first event is asked for, so its errors are raised here too.
    """
    message: _Message | None = None
    stream = cast(AsyncGenerator[str | ThreadStreamEvent, None], begin())
    async with aclosing(stream):
        try:
            async for piece in stream:
                if isinstance(piece, str):
                    if not piece:
                        continue
                    if message is None:
                        message = _Message(new_id(), thread.id)
                        for event in message.begun():
                            yield event
                    yield message.grown(piece)
                    continue
                if message is not None:
                    for event in message.finished():
                        yield event
                    message = None
                yield piece
        except Exception:  # any error is raised again, after the message is completed
            if message is not None:
                for event in message.finished():
                    yield event
            raise
    if message is not None:
        for event in message.finished():
            yield event


class _Message:
    """An assistant's message whose text arrives in pieces."""

    def __init__(self, item_id: str, thread_id: str) -> None:
        self._item = AssistantMessageItem(
            id=item_id, thread_id=thread_id, created_at=datetime.now(), content=[]
        )
        self._text = ""

    def begun(self) -> list[ThreadStreamEvent]:
        empty = AssistantMessageContentPartAdded(
            content_index=0, content=AssistantMessageContent(text="")
        )
        return [
            ThreadItemAddedEvent(item=self._item),
            ThreadItemUpdatedEvent(item_id=self._item.id, update=empty),
        ]

    def grown(self, text: str) -> ThreadStreamEvent:
        self._text += text
        delta = AssistantMessageContentPartTextDelta(content_index=0, delta=text)
        return ThreadItemUpdatedEvent(item_id=self._item.id, update=delta)

    def finished(self) -> list[ThreadStreamEvent]:
        content = AssistantMessageContent(text=self._text)
        done = AssistantMessageContentPartDone(content_index=0, content=content)
        return [
            ThreadItemUpdatedEvent(item_id=self._item.id, update=done),
            ThreadItemDoneEvent(item=self._item.model_copy(update={"content": [content]})),
        ]
