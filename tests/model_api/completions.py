"""A reply as the Chat Completions API sends it: a stream of chunks, or one completion."""

import itertools
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.model_api.calls import Call, Reasoning
from tests.model_api.prompts import Usage
from tests.model_api.replies import (
    Broken,
    ErrorEvent,
    Failed,
    Incomplete,
    OutputItem,
    Refusal,
    Reply,
    Silence,
    Text,
    pieces,
)
from tests.model_api.responses import Breaks

Json = dict[str, Any]


@dataclass
class CompletionStream:
    """One completion. Raises `ValueError` for items that this API does not have."""

    reply: Reply
    request: Json
    usage: Usage
    created_at: int
    repeat_ids: bool = False
    id: str = field(init=False)
    call_ids: list[str] = field(init=False)

    def __post_init__(self) -> None:
        for item in self.reply.items:
            if not isinstance(item, Text | Refusal | Call | Reasoning):
                raise ValueError(f"chat completions have no {type(item).__name__}")
        self.id = "chatcmpl-1" if self.repeat_ids else f"chatcmpl-{secrets.token_hex(12)}"
        numbers = itertools.count(1)
        self.call_ids = [
            f"call_{next(numbers)}" if self.repeat_ids else f"call_{secrets.token_hex(12)}"
            for _ in self._calls()
        ]

    def events(self) -> Iterator[Json | Silence]:
        """What is streamed, without `[DONE]`. Raises `Breaks` where the connection breaks."""
        wants_usage = bool((self.request.get("stream_options") or {}).get("include_usage"))
        yield self._chunk({"role": "assistant", "content": "", "refusal": None}, wants_usage)
        numbers = itertools.count()
        for item in self.reply.items:
            for delta in self._deltas(item, numbers):
                yield delta if isinstance(delta, Silence) else self._chunk(delta, wants_usage)
        match self.reply.ending:
            case Broken():
                raise Breaks
            case Failed() | ErrorEvent():
                yield self._error()
                return
        yield self._chunk({}, wants_usage, self._finish_reason())
        if wants_usage:
            envelope = self._envelope("chat.completion.chunk")
            yield {**envelope, "choices": [], "usage": self.usage.of_completion()}

    def response(self) -> Json:
        """The answer to a request that does not stream. Raises `Breaks`."""
        match self.reply.ending:
            case Broken():
                raise Breaks
            case Failed() | ErrorEvent():
                return self._error()
        choice = {
            "index": 0,
            "message": self._message(),
            "finish_reason": self._finish_reason(),
            "logprobs": None,
        }
        envelope = self._envelope("chat.completion")
        return {**envelope, "choices": [choice], "usage": self.usage.of_completion()}

    def _deltas(self, item: OutputItem, numbers: Iterator[int]) -> Iterator[Json | Silence]:
        match item:
            case Text():
                for number, piece in enumerate(pieces(item.text)):
                    if number == item.hang_after:
                        yield Silence()
                    yield {"content": piece}
            case Refusal():
                yield from ({"refusal": piece} for piece in pieces(item.refusal))
            case Call():
                number = next(numbers)
                call = {"index": number, "id": self.call_ids[number], "type": "function"}
                begun = call | {"function": {"name": item.name, "arguments": ""}}
                yield {"tool_calls": [begun]}
                for piece in pieces(item.text):
                    yield {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}

    def _message(self) -> Json:
        texts = [item.text for item in self.reply.items if isinstance(item, Text)]
        refusals = [item.refusal for item in self.reply.items if isinstance(item, Refusal)]
        message: Json = {
            "role": "assistant",
            "content": "".join(texts) if texts else None,
            "refusal": "".join(refusals) if refusals else None,
            "annotations": [],
        }
        if calls := self._calls():
            message["tool_calls"] = [
                {
                    "id": id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.text},
                }
                for id, call in zip(self.call_ids, calls, strict=True)
            ]
        return message

    def _finish_reason(self) -> str:
        ending = self.reply.ending
        if isinstance(ending, Incomplete):
            return "length" if ending.reason == "max_output_tokens" else "content_filter"
        return "tool_calls" if self._calls() else "stop"

    def _calls(self) -> Sequence[Call]:
        return [item for item in self.reply.items if isinstance(item, Call)]

    def _error(self) -> Json:
        ending = self.reply.ending
        assert isinstance(ending, Failed | ErrorEvent)
        fields = {"message": ending.message, "code": ending.code}
        return {"error": {**fields, "type": "server_error", "param": None}}

    def _chunk(self, delta: Json, wants_usage: bool, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if wants_usage else {}
        return {**self._envelope("chat.completion.chunk"), "choices": [choice], **usage}

    def _envelope(self, kind: str) -> Json:
        model = self.request["model"]
        return {"id": self.id, "object": kind, "created": self.created_at, "model": model}
