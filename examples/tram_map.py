"""A tram map beside the chat: the model and the person change it together.

    make run ASSISTANT=examples/tram_map.py:TramMap

Shows stops that can be mentioned with @ (search, preview, what the model gets), a client tool that
asks the page what is selected, client effects that move the map, and hidden context.
"""

from collections.abc import Sequence
from typing import Any

from agents import Agent, RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall
from chatkit.types import (
    ClientEffectEvent,
    ProgressUpdateEvent,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTagContent,
)
from chatkit.widgets import DynamicWidgetRoot, WidgetRoot
from openai.types.responses import ResponseInputContentParam, ResponseInputTextParam
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.assistant import AnswerContext, Assistant, Entity, RequestContext, ThreadWriter


class Stop(BaseModel):
    """A stop and the lines that serve it."""

    id: str
    name: str
    lines: list[str]


class Network:
    """All stops. One for all users, as a map is."""

    def __init__(self) -> None:
        names = {"harbour": "Harbour", "market": "Old Market", "hill": "Castle Hill"}
        self.stops = {
            f"stop_{key}": Stop(id=f"stop_{key}", name=name, lines=["1"])
            for key, name in names.items()
        }

    def matching(self, query: str) -> list[Stop]:
        wanted = query.casefold()
        return [stop for stop in self.stops.values() if wanted in stop.name.casefold()]


class MapContext(AnswerContext):
    """The context of the tools, with the network."""

    network: Network


@function_tool
async def list_stops(context: RunContextWrapper[MapContext]) -> list[dict[str, Any]]:
    """List all stops."""
    return [stop.model_dump() for stop in context.context.network.stops.values()]


@function_tool
async def add_stop(context: RunContextWrapper[MapContext], name: str, line: str) -> str:
    """Add a stop at the end of a line."""
    answer = context.context
    await answer.stream(ProgressUpdateEvent(text=f"Building {name}"))
    stop = Stop(id=f"stop_{len(answer.network.stops) + 1}", name=name, lines=[line])
    answer.network.stops[stop.id] = stop
    await answer.stream(ClientEffectEvent(name="draw_stop", data=stop.model_dump()))
    return f"{name} has the id {stop.id}."


@function_tool
async def show_stop(context: RunContextWrapper[MapContext], id: str) -> str:
    """Move the user's map to a stop."""
    answer = context.context
    if id not in answer.network.stops:
        return f"There is no stop {id}."
    await answer.stream(ClientEffectEvent(name="move_to", data={"id": id}))
    return "The map shows it."


@function_tool
async def get_selected_stops(context: RunContextWrapper[MapContext]) -> None:
    """Ask the page which stops the user has selected on the map."""
    # The run ends here. The page sends the output, and `respond` goes on without a message.
    context.context.client_tool_call = ClientToolCall(name="get_selected_stops", arguments={})


planner = Agent[Any](
    name="Planner",
    instructions="You plan a tram network with the user, on a map that both of you see.",
    tools=[list_stops, add_stop, show_stop, get_selected_stops],
    tool_use_behavior=StopAtTools(stop_at_tool_names=["get_selected_stops"]),
)


class StopWriter(ThreadWriter):
    """Writes for the model what a mentioned stop is."""

    def __init__(self, network: Network) -> None:
        self.network = network

    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        stop = self.network.stops.get(tag.id)
        if stop is None:
            return await super().tag_to_message_content(tag)  # a file or a chat
        return ResponseInputTextParam(
            type="input_text", text=f"<stop>{stop.model_dump_json()}</stop>"
        )


class TramMap(Assistant):
    """Answers about the network."""

    async def start(self) -> None:
        self.network = Network()

    async def choose_agent(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> Agent[Any]:
        return planner

    def agent_context(self, thread: ThreadMetadata, context: RequestContext) -> MapContext:
        return MapContext(
            thread=thread, store=self.store, request_context=context, network=self.network
        )

    def thread_writer(self, thread: ThreadMetadata, context: RequestContext) -> StopWriter:
        return StopWriter(self.network)

    async def search_entities(self, query: str, context: RequestContext) -> Sequence[Entity]:
        return [
            Entity(stop.id, stop.name, "Stops", "map-pin", data={"lines": ", ".join(stop.lines)})
            for stop in self.network.matching(query)
        ]

    async def preview_entity(self, entity_id: str, context: RequestContext) -> WidgetRoot | None:
        stop = self.network.stops.get(entity_id)
        if stop is None:
            return None
        lines = [{"type": "Badge", "label": f"Line {line}"} for line in stop.lines]
        name = {"type": "Text", "value": stop.name, "weight": "semibold"}
        return DynamicWidgetRoot.model_validate({"type": "Basic", "children": [name, *lines]})

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/tram-map", self.show)]

    async def show(self, request: Request) -> JSONResponse:
        """Return what the page draws."""
        await self.services.authenticate(request)
        return JSONResponse([stop.model_dump() for stop in self.network.stops.values()])
