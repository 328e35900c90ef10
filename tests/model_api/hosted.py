"""Output items of the tools that OpenAI runs itself: searches, code, images and MCP servers."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.model_api.replies import Place, Silence, pieces

Json = dict[str, Any]
_TOKENS = 16  # what a hosted tool's own call counts as


@dataclass(frozen=True)
class WebSearch:
    """A search of the web. Its sources are URLs."""

    query: str
    sources: Sequence[str] = ()
    prefix: str = field(default="ws_", init=False)
    tokens: int = field(default=_TOKENS, init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, "in_progress")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        for state in ("in_progress", "searching", "completed"):
            yield place.event(f"response.web_search_call.{state}")

    def finished(self, place: Place) -> Json:
        return self._item(place, "completed")

    def _item(self, place: Place, status: str) -> Json:
        action: Json = {"type": "search", "query": self.query}
        if self.sources:
            action["sources"] = [{"type": "url", "url": url} for url in self.sources]
        return {"type": "web_search_call", "id": place.id, "status": status, "action": action}


@dataclass(frozen=True)
class FileSearch:
    """A search of vector stores. `found` maps ids of files to their names."""

    queries: Sequence[str]
    found: Mapping[str, str] = field(default_factory=dict)
    prefix: str = field(default="fs_", init=False)
    tokens: int = field(default=_TOKENS, init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, "in_progress", None)

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        for state in ("in_progress", "searching", "completed"):
            yield place.event(f"response.file_search_call.{state}")

    def finished(self, place: Place) -> Json:
        results = [
            {"file_id": id, "filename": name, "score": 0.9, "text": "…"}
            for id, name in self.found.items()
        ]
        return self._item(place, "completed", results)

    def _item(self, place: Place, status: str, results: list[Json] | None) -> Json:
        return {
            "type": "file_search_call",
            "id": place.id,
            "status": status,
            "queries": list(self.queries),
            "results": results,
        }


@dataclass(frozen=True)
class CodeInterpreter:
    """Code that is run in a container, and what it prints."""

    code: str
    logs: str = ""
    container_id: str = "cntr_1"
    prefix: str = field(default="ci_", init=False)
    tokens: int = field(default=_TOKENS, init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, "in_progress", "")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        yield place.event("response.code_interpreter_call.in_progress")
        for piece in pieces(self.code):
            yield place.event("response.code_interpreter_call_code.delta", delta=piece)
        yield place.event("response.code_interpreter_call_code.done", code=self.code)
        yield place.event("response.code_interpreter_call.interpreting")
        yield place.event("response.code_interpreter_call.completed")

    def finished(self, place: Place) -> Json:
        return self._item(place, "completed", self.code)

    def _item(self, place: Place, status: str, code: str) -> Json:
        logs = [{"type": "logs", "logs": self.logs}] if self.logs and code else []
        return {
            "type": "code_interpreter_call",
            "id": place.id,
            "status": status,
            "container_id": self.container_id,
            "code": code,
            "outputs": logs,
        }


@dataclass(frozen=True)
class GeneratedImage:
    """An image, after as many partial images as were asked for.

    With `hang_after=n` it is silent after n of them until `released`.
    """

    body: bytes
    partial_images: Sequence[bytes] = ()
    hang_after: int | None = None
    prefix: str = field(default="ig_", init=False)
    tokens: int = field(default=_TOKENS, init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, "in_progress", None)

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        kind = "response.image_generation_call"
        yield place.event(f"{kind}.in_progress")
        yield place.event(f"{kind}.generating")
        for number, image in enumerate(self.partial_images):
            encoded = base64.b64encode(image).decode()
            yield place.event(
                f"{kind}.partial_image", partial_image_index=number, partial_image_b64=encoded
            )
            if number + 1 == self.hang_after:
                yield Silence()
        yield place.event(f"{kind}.completed")

    def finished(self, place: Place) -> Json:
        return self._item(place, "completed", base64.b64encode(self.body).decode())

    def _item(self, place: Place, status: str, result: str | None) -> Json:
        return {
            "type": "image_generation_call",
            "id": place.id,
            "status": status,
            "result": result,
        }


@dataclass(frozen=True)
class McpTools:
    """The list of an MCP server's tools; with `error` it could not be had."""

    server_label: str
    names: Sequence[str] = ()
    error: str | None = None
    prefix: str = field(default="mcpl_", init=False)
    tokens: int = field(default=0, init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, ())

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        yield place.event("response.mcp_list_tools.in_progress")
        yield place.event(f"response.mcp_list_tools.{'failed' if self.error else 'completed'}")

    def finished(self, place: Place) -> Json:
        return self._item(place, self.names) | ({"error": self.error} if self.error else {})

    def _item(self, place: Place, names: Sequence[str]) -> Json:
        tools = [{"name": name, "input_schema": {"type": "object"}} for name in names]
        label = self.server_label
        return {"type": "mcp_list_tools", "id": place.id, "server_label": label, "tools": tools}


@dataclass(frozen=True)
class McpCall:
    """A call of an MCP server's tool, and its output or error."""

    server_label: str
    name: str
    arguments: str = "{}"
    output: str | None = "done"
    error: str | None = None
    prefix: str = field(default="mcp_", init=False)
    tokens: int = field(default=_TOKENS, init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, "", "in_progress")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        yield place.event("response.mcp_call.in_progress")
        for piece in pieces(self.arguments):
            yield place.event("response.mcp_call_arguments.delta", delta=piece)
        yield place.event("response.mcp_call_arguments.done", arguments=self.arguments)
        yield place.event(f"response.mcp_call.{'failed' if self.error else 'completed'}")

    def finished(self, place: Place) -> Json:
        item = self._item(place, self.arguments, "failed" if self.error else "completed")
        if self.error:
            return item | {"error": {"type": "mcp_tool_execution_error", "content": self.error}}
        return item | {"output": self.output}

    def _item(self, place: Place, arguments: str, status: str) -> Json:
        return {
            "type": "mcp_call",
            "id": place.id,
            "server_label": self.server_label,
            "name": self.name,
            "arguments": arguments,
            "status": status,
        }


@dataclass(frozen=True)
class McpApproval:
    """The question whether an MCP server's tool may be called."""

    server_label: str
    name: str
    arguments: str = "{}"
    prefix: str = field(default="mcpr_", init=False)
    tokens: int = field(default=_TOKENS, init=False)

    def begun(self, place: Place) -> Json:
        return self.finished(place)

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        return iter(())

    def finished(self, place: Place) -> Json:
        return {
            "type": "mcp_approval_request",
            "id": place.id,
            "server_label": self.server_label,
            "name": self.name,
            "arguments": self.arguments,
        }
