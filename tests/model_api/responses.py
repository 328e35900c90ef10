"""A reply as the Responses API sends it: a stream of events, or one response."""

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.model_api.calls import Reasoning
from tests.model_api.prompts import Usage
from tests.model_api.replies import (
    Broken,
    Completed,
    ErrorEvent,
    Failed,
    Incomplete,
    OutputItem,
    Place,
    Reply,
    Silence,
)

Json = dict[str, Any]
_ECHOED: Json = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""What a response repeats of its request, with the defaults of the document."""


class Breaks(Exception):
    """Raised where the connection has to break."""


@dataclass
class ResponseStream:
    """One response to one request.

    With `repeat_ids` the ids are numbered from 1 in every response, as some providers have it.
    """

    reply: Reply
    request: Json
    usage: Usage
    created_at: int
    repeat_ids: bool = False
    id: str = field(init=False)
    places: list[Place] = field(init=False)

    def __post_init__(self) -> None:
        counted: dict[str, itertools.count[int]] = {}

        def new_id(prefix: str) -> str:
            if not self.repeat_ids:
                return f"{prefix}{secrets.token_hex(24)}"
            return f"{prefix}{next(counted.setdefault(prefix, itertools.count(1)))}"

        self.id = new_id("resp_")
        self.places = [
            Place(new_id(item.prefix), new_id("call_"), index)
            for index, item in enumerate(self.reply.items)
        ]

    def events(self) -> Iterator[Json | Silence]:
        """What is streamed. Raises `Breaks` where the connection breaks."""
        numbers = itertools.count()
        for event in self._events():
            yield (
                event if isinstance(event, Silence) else event | {"sequence_number": next(numbers)}
            )

    def response(self) -> Json:
        """The answer to a request that does not stream. Raises `Breaks`."""
        if isinstance(self.reply.ending, Broken):
            raise Breaks
        return self._last_response()

    def output(self) -> list[Json]:
        """The items of the response, as it ends."""
        done = [
            self._finished(item, place)
            for item, place in zip(self.reply.items, self.places, strict=True)
        ]
        if isinstance(self.reply.ending, Incomplete) and done and "status" in done[-1]:
            done[-1]["status"] = "incomplete"
        return done[:-1] if self._ends_in_an_item() else done

    def _events(self) -> Iterator[Json | Silence]:
        opened = self._envelope("in_progress")
        yield {"type": "response.created", "response": opened}
        yield {"type": "response.in_progress", "response": opened}
        output = self.output()
        for item, place in zip(self.reply.items, self.places, strict=True):
            at = {"output_index": place.index}
            added = "response.output_item.added"
            yield {"type": added, "item": item.begun(place), **at}
            steps = list(item.steps(place))
            if place.index == len(output):
                # The middle: pieces have arrived, and none of the events that close them.
                yield from itertools.takewhile(_is_open, steps)
                break
            yield from steps
            yield {"type": "response.output_item.done", "item": output[place.index], **at}
        yield from self._end()

    def _end(self) -> Iterator[Json]:
        match self.reply.ending:
            case Broken():
                raise Breaks
            case ErrorEvent(message, code, param, nested):
                fields = {"code": code, "message": message, "param": param}
                yield {"type": "error", **({"error": fields} if nested else fields)}
            case _:
                last = self._last_response()
                yield {"type": f"response.{last['status']}", "response": last}

    def _last_response(self) -> Json:
        ending = self.reply.ending
        if isinstance(ending, Failed | ErrorEvent):
            error = {"code": ending.code, "message": ending.message}
            return self._envelope("failed") | {"error": error, "output": self.output()}
        finished = {"output": self.output(), "usage": self.usage.of_response()}
        if isinstance(ending, Incomplete):
            details = {"incomplete_details": {"reason": ending.reason}}
            return self._envelope("incomplete") | details | finished
        return self._envelope("completed") | finished | {"completed_at": self.created_at}

    def _ends_in_an_item(self) -> bool:
        return not isinstance(self.reply.ending, Completed | Incomplete)

    def _finished(self, item: OutputItem, place: Place) -> Json:
        finished = item.finished(place)
        if isinstance(item, Reasoning) and self._wants("reasoning.encrypted_content"):
            finished["encrypted_content"] = f"encrypted-{place.id}"
        return finished

    def _wants(self, included: str) -> bool:
        return included in (self.request.get("include") or ())

    def _envelope(self, status: str) -> Json:
        given = {name: self.request.get(name) for name in _ECHOED}
        echoed = {name: _ECHOED[name] if given[name] is None else given[name] for name in _ECHOED}
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self.request["model"],
            "output": [],
            **echoed,
        }


def _is_open(event: Json | Silence) -> bool:
    return isinstance(event, Silence) or not event["type"].endswith((".done", ".completed"))
