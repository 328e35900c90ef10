"""An assistant that says what a test wrote down, in the SDK's own types, in place of a model."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)

from app.chat.server import AssistantServer
from app.context import RequestContext
from app.database.identifiers import new_id
from app.offline.model import OfflineModel

Answer = Callable[[ThreadMetadata, UserMessageItem | None], AsyncIterator[ThreadStreamEvent]]


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Every service of this process answers by `answer` from now on, until the test ends."""

    def respond(
        self: AssistantServer,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        return answer(thread, message)

    monkeypatch.setattr(AssistantServer, "respond", respond)


def answer_in_words(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Every answer is `text`, streamed in pieces."""

    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        async for event in said(thread, text):
            yield event

    answer_with(monkeypatch, answer)


async def said(thread: ThreadMetadata, text: str) -> AsyncIterator[ThreadStreamEvent]:
    """The events of one assistant message."""
    item = AssistantMessageItem(
        id=new_id("message"), thread_id=thread.id, created_at=datetime.now(), content=[]
    )
    yield ThreadItemAddedEvent(item=item)
    for start in range(0, len(text), 20):
        delta = AssistantMessageContentPartTextDelta(
            content_index=0, delta=text[start : start + 20]
        )
        yield ThreadItemUpdatedEvent(item_id=item.id, update=delta)
    content = [AssistantMessageContent(text=text)]
    yield ThreadItemDoneEvent(item=item.model_copy(update={"content": content}))


def slow_down(monkeypatch: pytest.MonkeyPatch, pause_seconds: float) -> None:
    """The offline model's answers take their time, so that there is a middle."""
    pace = OfflineModel.__init__.__kwdefaults__
    assert pace is not None
    monkeypatch.setitem(pace, "pause_seconds", pause_seconds)
