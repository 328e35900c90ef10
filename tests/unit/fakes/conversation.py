"""A thread that is answered by all of the chat, with the stand-in model API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    ThreadItemDoneEvent,
    ThreadStreamEvent,
)
from pydantic import SecretStr

from app.model_input.contents import ContentLinks
from app.settings.model import ChatModelSettings
from app.wiring.chat import Chat, build_chat
from app.workers import Workers
from tests.model_api import ModelApi, Received
from tests.settings import changed_group
from tests.unit.fakes.attachments import Attachments, MemoryTranscripts
from tests.unit.fakes.threads import CONTEXT, THREAD, MemoryStore, user_message

both_apis = pytest.mark.parametrize("model_api", ["responses", "chat_completions"])

SETTINGS = ChatModelSettings(api_key=SecretStr("sk-test"))


@dataclass
class Conversation:
    """Sends messages in one thread, and saves the answers in it as ChatKit's server does."""

    api: ModelApi
    chat: Chat
    attachments: Attachments
    store: MemoryStore
    transcripts: MemoryTranscripts

    async def say(self, text: str, *attachments: Attachment) -> list[ThreadStreamEvent]:
        self.store.items.append(user_message(len(self.store.items) + 1, text, *attachments))
        return await self.answer()

    async def answer(self) -> list[ThreadStreamEvent]:
        events: list[ThreadStreamEvent] = []
        async for event in self.chat.responder.respond(THREAD, None, CONTEXT):
            events.append(event)
            if isinstance(event, ThreadItemDoneEvent):
                await self.store.add_thread_item(THREAD.id, event.item, CONTEXT)
        return events

    async def sent(self, *attachments: Attachment, text: str = "Look.") -> Received:
        """Return what the model received of a message with these attachments."""
        await self.say(text, *attachments)
        return self.api.last


@asynccontextmanager
async def conversation(
    api: ModelApi, *, links: ContentLinks | None = None, **changes: Any
) -> AsyncIterator[Conversation]:
    """Open a conversation. `changes` are settings: `model_api="chat_completions"`."""
    attachments = Attachments()
    store = MemoryStore()
    transcripts = MemoryTranscripts()
    chat = build_chat(
        changed_group(SETTINGS, openai_base_url=api.base_url, **changes),
        attachments=attachments,
        bucket=attachments.bucket,
        store=store,
        transcripts=transcripts,
        workers=Workers(),
        links=links,
    )
    try:
        yield Conversation(api, chat, attachments, store, transcripts)
    finally:
        await chat.close()


def texts_of(events: Sequence[ThreadStreamEvent]) -> list[str]:
    """Return the text of each finished answer among the events."""
    return [
        event.item.content[0].text
        for event in events
        if isinstance(event, ThreadItemDoneEvent) and isinstance(event.item, AssistantMessageItem)
    ]


def images_in(received: Received) -> int:
    """Return how many images a request has."""
    kinds = [part["type"] for part in received.parts()]
    return kinds.count("input_image") + kinds.count("image_url")
