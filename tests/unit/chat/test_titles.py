"""Titles of new threads."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chatkit.types import ThreadMetadata, ThreadStreamEvent, UserMessageItem

from app.assistant import Assistant
from app.chat.titles import Titles, title_from_words
from app.chat.titling import titled
from tests.model_api import Call, Error, ModelApi, Text
from tests.unit.fakes.attachments import Attachments
from tests.unit.fakes.conversation import Conversation, conversation, texts_of
from tests.unit.fakes.threads import CONTEXT, user_message

UNTITLED = ThreadMetadata(id="thr_1", created_at=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is this?", "What is this?"),
        ("\n\n# Heading\nmore", "Heading"),
        ("", "New chat"),
        (" \n ", "New chat"),
        (
            "Please compare both contracts, and tell me which of them can be cancelled sooner.",
            "Please compare both contracts, and tell me which of them…",
        ),
        ("a" * 100, "a" * 60 + "…"),
    ],
)
def test_titles_are_the_first_words(text: str, title: str) -> None:
    assert title_from_words(text) == title


async def test_without_a_model_a_message_without_text_is_named_after_its_files() -> None:
    report = Attachments().add("report.pdf", "application/pdf", b"")
    assert await Titles(None).title_of(user_message(1, "", report)) == "report.pdf"


async def test_the_model_gives_the_title_while_it_answers(api: ModelApi) -> None:
    api.script.append(Text("“Two contracts compared.”"))
    api.script.append(Text("“Two contracts compared.”"))
    thread = UNTITLED.model_copy()
    message = user_message(1, "Compare them.")
    async with conversation(api) as chat:
        chat.store.items.append(message)
        answer = chat.chat.responder.respond(thread, message, CONTEXT)
        async for _ in titled(answer, thread, lambda: chat.chat.titles.title_of(message)):
            pass
    assert thread.title == "Two contracts compared"
    assert len(api.received) == 2


async def test_if_the_model_fails_the_title_is_the_first_words(api: ModelApi) -> None:
    async with conversation(api) as chat:
        api.script.append(Error(400, "no"))
        assert await chat.chat.titles.title_of(user_message(1, "Hello")) == "Hello"


async def test_a_title_that_the_answer_sets_is_kept(api: ModelApi) -> None:
    thread = UNTITLED.model_copy()
    message = user_message(1, "Hello")

    async def answer(chat: Conversation) -> AsyncIterator[ThreadStreamEvent]:
        async for event in chat.chat.responder.respond(thread, message, CONTEXT):
            thread.title = "Mine"
            yield event

    async with conversation(api) as chat:
        chat.store.items.append(message)
        async for _ in titled(answer(chat), thread, lambda: chat.chat.titles.title_of(message)):
            pass
    assert thread.title == "Mine"


def answer_with_title(
    chat: Conversation, thread: ThreadMetadata, message: UserMessageItem
) -> AsyncIterator[ThreadStreamEvent]:
    chat.store.items.append(message)
    events = chat.chat.responder.respond(thread, message, CONTEXT)
    return titled(events, thread, lambda: chat.chat.titles.title_of(message))


@pytest.mark.parametrize("problem", [AttributeError("no"), RuntimeError("no"), KeyError("no")])
async def test_whatever_is_raised_for_a_title_the_answer_goes_on(
    api: ModelApi, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(titles: Titles, source: str) -> str:
        raise problem

    monkeypatch.setattr(Titles, "ask", ask)
    thread, message = UNTITLED.model_copy(), user_message(1, "Compare them.")
    async with conversation(api) as chat:
        events = [each async for each in answer_with_title(chat, thread, message)]
    assert texts_of(events) == ["Noted."]
    assert thread.title == "Compare them."


async def test_a_title_that_a_tool_gives_is_kept(
    api: ModelApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = asyncio.Event()

    async def title_of(titles: Titles, message: UserMessageItem) -> str:
        await named.wait()
        return "A Title"

    monkeypatch.setattr(Titles, "title_of", title_of)
    api.script.extend([Call("rename", {"title": "Mochi's Lounge"}), Text("Done.")])
    thread, message = UNTITLED.model_copy(), user_message(1, "Call her Mochi.")
    async with conversation(api, agent="tests.unit.fakes.agents:create") as chat:
        async for _ in answer_with_title(chat, thread, message):
            if thread.title is not None:
                named.set()
    assert thread.title == "Mochi's Lounge"


async def test_titles_can_be_turned_off() -> None:
    assistant = Assistant()
    assistant.services = cast(Any, SimpleNamespace(titles=None))  # what TITLES=off leaves
    assert await assistant.find_title(UNTITLED, user_message(1, "Hello"), CONTEXT) is None
