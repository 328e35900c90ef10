"""The vocabulary of a script: a reply is a sequence of output items and an ending.

`Text("Hello")` alone is the reply with that one item that completes. `Error` stands for a whole
reply: the request is answered with that HTTP status.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from tests.model_api.annotations import Annotation
from tests.model_api.rejections import Rejection
from tests.model_api.tokens import text_tokens

Json = dict[str, Any]
_PIECE_CHARS = 8


@dataclass(frozen=True)
class Place:
    """Where an item stands in its response, and under which ids."""

    id: str
    call_id: str
    index: int

    def event(self, kind: str, **fields: object) -> Json:
        """A stream event about the item; its sequence number is added when it is sent."""
        return {"type": kind, "item_id": self.id, "output_index": self.index, **fields}


@dataclass(frozen=True)
class Silence:
    """Among the events of a stream: nothing comes until the test sets `released`."""


@runtime_checkable
class OutputItem(Protocol):
    """One item of a response, as the Responses API streams it."""

    @property
    def prefix(self) -> str:
        """What the ids of such items begin with."""

    def begun(self, place: Place) -> Json:
        """The item of `response.output_item.added`."""

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        """The events between `output_item.added` and `output_item.done`."""

    def finished(self, place: Place) -> Json:
        """The item of `response.output_item.done` and of the response's output."""

    @property
    def tokens(self) -> int:
        """How many output tokens it counts as."""


def pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE_CHARS):
        yield text[start : start + _PIECE_CHARS]


@dataclass(frozen=True)
class Text:
    """A message in pieces; with `hang_after=n` it is silent after n pieces until `released`."""

    text: str = "Noted."
    hang_after: int | None = None
    annotations: Sequence[Annotation] = ()
    prefix: str = field(default="msg_", init=False)

    def begun(self, place: Place) -> Json:
        return _message(place, [], "in_progress")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        at = {"content_index": 0}
        empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        yield place.event("response.content_part.added", part=empty, **at)
        for number, piece in enumerate(pieces(self.text)):
            if number == self.hang_after:
                yield Silence()
            yield place.event("response.output_text.delta", delta=piece, logprobs=[], **at)
        for number, annotation in enumerate(self.annotations):
            yield place.event(
                "response.output_text.annotation.added",
                annotation_index=number,
                annotation=annotation.fields(),
                **at,
            )
        yield place.event("response.output_text.done", text=self.text, logprobs=[], **at)
        yield place.event("response.content_part.done", part=self._part(), **at)

    def finished(self, place: Place) -> Json:
        return _message(place, [self._part()], "completed")

    @property
    def tokens(self) -> int:
        return text_tokens(self.text)

    def _part(self) -> Json:
        return {
            "type": "output_text",
            "text": self.text,
            "annotations": [annotation.fields() for annotation in self.annotations],
            "logprobs": [],
        }


@dataclass(frozen=True)
class Refusal:
    """A message in which the model says that it will not answer."""

    refusal: str = "I can't help with that."
    prefix: str = field(default="msg_", init=False)

    def begun(self, place: Place) -> Json:
        return _message(place, [], "in_progress")

    def steps(self, place: Place) -> Iterator[Json | Silence]:
        at = {"content_index": 0}
        empty = {"type": "refusal", "refusal": ""}
        yield place.event("response.content_part.added", part=empty, **at)
        for piece in pieces(self.refusal):
            yield place.event("response.refusal.delta", delta=piece, **at)
        yield place.event("response.refusal.done", refusal=self.refusal, **at)
        part = {"type": "refusal", "refusal": self.refusal}
        yield place.event("response.content_part.done", part=part, **at)

    def finished(self, place: Place) -> Json:
        return _message(place, [{"type": "refusal", "refusal": self.refusal}], "completed")

    @property
    def tokens(self) -> int:
        return text_tokens(self.refusal)


def _message(place: Place, content: list[Json], status: str) -> Json:
    return {
        "type": "message",
        "id": place.id,
        "role": "assistant",
        "content": content,
        "status": status,
    }


@dataclass(frozen=True)
class Completed:
    """The reply is whole."""


@dataclass(frozen=True)
class Incomplete:
    """The model had to stop: `max_output_tokens`, or `content_filter`."""

    reason: str = "max_output_tokens"


@dataclass(frozen=True)
class Failed:
    """`response.failed`, in the middle of the last item. `code` is a `ResponseErrorCode`."""

    message: str = "The server had an error while processing your request."
    code: str = "server_error"


@dataclass(frozen=True)
class ErrorEvent:
    """An `error` event in the middle of the last item, then the end of the stream.

    The document has its fields beside `type`; with `nested` they are in an `error` object, which
    the API sends as well (earendil-works/pi#5165) and openai-python raises.
    """

    message: str = "The server had an error while processing your request."
    code: str | None = "server_error"
    param: str | None = None
    nested: bool = False


@dataclass(frozen=True)
class Broken:
    """The connection breaks in the middle of the last item."""


Ending = Completed | Incomplete | Failed | ErrorEvent | Broken


@dataclass(frozen=True)
class Reply:
    """What answers one request."""

    items: Sequence[OutputItem] = ()
    ending: Ending = field(default_factory=Completed)

    def __init__(self, *items: OutputItem, ending: Ending | None = None) -> None:
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "ending", ending or Completed())

    @property
    def tokens(self) -> int:
        return sum(item.tokens for item in self.items)


@dataclass(frozen=True)
class Error:
    """The answer to a valid request is this error."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None

    def rejection(self) -> "ScriptedRejection":
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return ScriptedRejection(self.message, self.code, self.param, self.status, kind)


class ScriptedRejection(Rejection):
    """A rejection that the test has asked for."""


Scripted = Reply | OutputItem | Error


def reply_of(scripted: Reply | OutputItem) -> Reply:
    return scripted if isinstance(scripted, Reply) else Reply(scripted)
