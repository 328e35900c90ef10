"""Output items that ask the client to do something, and the reasoning before them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.model_api.replies import Place, Silence, pieces
from tests.model_api.tokens import text_tokens

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call of a function; several in one reply are parallel calls."""

    name: str
    arguments: Json = field(default_factory=dict)
    prefix: str = field(default="fc_", init=False)

    @property
    def text(self) -> str:
        """The arguments as the model writes them."""
        return json.dumps(self.arguments)

    def begun(self, place: Place) -> Json:
        return self._item(place, "", "in_progress")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        kind = "response.function_call_arguments"
        for piece in pieces(self.text):
            yield place.event(f"{kind}.delta", delta=piece)
        yield place.event(f"{kind}.done", name=self.name, arguments=self.text)

    def finished(self, place: Place) -> Json:
        return self._item(place, self.text, "completed")

    @property
    def tokens(self) -> int:
        return text_tokens(self.name) + text_tokens(self.text)

    def _item(self, place: Place, arguments: str, status: str) -> Json:
        return {
            "type": "function_call",
            "id": place.id,
            "call_id": place.call_id,
            "name": self.name,
            "arguments": arguments,
            "status": status,
        }


@dataclass(frozen=True)
class CustomCall:
    """A call of a custom tool, whose input is any text."""

    name: str
    input: str
    prefix: str = field(default="ctc_", init=False)

    def begun(self, place: Place) -> Json:
        return self._item(place, "")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        kind = "response.custom_tool_call_input"
        for piece in pieces(self.input):
            yield place.event(f"{kind}.delta", delta=piece)
        yield place.event(f"{kind}.done", input=self.input)

    def finished(self, place: Place) -> Json:
        return self._item(place, self.input)

    @property
    def tokens(self) -> int:
        return text_tokens(self.name) + text_tokens(self.input)

    def _item(self, place: Place, text: str) -> Json:
        return {
            "type": "custom_tool_call",
            "id": place.id,
            "call_id": place.call_id,
            "name": self.name,
            "input": text,
        }


@dataclass(frozen=True)
class Reasoning:
    """A chain of thought with a summary, one paragraph each; `tokens` is how long it was."""

    summary: Sequence[str] = ("Looking at the question.",)
    tokens: int = 64
    prefix: str = field(default="rs_", init=False)

    def begun(self, place: Place) -> Json:
        return {"type": "reasoning", "id": place.id, "summary": []}

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        kind = "response.reasoning_summary"
        for number, text in enumerate(self.summary):
            at = {"summary_index": number}
            yield place.event(f"{kind}_part.added", part=_summary_part(""), **at)
            for piece in pieces(text):
                yield place.event(f"{kind}_text.delta", delta=piece, **at)
            yield place.event(f"{kind}_text.done", text=text, **at)
            yield place.event(f"{kind}_part.done", part=_summary_part(text), **at)

    def finished(self, place: Place) -> Json:
        return {
            "type": "reasoning",
            "id": place.id,
            "summary": [_summary_part(text) for text in self.summary],
        }


def _summary_part(text: str) -> Json:
    return {"type": "summary_text", "text": text}
