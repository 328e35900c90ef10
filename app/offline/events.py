"""Writes a finished text as the events that the Responses API would stream."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)

_PIECE_CHARS = 24


def text_message(item_id: str, text: str) -> ResponseOutputMessage:
    """Return a completed assistant message."""
    return ResponseOutputMessage(
        id=item_id,
        content=[ResponseOutputText(type="output_text", text=text, annotations=[])],
        role="assistant",
        status="completed",
        type="message",
    )


def text_response_events(text: str, *, model: str) -> Iterator[ResponseStreamEvent]:
    """Yield `response.created` to `response.completed`, with the text in pieces of a few words."""
    item_id = f"msg_{uuid4().hex}"
    at: dict[str, Any] = {"item_id": item_id, "output_index": 0, "content_index": 0}
    response = _response(model)
    message = text_message(item_id, text)
    opened = message.model_copy(update={"content": [], "status": "in_progress"})
    empty = ResponseOutputText(type="output_text", text="", annotations=[])
    yield ResponseCreatedEvent(type="response.created", response=response, sequence_number=0)
    yield ResponseOutputItemAddedEvent(
        type="response.output_item.added", item=opened, output_index=0, sequence_number=1
    )
    yield ResponseContentPartAddedEvent(
        type="response.content_part.added", part=empty, sequence_number=2, **at
    )
    number = 3
    for start in range(0, len(text), _PIECE_CHARS):
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta",
            delta=text[start : start + _PIECE_CHARS],
            logprobs=[],
            sequence_number=number,
            **at,
        )
        number += 1
    yield ResponseTextDoneEvent(
        type="response.output_text.done", text=text, logprobs=[], sequence_number=number, **at
    )
    yield ResponseContentPartDoneEvent(
        type="response.content_part.done",
        part=empty.model_copy(update={"text": text}),
        sequence_number=number + 1,
        **at,
    )
    yield ResponseOutputItemDoneEvent(
        type="response.output_item.done",
        item=message,
        output_index=0,
        sequence_number=number + 2,
    )
    yield ResponseCompletedEvent(
        type="response.completed",
        response=response.model_copy(update={"output": [message], "status": "completed"}),
        sequence_number=number + 3,
    )


def _response(model: str) -> Response:
    return Response(
        id=f"resp_{uuid4().hex}",
        created_at=0,
        model=model,
        object="response",
        output=[],
        tool_choice="auto",
        tools=[],
        parallel_tool_calls=False,
    )
