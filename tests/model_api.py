"""A stand-in for the model's provider, over real HTTP, that records what it receives.

Speaks just enough of OpenAI's Responses, Chat Completions and audio APIs for the official client.
Each request takes the next reply of the script; when it is empty, the answer is "Noted."
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Json = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """Answers with text, in pieces; after `hang_after` pieces it is silent until `released`."""

    text: str = "Noted."
    hang_after: int | None = None


@dataclass(frozen=True)
class Call:
    """Answers with a call of a tool."""

    name: str
    arguments: Json


@dataclass(frozen=True)
class Error:
    """Answers with an error as OpenAI writes it; with `in_stream`, as `response.failed`."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    in_stream: bool = False


@dataclass
class Received:
    """One request: its JSON, or for audio its form, and the length of its body."""

    path: str
    body: Json
    length: int
    headers: dict[str, str]

    def parts(self) -> list[Json]:
        """Every content part but the instructions, in order, whichever API it is."""
        items = self.body.get("input") or self.body.get("messages") or []
        found: list[Json] = []
        for item in items:
            if item.get("role") == "system":
                continue
            content = item.get("output") or item.get("content") or []
            if isinstance(content, str):
                content = [{"type": "text", "text": content}]
            found += content
        return found

    def texts(self) -> str:
        return "\n".join(part["text"] for part in self.parts() if "text" in part)


@dataclass
class ModelApi:
    """`base_url` is what OPENAI_BASE_URL has to be."""

    base_url: str = ""
    script: deque[Text | Call | Error] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def last(self) -> Received:
        return self.received[-1]

    async def respond(self, request: Request) -> Response:
        raw = await request.body()
        path = request.url.path
        if path.endswith("/audio/transcriptions"):
            self.received.append(Received(path, {}, len(raw), dict(request.headers)))
            return self._error() or JSONResponse({"text": f"heard {len(raw)} bytes"})
        body = json.loads(raw)
        self.received.append(Received(path, body, len(raw), dict(request.headers)))
        error = self._error()
        if error:
            return error
        reply = self.script.popleft() if self.script else Text()
        events = _responses(reply) if path.endswith("/responses") else _completions(reply)
        if body.get("stream"):
            return StreamingResponse(self._sse(events, reply), media_type="text/event-stream")
        *_, last = events
        return JSONResponse(last["response"] if "response" in last else _completion(reply))

    def _error(self) -> Response | None:
        if not (self.script and isinstance(self.script[0], Error)) or self.script[0].in_stream:
            return None
        error = self.script.popleft()
        assert isinstance(error, Error)
        told = {"message": error.message, "type": "invalid_request_error"}
        return JSONResponse(
            {"error": {**told, "code": error.code, "param": error.param}}, error.status
        )

    async def _sse(self, events: Iterator[Json], reply: Text | Call | Error) -> AsyncIterator[str]:
        hang_after = reply.hang_after if isinstance(reply, Text) else None
        pieces = 0
        for event in events:
            is_piece = event.get("type") == "response.output_text.delta" or bool(
                event.get("choices") and event["choices"][0]["delta"].get("content")
            )
            if is_piece and hang_after is not None and pieces == hang_after:
                try:
                    while not self.released.is_set():  # noqa: ASYNC110 - set by another thread
                        await asyncio.sleep(0.01)
                finally:
                    self.cancelled.set()
            pieces += is_piece
            name = f"event: {event['type']}\n" if "type" in event else ""
            yield f"{name}data: {json.dumps(event)}\n\n"
        if "type" not in event:
            yield "data: [DONE]\n\n"


@contextmanager
def model_api() -> Iterator[ModelApi]:
    """A running stand-in on a port of its own."""
    api = ModelApi()
    routes = [Route("/{path:path}", api.respond, methods=["POST"])]
    config = uvicorn.Config(
        Starlette(routes=routes),
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    api.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield api
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()


def _pieces(text: str) -> list[str]:
    return [text[i : i + 8] for i in range(0, len(text), 8)]


def _responses(reply: Text | Call | Error) -> Iterator[Json]:
    response: Json = {
        **{"id": "resp_1", "object": "response", "created_at": 0, "model": "stand-in"},
        **{"output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": []},
        **{"status": "in_progress", "error": None},
    }
    number = iter(range(10_000))

    def event(kind: str, **fields: Any) -> Json:
        return {"type": kind, "sequence_number": next(number), **fields}

    yield event("response.created", response=response)
    if isinstance(reply, Error):
        error = {"code": reply.code, "message": reply.message}
        failed = {**response, "status": "failed", "error": error}
        yield event("response.failed", response=failed)
        return
    if isinstance(reply, Call):
        item: Json = {
            **{"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": reply.name},
            **{"arguments": json.dumps(reply.arguments), "status": "completed"},
        }
        opened = {**item, "arguments": "", "status": "in_progress"}
        yield event("response.output_item.added", output_index=0, item=opened)
        yield event("response.output_item.done", output_index=0, item=item)
    else:
        # The same id in every response, as some providers have it.
        message: Json = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
        at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        yield event("response.output_item.added", output_index=0, item=message)
        part: Json = {"type": "output_text", "text": "", "annotations": []}
        yield event("response.content_part.added", part=part, **at)
        for piece in _pieces(reply.text):
            yield event("response.output_text.delta", delta=piece, logprobs=[], **at)
        part = {**part, "text": reply.text}
        yield event("response.output_text.done", text=reply.text, logprobs=[], **at)
        yield event("response.content_part.done", part=part, **at)
        item = {**message, "content": [part], "status": "completed"}
        yield event("response.output_item.done", output_index=0, item=item)
    usage = {
        **{"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
        **{"input_tokens_details": {"cached_tokens": 0}},
        **{"output_tokens_details": {"reasoning_tokens": 0}},
    }
    done = {**response, "output": [item], "status": "completed", "usage": usage}
    yield event("response.completed", response=done)


def _completions(reply: Text | Call | Error) -> Iterator[Json]:
    def chunk(delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk_of = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0}
        return {**chunk_of, "model": "stand-in", "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    if isinstance(reply, Call):
        function = {"name": reply.name, "arguments": json.dumps(reply.arguments)}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        yield chunk({"tool_calls": [call]})
        yield chunk({}, "tool_calls")
    elif isinstance(reply, Text):
        for piece in _pieces(reply.text):
            yield chunk({"content": piece})
        yield chunk({}, "stop")


def _completion(reply: Text | Call | Error) -> Json:
    text = reply.text if isinstance(reply, Text) else ""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    completion = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0}
    return {**completion, "model": "stand-in", "choices": [choice]}
