"""An assistant that overrides every hook, for ASSISTANT. `Failing` fails in each of them."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from agents import Agent, RunContextWrapper, TResponseInputItem, function_tool
from chatkit.actions import Action
from chatkit.agents import ResponseStreamConverter
from chatkit.types import (
    Annotation,
    AudioInput,
    ClientEffectEvent,
    FeedbackKind,
    HiddenContextItem,
    NoticeEvent,
    StreamOptions,
    SyncCustomActionResponse,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    URLSource,
    UserMessageItem,
    UserMessageTagContent,
    WidgetItem,
)
from chatkit.widgets import BasicRoot, DynamicWidgetComponent, WidgetRoot
from openai.types.responses import ResponseInputContentParam, ResponseInputTextParam
from openai.types.responses.response_input_item_param import Message
from openai.types.responses.response_output_text import AnnotationURLCitation
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.assistant import (
    AnswerContext,
    Assistant,
    ComposerModel,
    ComposerTool,
    Entity,
    RequestContext,
    ThreadWriter,
)

happened: list[Any] = []


class StationContext(AnswerContext):
    stations: dict[str, str]


@function_tool
async def find_station(context: RunContextWrapper[StationContext], id: str) -> str:
    """Find a station."""
    answer = context.context
    await answer.stream(ClientEffectEvent(name="show", data={"id": id}))
    await answer.stream_widget(card("Station", answer.stations[id]))
    return answer.stations[id]


class Writer(ThreadWriter):
    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        if not tag.id.startswith("station_"):
            return await super().tag_to_message_content(tag)
        return ResponseInputTextParam(
            type="input_text", text=f"<station>{tag.data['line']}</station>"
        )

    async def hidden_context_to_input(self, item: HiddenContextItem) -> TResponseInputItem:
        part = ResponseInputTextParam(type="input_text", text=f"Hidden: {item.content['secret']}")
        return Message(type="message", role="user", content=[part])


class Citations(ResponseStreamConverter):
    async def url_citation_to_annotation(self, url_citation: AnnotationURLCitation) -> Annotation:
        return Annotation(source=URLSource(url=url_citation.url, title="ours"), index=0)


def card(title: str, value: str) -> BasicRoot:
    text = DynamicWidgetComponent.model_validate({"type": "Text", "value": f"{title}: {value}"})
    return BasicRoot(children=[text])


planner = Agent[Any](name="Planner", instructions="You plan trips.", tools=[find_station])
guide = Agent[Any](name="Guide", instructions="You know the city.", handoffs=[planner])


class Stations(Assistant):
    composer_models = (ComposerModel("gpt-5.1", "Thorough", description="Slower."),)
    composer_tools = (
        ComposerTool("plan", "Plan a trip", "compass"),
        ComposerTool("find_station", "Find a station", "search"),
    )
    context_headers = ("X-Org-Id",)

    async def start(self) -> None:
        self.stations = {"station_42": "Museum"}
        happened.append("start")

    async def stop(self) -> None:
        happened.append("stop")

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/stations", self._list)]

    async def _list(self, request: Request) -> JSONResponse:
        context = await self.services.authenticate(request)
        return JSONResponse({"user": context.user_id, "stations": self.stations})

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        happened.append(dataclasses.replace(context, request_id="", base_url=""))
        hidden = HiddenContextItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            content={"secret": "the fare is 3 euros"},
        )
        await self.store.add_thread_item(thread.id, hidden, context)
        yield NoticeEvent(level="info", message="Looking at the map")
        async for event in super().respond(thread, input_user_message, context):
            yield event

    async def choose_agent(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> Agent[Any]:
        choice = input_user_message.inference_options.tool_choice if input_user_message else None
        return planner if choice else guide

    def agent_context(self, thread: ThreadMetadata, context: RequestContext) -> StationContext:
        return StationContext(
            thread=thread, store=self.store, request_context=context, stations=self.stations
        )

    def thread_writer(self, thread: ThreadMetadata, context: RequestContext) -> ThreadWriter:
        return Writer()

    def stream_converter(
        self, agent: Agent[Any], thread: ThreadMetadata, context: RequestContext
    ) -> ResponseStreamConverter:
        return Citations()

    async def find_title(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> str:
        return "A trip"

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        assert sender is not None
        replaced = sender.model_copy(update={"widget": card("Chosen", action.payload["id"])})
        yield ThreadItemReplacedEvent(item=replaced)
        yield "You chose "
        yield action.payload["id"]

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        return SyncCustomActionResponse(updated_item=sender)

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: FeedbackKind, context: RequestContext
    ) -> None:
        happened.append((feedback, len(item_ids)))
        await super().add_feedback(thread_id, item_ids, feedback, context)

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        return TranscriptionResult(text=f"{len(audio_input.data)} bytes of {audio_input.mime_type}")

    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        return StreamOptions(allow_cancel=False)

    async def search_entities(self, query: str, context: RequestContext) -> Sequence[Entity]:
        found = [id for id, name in self.stations.items() if query.lower() in name.lower()]
        return [
            Entity(id, self.stations[id], "Stations", "map-pin", data={"line": "A"}) for id in found
        ]

    async def preview_entity(self, entity_id: str, context: RequestContext) -> WidgetRoot | None:
        name = self.stations.get(entity_id)
        return card("Station", name) if name else None


class Fault(Exception):
    """A fault in the code of the assistant's author, whose words nobody else should see."""


class Failing(Assistant):
    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        yield "Half an "
        yield "answer"
        raise Fault("secret words")

    def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        raise Fault("secret words")

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        raise ValueError("secret words")

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: FeedbackKind, context: RequestContext
    ) -> None:
        raise Fault("secret words")

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        raise Fault("secret words")

    async def search_entities(self, query: str, context: RequestContext) -> Sequence[Entity]:
        raise Fault("secret words")

    async def find_title(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> str:
        raise Fault("secret words")
