"""Answers at a constant pace: an assistant's own, those of a model's provider, and a bare server.

A message says how many deltas it wants, and at which interval: "300 deltas, 10 ms apart".
"""

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from agents import Agent, OpenAIResponsesModel, RunConfig, Runner
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    Attachment,
    Page,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.assistant import Assistant
from app.context import RequestContext
from tests.model_api import Text
from tests.model_api.prompts import Usage
from tests.model_api.replies import Reply
from tests.model_api.responses import ResponseStream

_WISH = re.compile(r"(\d+) deltas, ([\d.]+) ms")
_WORD = "a word, "  # as long as the pieces of `Text`


def wish(deltas: int, interval_ms: float) -> str:
    """Return the message that asks for such an answer."""
    return f"{deltas} deltas, {interval_ms} ms apart"


def provider() -> Starlette:
    """Return a Responses API whose answers are paced. It does not check requests."""
    return Starlette(routes=[Route("/v1/responses", _respond, methods=["POST"])])


class PacedAssistant(Assistant):
    """Answers without a model: it yields the events itself."""

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        async for event in _paced_events(
            thread,
            input_user_message,
            lambda: self.store.generate_item_id("message", thread, context),
        ):
            yield event

    async def find_title(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> str | None:
        return None


class BareServer(ChatKitServer[None]):
    """The SDK's server as its guide has it; without a model it yields the events itself."""

    def __init__(self, model: OpenAIResponsesModel | None) -> None:
        super().__init__(_MemoryStore())
        self._model = model
        self._agent = Agent[AgentContext[None]](name="Assistant", model=model)

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: None
    ) -> AsyncIterator[ThreadStreamEvent]:
        if self._model is None or input_user_message is None:
            async for event in _paced_events(
                thread,
                input_user_message,
                lambda: self.store.generate_item_id("message", thread, context),
            ):
                yield event
            return
        agent_context = AgentContext[None](thread=thread, store=self.store, request_context=None)
        run = Runner.run_streamed(
            self._agent,
            await simple_to_agent_input(input_user_message),
            context=agent_context,
            run_config=RunConfig(tracing_disabled=True),
        )
        async for event in stream_agent_response(agent_context, run):
            yield event


def bare_application(provider_url: str | None) -> Starlette:
    """Return a Starlette application with the SDK's server and a store in memory."""
    model = None
    if provider_url is not None:
        client = AsyncOpenAI(api_key="sk-bench", base_url=f"{provider_url}/v1")
        model = OpenAIResponsesModel("gpt-5-mini", client)
    server = BareServer(model)

    async def chatkit(request: Request) -> Response:
        result = await server.process(await request.body(), None)
        if isinstance(result, StreamingResult):
            return StreamingResponse(result, media_type="text/event-stream")
        return Response(result.json, media_type="application/json")

    return Starlette(routes=[Route("/chatkit", chatkit, methods=["POST"])])


class _MemoryStore(Store[None]):
    """What an answer needs of a store."""

    def __init__(self) -> None:
        self._threads: dict[str, ThreadMetadata] = {}
        self._items: defaultdict[str, dict[str, ThreadItem]] = defaultdict(dict)

    async def load_thread(self, thread_id: str, context: None) -> ThreadMetadata:
        return self._threads[thread_id]

    async def save_thread(self, thread: ThreadMetadata, context: None) -> None:
        self._threads[thread.id] = thread

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: None
    ) -> Page[ThreadItem]:
        items = list(self._items[thread_id].values())
        return Page(data=items[::-1][:limit] if order == "desc" else items[:limit])

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: None) -> None:
        self._items[thread_id][item.id] = item

    async def save_item(self, thread_id: str, item: ThreadItem, context: None) -> None:
        self._items[thread_id][item.id] = item

    async def load_item(self, thread_id: str, item_id: str, context: None) -> ThreadItem:
        return self._items[thread_id][item_id]

    async def delete_thread_item(self, thread_id: str, item_id: str, context: None) -> None:
        del self._items[thread_id][item_id]

    async def delete_thread(self, thread_id: str, context: None) -> None:
        del self._threads[thread_id]

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: None
    ) -> Page[ThreadMetadata]:
        return Page(data=list(self._threads.values())[:limit])

    async def save_attachment(self, attachment: Attachment, context: None) -> None:
        raise NotImplementedError

    async def load_attachment(self, attachment_id: str, context: None) -> Attachment:
        raise NotFoundError

    async def delete_attachment(self, attachment_id: str, context: None) -> None:
        raise NotFoundError


async def _paced_events(
    thread: ThreadMetadata, message: UserMessageItem | None, new_id: Callable[[], str]
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield the events that a model's answer becomes."""
    deltas, interval_ms = _wished(message.model_dump_json() if message else "")
    item = AssistantMessageItem(
        id=new_id(), thread_id=thread.id, created_at=datetime.now(), content=[]
    )
    empty = AssistantMessageContent(text="")
    yield ThreadItemAddedEvent(item=item)
    added = AssistantMessageContentPartAdded(content_index=0, content=empty)
    yield ThreadItemUpdatedEvent(item_id=item.id, update=added)
    pace = _Pace(interval_ms)
    for _ in range(deltas):
        delta = AssistantMessageContentPartTextDelta(content_index=0, delta=_WORD)
        yield ThreadItemUpdatedEvent(item_id=item.id, update=delta)
        await pace.wait()
    full = AssistantMessageContent(text=_WORD * deltas)
    done = AssistantMessageContentPartDone(content_index=0, content=full)
    yield ThreadItemUpdatedEvent(item_id=item.id, update=done)
    yield ThreadItemDoneEvent(item=item.model_copy(update={"content": [full]}))


async def _respond(request: Request) -> Response:
    body: dict[str, Any] = await request.json()
    if not body.get("stream"):
        return JSONResponse(_stream_of("A title").response())
    wished = _wished(json.dumps(body["input"]))
    return StreamingResponse(_sent_events(*wished), media_type="text/event-stream")


async def _sent_events(deltas: int, interval_ms: float) -> AsyncIterator[str]:
    pace = _Pace(interval_ms)
    for event in _stream_of(_WORD * deltas).events():
        assert isinstance(event, dict), event
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        if event["type"] == "response.output_text.delta":
            await pace.wait()


def _stream_of(text: str) -> ResponseStream:
    return ResponseStream(Reply(Text(text)), {"model": "gpt-5-mini"}, Usage(0, 0, 0, 0), 0)


def _wished(text: str) -> tuple[int, float]:
    deltas, interval_ms = _WISH.findall(text)[-1]
    return int(deltas), float(interval_ms)


class _Pace:
    """Waits for the next multiple of an interval, so that a late delta delays no other."""

    def __init__(self, interval_ms: float) -> None:
        self._interval_seconds = interval_ms / 1000
        self._next = time.perf_counter()

    async def wait(self) -> None:
        self._next += self._interval_seconds
        await asyncio.sleep(max(0.0, self._next - time.perf_counter()))
