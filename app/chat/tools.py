"""The tool by which a model fetches a file that was left out, or the rest of a long text."""

from collections.abc import Callable
from typing import Annotated

from agents import RunContextWrapper, Tool, function_tool
from agents.tool import ToolOutputFileContent, ToolOutputImage, ToolOutputText
from chatkit.agents import AgentContext
from openai.types.responses import ResponseInputContentParam
from pydantic import Field

from app.context import RequestContext
from app.model_input.converter import AttachmentConverter

FETCH_ATTACHMENT = "fetch_attachment"

Output = ToolOutputText | ToolOutputImage | ToolOutputFileContent


def fetch_attachment_tool(make_converter: Callable[[RequestContext], AttachmentConverter]) -> Tool:
    """The tool, for whoever the context of the run says is asking."""

    @function_tool(name_override=FETCH_ATTACHMENT)
    async def fetch_attachment(
        wrapper: RunContextWrapper[AgentContext[RequestContext]],
        id: Annotated[str, Field(description="The file's id, as its announcement gives it.")],
        offset: Annotated[
            int, Field(ge=0, description="For text: the character to start from. Else 0.")
        ] = 0,
    ) -> list[Output]:
        """Get the content of a file that the user attached, or the next slice of a long text."""
        converter = make_converter(wrapper.context.request_context)
        return [_output(part) for part in await converter.fetch(id, offset_chars=offset)]

    return fetch_attachment


def _output(part: ResponseInputContentParam) -> Output:
    """A part of a message as the Agents SDK's type for a part of a tool's output."""
    if part["type"] == "input_text":
        return ToolOutputText(text=part["text"])
    if part["type"] == "input_image":
        return ToolOutputImage(image_url=part.get("image_url"), detail="auto")
    return ToolOutputFileContent(
        file_data=part.get("file_data"),
        file_url=part.get("file_url"),
        filename=part.get("filename"),
    )
