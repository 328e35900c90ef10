"""Makes every streamed response end as a complete one, and remembers why it is incomplete.

A response may end in a refusal, at the length limit, by a filter, in an error, or without content.
For most of these the Agents SDK raises an error, and drops what it has received but not passed on
yet. So a refusal becomes the text of the answer, and a partial answer is completed with a mark.
`Ending` has its failure, which is raised when the run is over.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import openai
from agents import Model, ModelProvider
from agents.exceptions import AgentsException
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseOutputItem,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)

from app.chat.failures import (
    ModelFailed,
    ProviderFailed,
    empty_answer,
    incomplete_mark,
    stream_error_for,
)
from app.chat.merging import merged_deltas
from app.chat.wrapped_model import WrappedModel

_NOT_BEGUN = ("response.created", "response.queued", "response.in_progress")
_TERMINAL = ("response.incomplete", "response.failed", "error")


class Accepted(AgentsException):
    """Raised instead of the answer to a probe, when the provider has accepted the request."""


class Ending:
    """Why the latest response of a run is incomplete; `failure` is None if it is complete.

    The run of a probe ends in `Accepted` as soon as the provider has begun its response.
    """

    failure: ModelFailed | None = None

    def __init__(self, *, is_probe: bool = False) -> None:
        self.is_probe = is_probe


class EndingModels(ModelProvider):
    """The models of one run; each reports to `ending` how its latest response ended."""

    def __init__(self, models: ModelProvider, ending: Ending) -> None:
        self._models = models
        self._ending = ending

    def get_model(self, model_name: str | None) -> Model:
        return EndingModel(self._models.get_model(model_name), self._ending)


class EndingModel(WrappedModel):
    """Raises `ProviderFailed` for a response that fails before it has any text."""

    def __init__(self, model: Model, ending: Ending) -> None:
        super().__init__(model)
        self._ending = ending

    async def changed_events(
        self, events: AsyncIterator[TResponseStreamEvent]
    ) -> AsyncIterator[TResponseStreamEvent]:
        self._ending.failure = None
        answer = _StreamedText()
        # The end of a message is kept until the next event, because a mark may have to be added.
        waiting: list[TResponseStreamEvent] = []
        try:
            async with aclosing(merged_deltas(events)) as stream:
                async for received in stream:
                    event = _as_text(received)
                    answer.add(event)
                    if event.type in _TERMINAL:
                        raise _failure_of(event)
                    if self._ending.is_probe and event.type not in _NOT_BEGUN:
                        raise Accepted
                    if event.type == "response.completed" and answer.is_empty:
                        self._ending.failure = empty_answer()
                    for earlier in waiting:
                        yield earlier
                    waiting = [event] if _ends_message(event) else []
                    if not waiting:
                        yield event
        except (openai.OpenAIError, AgentsException) as problem:
            if not answer.has_text:
                raise
            self._ending.failure = stream_error_for(problem)
            for event in answer.completed(incomplete_mark(self._ending.failure.kind)):
                yield event


class _StreamedText:
    """The text of a response, as far as it has been streamed."""

    def __init__(self) -> None:
        self._response: Response | None = None
        self._done: list[ResponseOutputItem] = []
        self._message: ResponseOutputMessage | None = None
        self._index = 0
        self._texts: dict[int, str] = {}
        self._has_other_items = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but reasoning and messages without text."""
        return not (self.has_text or self._has_other_items)

    @property
    def has_text(self) -> bool:
        return self._response is not None and any(text.strip() for text in self._texts.values())

    def add(self, event: Any) -> None:
        match event.type:
            case "response.created" | "response.incomplete" | "response.failed":
                self._response = event.response
            case "response.output_item.added" if event.item.type == "message":
                self._message, self._index, self._texts = event.item, event.output_index, {}
            case "response.output_text.delta":
                text = self._texts.get(event.content_index, "")
                self._texts[event.content_index] = text + event.delta
            case "response.output_item.done" if event.item.type in ("message", "reasoning"):
                self._done.append(event.item)
            case "response.output_item.done":
                self._has_other_items = True

    def completed(self, mark: str) -> Iterator[TResponseStreamEvent]:
        """Yield the events that complete the message and the response, without tool calls."""
        response, begun = self._response, self._message
        if response is None or begun is None:
            return
        last = max(self._texts)
        at = {"item_id": begun.id, "output_index": self._index, "content_index": last}
        marked = self._texts[last] + mark
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta", delta=mark, logprobs=[], sequence_number=0, **at
        )
        yield ResponseTextDoneEvent(
            type="response.output_text.done", text=marked, logprobs=[], sequence_number=0, **at
        )
        message = begun.model_copy(
            update={"content": self._marked_content(begun.id, marked), "status": "completed"}
        )
        yield ResponseOutputItemDoneEvent(
            type="response.output_item.done",
            item=message,
            output_index=self._index,
            sequence_number=0,
        )
        earlier = [item for item in self._done if item.id != message.id]
        yield ResponseCompletedEvent(
            type="response.completed",
            response=response.model_copy(
                update={"status": "completed", "output": [*earlier, message]}
            ),
            sequence_number=0,
        )

    def _marked_content(self, message_id: str, marked: str) -> list[Any]:
        """Return the parts of the message, its annotations too, with `marked` as the last text."""
        for item in self._done:
            if item.id == message_id and isinstance(item, ResponseOutputMessage):
                *first, last = item.content
                return [*first, last.model_copy(update={"text": marked})]
        first_texts = [text for _, text in sorted(self._texts.items())][:-1]
        return [
            ResponseOutputText(type="output_text", text=text, annotations=[])
            for text in (*first_texts, marked)
        ]


def _failure_of(event: Any) -> ProviderFailed:
    """Return the error for a terminal event."""
    if event.type == "error":
        return ProviderFailed(event.code or "", event.message, event.param or "")
    if event.type == "response.incomplete":
        details = event.response.incomplete_details
        return ProviderFailed(details.reason if details and details.reason else "", "incomplete")
    error = event.response.error
    return ProviderFailed(error.code, error.message) if error else ProviderFailed("", "failed")


def _ends_message(event: Any) -> bool:
    return bool(event.type == "response.output_item.done" and event.item.type == "message")


def _as_text(event: Any) -> Any:  # a union of some fifty event types
    """Return the event with text in the place of a refusal: ChatKit shows only text."""
    match event.type:
        case "response.refusal.delta":
            fields = event.model_dump(exclude={"type"})
            return ResponseTextDeltaEvent(type="response.output_text.delta", logprobs=[], **fields)
        case "response.refusal.done":
            fields = event.model_dump(exclude={"type", "refusal"})
            return ResponseTextDoneEvent(
                type="response.output_text.done", text=event.refusal, logprobs=[], **fields
            )
        case "response.content_part.added" | "response.content_part.done":
            return event.model_copy(update={"part": _part_as_text(event.part)})
        case "response.output_item.done":
            return event.model_copy(update={"item": _item_as_text(event.item)})
        case "response.completed" | "response.incomplete":
            output = [_item_as_text(item) for item in event.response.output]
            return event.model_copy(
                update={"response": event.response.model_copy(update={"output": output})}
            )
    return event


def _item_as_text(item: Any) -> Any:
    if not isinstance(item, ResponseOutputMessage):
        return item
    return item.model_copy(update={"content": [_part_as_text(part) for part in item.content]})


def _part_as_text(part: Any) -> Any:
    if not isinstance(part, ResponseOutputRefusal):
        return part
    return ResponseOutputText(type="output_text", text=part.refusal, annotations=[])
