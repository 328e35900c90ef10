"""A reply of every kind that the vocabulary has."""

from tests.corpus import image
from tests.model_api import (
    Annotation,
    Broken,
    Call,
    CodeInterpreter,
    ContainerFileCitation,
    CustomCall,
    ErrorEvent,
    Failed,
    FileCitation,
    FilePath,
    FileSearch,
    GeneratedImage,
    Incomplete,
    McpApproval,
    McpCall,
    McpTools,
    Reasoning,
    Refusal,
    Reply,
    Text,
    UrlCitation,
    WebSearch,
)

ANNOTATIONS: tuple[Annotation, ...] = (
    UrlCitation("https://example.com/report", "The report", 0, 3),
    FileCitation("file-1", "report.pdf", 7),
    ContainerFileCitation("cntr_1", "cfile_1", "chart.png", 0, 3),
    FilePath("file-2", 9),
)

WHOLE = {
    "text": Reply(Text("All is said in several pieces.")),
    "annotations": Reply(Text("See the report.", annotations=ANNOTATIONS)),
    "refusal": Reply(Refusal()),
    "call": Reply(Call("look", {"id": "atc_1", "offset": 1000})),
    "parallel calls": Reply(Call("look", {"id": "a"}), Call("look", {"id": "b"}), Call("stop")),
    "text before a call": Reply(Text("I'll look."), Call("look")),
    "reasoning": Reply(Reasoning(("First this.", "Then that.")), Text("Done.")),
    "reasoning before a call": Reply(Reasoning(), Call("look")),
    "length": Reply(Text("Half of a"), ending=Incomplete()),
    "filter": Reply(Text("Half of a"), ending=Incomplete("content_filter")),
    "nothing": Reply(),
}
"""What both APIs have."""

HOSTED = {
    "custom call": Reply(CustomCall("shell", "ls -l /tmp")),
    "web search": Reply(WebSearch("news", ("https://example.com",)), Text("Nothing new.")),
    "file search": Reply(FileSearch(("costs",), {"file-1": "costs.csv"}), Text("Nine.")),
    "code interpreter": Reply(CodeInterpreter("print(6 * 7)", "42\n"), Text("42")),
    "image": Reply(GeneratedImage(image("PNG"), (image("PNG"), image("PNG")))),
    "mcp tools": Reply(McpTools("wiki", ("ask", "tell"))),
    "mcp tools that can't be had": Reply(McpTools("wiki", error="unreachable")),
    "mcp call": Reply(McpCall("wiki", "ask", '{"question": "why"}')),
    "mcp call that fails": Reply(McpCall("wiki", "ask", error="no such page")),
    "mcp approval": Reply(McpApproval("wiki", "tell")),
}
"""What the Responses API alone has."""

CUT = {
    "failed": Reply(Text("Half of an answer"), ending=Failed()),
    "failed before the first item": Reply(ending=Failed("No.", "image_parse_error")),
    "error": Reply(Text("Half of an answer"), ending=ErrorEvent()),
    "nested error": Reply(Text("Half of an answer"), ending=ErrorEvent(nested=True)),
    "broken": Reply(Text("Half of an answer"), ending=Broken()),
}
"""Replies that end in the middle of an item."""
