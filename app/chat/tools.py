"""The tool by which a model gets a file that was left out, or the rest of a long text."""

from typing import Annotated

from agents import function_tool
from agents.tool import ToolOutputFileContent, ToolOutputImage, ToolOutputText
from agents.tool_context import ToolContext
from chatkit.agents import AgentContext
from pydantic import Field

from app.context import RequestContext
from app.model_input.converter import ThreadConverter
from app.model_input.input_items import Part
from app.model_input.labels import LabelTable

FETCH_ATTACHMENT = "fetch_attachment"

Output = ToolOutputText | ToolOutputImage | ToolOutputFileContent


class AnswerContext(AgentContext[RequestContext]):
    """The context of a run: ChatKit's, and what `fetch_attachment` works with."""

    converter: ThreadConverter
    labels: LabelTable


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
