"""The tool by which a model gets a file that was left out, or the rest of a long text."""

import asyncio
from typing import Annotated, Any

from agents import function_tool
from agents.tool import ToolOutputFileContent, ToolOutputImage, ToolOutputText
from agents.tool_context import ToolContext
from chatkit.agents import AgentContext
from pydantic import Field, PrivateAttr

from app.context import RequestContext
from app.model_input.converter import ThreadConverter
from app.model_input.input_items import Part
from app.model_input.labels import LabelTable

FETCH_ATTACHMENT = "fetch_attachment"

Output = ToolOutputText | ToolOutputImage | ToolOutputFileContent


class ToolEvents(asyncio.Queue[Any]):
    """The events that tools stream into the thread.

    ChatKit waits for them in a task of its own. When a run fails or is cancelled, it forgets this
    task; `close` cancels it.
    """

    _waiting: asyncio.Task[Any] | None = None

    async def get(self) -> Any:
        self._waiting = asyncio.current_task()
        try:
            return await super().get()
        finally:
            self._waiting = None

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()


class AnswerContext(AgentContext[RequestContext]):
    """The context of a run: ChatKit's, and what `fetch_attachment` works with."""

    converter: ThreadConverter
    labels: LabelTable
    _events: ToolEvents = PrivateAttr(default_factory=ToolEvents)

    def close(self) -> None:
        """End what waits for events of tools. Call it when the run is over."""
        self._events.close()


@function_tool(name_override=FETCH_ATTACHMENT)
async def fetch_attachment(
    context: ToolContext[AnswerContext],
    id: Annotated[str, Field(description="The id of the file, as its announcement gives it.")],
    offset: Annotated[
        int, Field(ge=0, description="For a text: the character to start from. Otherwise 0.")
    ] = 0,
) -> list[Output]:
    """Get the content of a file that the user attached, or the next slice of a long text."""
    answer = context.context
    parts = await answer.converter.fetch(id, offset_chars=offset)
    answer.labels.remember(parts)
    return [_output(part) for part in parts]


def _output(part: Part) -> Output:
    """Return a part of a message as the Agents SDK's type for a part of a tool's output."""
    if part["type"] == "input_text":
        return ToolOutputText(text=part["text"])
    if part["type"] == "input_image":
        return ToolOutputImage(image_url=part.get("image_url"), detail="auto")
    return ToolOutputFileContent(
        file_data=part.get("file_data"),
        file_url=part.get("file_url"),
        filename=part.get("filename"),
    )
