"""The tools with which a model fetches, searches and queries files."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from agents import (
    Agent,
    FunctionTool,
    Handoff,
    RunContextWrapper,
    function_tool,
    handoff,
)
from agents.tool import ToolOutputFileContent, ToolOutputImage, ToolOutputText
from agents.tool_context import ToolContext
from chatkit.agents import AgentContext
from pydantic import Field, PrivateAttr

from app.chat.agent import ChatAgent
from app.context import RequestContext
from app.model_input.converter import ThreadConverter
from app.model_input.input_items import Part
from app.model_input.labels import LabelTable
from app.model_input.selection import Selection

Output = ToolOutputText | ToolOutputImage | ToolOutputFileContent


class ToolEvents(asyncio.Queue[Any]):
    """The events that tools stream into the thread.

    ChatKit waits for them in a task of its own, and does not cancel this task when a run fails or
    is cancelled; `close` does.
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
    """The context of a run: ChatKit's context, and the files of the user for the tools.

    A subclass may add fields. `Assistant.agent_context` returns an instance of it.
    """

    _converter: ThreadConverter | None = PrivateAttr(default=None)
    _labels: LabelTable = PrivateAttr(default_factory=LabelTable)
    _events: ToolEvents = PrivateAttr(default_factory=ToolEvents)

    def open_files(self, converter: ThreadConverter) -> None:
        """Give the tools access to the files of the user for whom `converter` was made."""
        self._converter = converter

    def close(self) -> None:
        """Cancel the task that waits for events of tools. Call it when the run is over."""
        self._events.close()

    @property
    def converter(self) -> ThreadConverter:
        if self._converter is None:
            raise RuntimeError("The context has no files: call `open_files` before the run.")
        return self._converter

    @property
    def labels(self) -> LabelTable:
        return self._labels


Id = Annotated[str, Field(description="The id of the file, as its announcement gives it.")]
MemberName = Annotated[
    str,
    Field(
        description="The name of a file inside a mail, an archive or an office document, as its"
        " list gives it; `outer!/inner` for a file in such a file. Otherwise empty."
    ),
]


@function_tool(name_override="fetch_attachment")
async def fetch_attachment(
    context: ToolContext[AnswerContext],
    id: Id,
    offset: Annotated[
        int, Field(ge=0, description="For a text: the character to start from. Otherwise 0.")
    ] = 0,
    pages: Annotated[
        str,
        Field(description="For a PDF or TIFF: pages to get, `10-12` or `1, 4-6`. Otherwise empty."),
    ] = "",
    member: MemberName = "",
) -> list[Output]:
    """Get a file of the user, a slice of a long text, pages of a PDF, or a file in a file."""
    return await _selected(context, id, Selection(offset_chars=offset, pages=pages, member=member))


@function_tool(name_override="search_attachment")
async def search_attachment(
    context: ToolContext[AnswerContext],
    id: Id,
    words: Annotated[str, Field(min_length=1, description="The words to find.")],
    member: MemberName = "",
) -> list[Output]:
    """Find words in the text of a file. It returns pages of a PDF or offsets, and snippets."""
    return await _selected(context, id, Selection(words=words, member=member))


@function_tool(name_override="query_attachment")
async def query_attachment(
    context: ToolContext[AnswerContext],
    id: Id,
    sql: Annotated[
        str,
        Field(
            min_length=1,
            description="One SELECT in DuckDB's SQL. The table of a CSV or Parquet file is called"
            ' data; each sheet of a workbook is a table of its name, like "Sheet1".',
        ),
    ],
    member: MemberName = "",
) -> list[Output]:
    """Answer a question on a table (CSV, TSV, Excel, OpenDocument, Parquet) by SQL on all rows."""
    return await _selected(context, id, Selection(sql=sql, member=member))


FILE_TOOLS: tuple[FunctionTool, ...] = (fetch_attachment, search_attachment, query_attachment)


async def _selected(
    context: ToolContext[AnswerContext], id: str, selection: Selection
) -> list[Output]:
    answer = context.context
    parts = await answer.converter.fetch(id, selection)
    answer.labels.remember(parts)
    return [_output(part) for part in parts]


def with_file_tools(agent: ChatAgent) -> ChatAgent:
    """Return the agent with the tools for files. Its own tools of the same names are kept.

    The agents that it hands over to get the tools too.
    """
    names = {tool.name for tool in agent.tools}
    return agent.clone(
        tools=[*agent.tools, *(tool for tool in FILE_TOOLS if tool.name not in names)],
        handoffs=[_with_file_tools_after(target) for target in agent.handoffs],
    )


def _with_file_tools_after(target: Agent[Any] | Handoff[Any, Any]) -> Handoff[Any, Any]:
    """Return a handoff that adds the tools when it is used: agents may hand over in circles."""
    made = target if isinstance(target, Handoff) else handoff(target)

    async def invoke(context: RunContextWrapper[Any], arguments: str) -> Agent[Any]:
        return with_file_tools(await made.on_invoke_handoff(context, arguments))

    return replace(made, on_invoke_handoff=invoke)


def _output(part: Part) -> Output:
    """Return a part of a message as the Agents SDK's type for a part of a tool's output."""
    if part["type"] == "input_text":
        return ToolOutputText(text=part["text"])
    if part["type"] == "input_image":
        return ToolOutputImage(
            image_url=part.get("image_url"), file_id=part.get("file_id"), detail="auto"
        )
    return ToolOutputFileContent(
        file_data=part.get("file_data"),
        file_url=part.get("file_url"),
        file_id=part.get("file_id"),
        filename=part.get("filename"),
    )
