"""The model that answers without an API key, by describing what it received."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from agents import (
    AgentOutputSchemaBase,
    Handoff,
    Model,
    ModelResponse,
    ModelSettings,
    ModelTracing,
    Tool,
    Usage,
)
from agents.items import TResponseInputItem, TResponseStreamEvent
from openai.types.responses.response_prompt_param import ResponsePromptParam

from app.offline.descriptions import Descriptions, as_code, shortened
from app.offline.events import text_message, text_response_events
from app.offline.turns import Turn, turns_of
from app.workers import Workers

NOTICE = (
    "This is the offline model: it only describes what it received. Set OPENAI_API_KEY (and MODEL,"
    " OPENAI_BASE_URL if you like) and restart to talk to a real one."
)


class OfflineModel(Model):
    """Streams like a real model, in pieces of a few words, with `pause_seconds` between them."""

    def __init__(self, workers: Workers, *, pause_seconds: float = 0.01) -> None:
        self._descriptions = Descriptions(workers)
        self._pause_seconds = pause_seconds

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> ModelResponse:
        """Return the whole answer at once."""
        message = text_message(f"msg_{uuid4().hex}", await self._answer(input))
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """Stream the answer as the Responses API would."""
        pieces = text_response_events(await self._answer(input), model="offline")
        for event in pieces:
            yield event
            if event.type == "response.output_text.delta":
                await asyncio.sleep(self._pause_seconds)

    async def _answer(self, input: str | list[TResponseInputItem]) -> str:
        turns = turns_of(input)
        last = turns[-1] if turns else Turn()
        lines: list[str] = []
        if last.typed:
            quoted = " ".join(last.typed).strip().replace("\n", " ")
            lines += [f"You wrote: “{shortened(quoted)}”", ""]
        if last.attachments:
            plural = "s" if len(last.attachments) > 1 else ""
            lines += [f"I received {len(last.attachments)} attachment{plural}:", ""]
            for received in last.attachments:
                lines += await self._descriptions.lines(received)
            lines.append("")
        if last.mentions:
            lines += ["You mentioned:", ""]
            for mentioned in last.mentions:
                lines += await self._descriptions.lines(mentioned)
            lines.append("")
        earlier = [received for turn in turns[:-1] for received in turn.attachments]
        if earlier:
            names = ", ".join(as_code(received.label.subject.name) for received in earlier)
            lines += [f"From earlier in this thread I also have: {names}.", ""]
        lines.append(f"_{NOTICE}_")
        return "\n".join(lines)
