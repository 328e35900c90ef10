"""The model of a Chat Completions API, whose streams end as those of the Responses API do."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from agents import OpenAIChatCompletionsModel
from agents.items import TResponseStreamEvent
from openai import AsyncStream
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseIncompleteEvent
from openai.types.responses.response import IncompleteDetails

# The reason in the Responses API for each `finish_reason` of an incomplete answer.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class CompletionsModel(OpenAIChatCompletionsModel):
    """Ends a stream in `response.incomplete` where the provider gives such a `finish_reason`.

    The Agents SDK does not pass `finish_reason` on, so this class overrides a private hook of the
    SDK (tests/unit/test_sdk_hooks.py checks it). Each request needs an instance of its own, because
    the instance remembers the reason.
    """

    _reason: str | None = None

    async def stream_response(
        self, *args: Any, **kwargs: Any
    ) -> AsyncIterator[TResponseStreamEvent]:
        stream = super().stream_response(*args, **kwargs)
        async with aclosing(cast(Any, stream)) as events:
            async for event in events:
                if event.type == "response.completed" and self._reason:
                    details = IncompleteDetails.model_validate({"reason": self._reason})
                    yield ResponseIncompleteEvent(
                        type="response.incomplete",
                        response=event.response.model_copy(
                            update={"status": "incomplete", "incomplete_details": details}
                        ),
                        sequence_number=event.sequence_number,
                    )
                else:
                    yield event

    async def _fetch_response(self, *args: Any, **kwargs: Any) -> Any:
        fetched = await super()._fetch_response(*args, **kwargs)
        if not isinstance(fetched, tuple):
            return fetched
        response, chunks = fetched
        return response, _Chunks(chunks, self)

    def note_reason(self, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
        """Remember why the stream ends. Return the chunk as if the answer were complete.

        With the provider's reason, the SDK would raise an error or add a refusal.
        """
        for choice in chunk.choices:
            if choice.finish_reason in _INCOMPLETE:
                self._reason = _INCOMPLETE[choice.finish_reason]
                choice.finish_reason = "stop"
        return chunk


class _Chunks:
    """The provider's stream; every chunk passes through `note_reason`."""

    def __init__(self, stream: AsyncStream[ChatCompletionChunk], model: CompletionsModel) -> None:
        self._stream = stream
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        async for chunk in self._stream:
            yield self._model.note_reason(chunk)
