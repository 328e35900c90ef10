"""A plant for each chat: tools that change it, a choice of names, pictures of it.

    make run ASSISTANT=examples/greenhouse.py:Greenhouse

Shows tools with client effects, a widget whose buttons act and replace it, hidden context, image
generation with progress, answers that can't be stopped, and a route. The plant is in the thread's
`metadata`, which the service saves with the thread and no client sees.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from agents import Agent, ImageGenerationTool, RunContextWrapper, StopAtTools, function_tool
from chatkit.actions import Action
from chatkit.types import (
    ClientEffectEvent,
    HiddenContextItem,
    StreamOptions,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import DynamicWidgetRoot
from openai.types.responses.tool_param import ImageGeneration
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.assistant import AnswerContext, Assistant, RequestContext


class Plant(BaseModel):
    """The state of one thread. Moisture and light go from 0 to 10."""

    name: str | None = None
    moisture: int = 4
    light: int = 6

    @classmethod
    def of(cls, thread: ThreadMetadata) -> "Plant":
        return cls.model_validate(thread.metadata.get("plant", {}))

    def keep(self, thread: ThreadMetadata) -> None:
        thread.metadata["plant"] = self.model_dump()


class PlantContext(AnswerContext):
    """The context of the tools, with the plant of the thread."""

    plant: Plant

    async def show_plant(self) -> None:
        """Keep the plant, and let the page draw it anew."""
        self.plant.keep(self.thread)
        await self.stream(ClientEffectEvent(name="update_plant", data=self.plant.model_dump()))


@function_tool
async def look_at_plant(context: RunContextWrapper[PlantContext]) -> dict[str, Any]:
    """See how the plant is."""
    return context.context.plant.model_dump()


@function_tool
async def water_plant(context: RunContextWrapper[PlantContext], cups: int) -> str:
    """Water the plant."""
    plant = context.context.plant
    plant.moisture = min(10, plant.moisture + cups)
    await context.context.show_plant()
    return f"The moisture is {plant.moisture} of 10."


@function_tool
async def suggest_names(context: RunContextWrapper[PlantContext], names: list[str]) -> str:
    """Show names for the plant. The user chooses one of them."""
    await context.context.stream_widget(names_card(names), copy_text=", ".join(names))
    return "The names are shown."


def names_card(names: Sequence[str], chosen: str | None = None) -> DynamicWidgetRoot:
    """Return a card with a button for each name; after the choice, only the chosen one is left."""
    buttons = [
        {
            "type": "Button",
            "label": name if chosen is None else f"{name} it is",
            "onClickAction": {"type": "choose_name", "payload": {"name": name, "names": names}},
            "disabled": chosen is not None,
        }
        for name in names
        if chosen in (None, name)
    ]
    caption = {"type": "Caption", "value": "A name for the plant"}
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": [caption, *buttons]})


PICTURES = ImageGeneration(type="image_generation", partial_images=3, quality="low")

gardener = Agent[Any](
    name="Gardener",
    instructions=(
        "You look after one house plant with the user. Look at it before you speak about it. If it"
        " has no name, suggest three. Draw it when the user asks for a picture."
    ),
    tools=[look_at_plant, water_plant, suggest_names, ImageGenerationTool(tool_config=PICTURES)],
    # The card needs no words of the model.
    tool_use_behavior=StopAtTools(stop_at_tool_names=["suggest_names"]),
)


class Greenhouse(Assistant):
    """Answers about the plant of the thread."""

    async def choose_agent(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> Agent[Any]:
        return gardener

    def agent_context(self, thread: ThreadMetadata, context: RequestContext) -> PlantContext:
        return PlantContext(
            thread=thread, store=self.store, request_context=context, plant=Plant.of(thread)
        )

    async def find_title(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> None:
        """Give no title: the name of the plant becomes the title."""

    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        # A picture has to be paid for even if it is stopped.
        return StreamOptions(allow_cancel=False)

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        """Name the plant."""
        plant, name = Plant.of(thread), action.payload["name"]
        if plant.name is not None:
            yield f"It is called {plant.name} already."
            return
        plant.name = name
        plant.keep(thread)
        thread.title = f"{name}'s pot"
        if sender is not None:
            card = names_card(action.payload["names"], chosen=name)
            yield ThreadItemReplacedEvent(item=sender.model_copy(update={"widget": card}))
        yield ClientEffectEvent(name="update_plant", data=plant.model_dump())
        # The model reads it with the next message. The user never sees it.
        yield ThreadItemDoneEvent(
            item=HiddenContextItem(
                id=self.store.generate_item_id("message", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                content=f"The user has called the plant {name}.",
            )
        )
        yield f"{name} is a good name for a plant."

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/plants/{thread_id}", self.show)]

    async def show(self, request: Request) -> JSONResponse:
        """Return the plant of one of the user's own threads."""
        context = await self.services.authenticate(request)
        thread = await self.store.load_thread(request.path_params["thread_id"], context)
        return JSONResponse(Plant.of(thread).model_dump())
