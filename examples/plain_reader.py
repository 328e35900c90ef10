"""An assistant without the Agents SDK: it reads files with the model's client alone.

    make run ASSISTANT=examples/plain_reader.py:PlainReader

`model_input` gives the thread with its files as the Responses API takes them: converted, cached and
within the request budget. Any other framework can use this input. `respond` yields
texts or ChatKit's events.
"""

from collections.abc import AsyncIterator
from typing import Any

from chatkit.types import ProgressUpdateEvent, ThreadMetadata, ThreadStreamEvent, UserMessageItem

from app.assistant import RULES, Assistant, RequestContext

INSTRUCTIONS = "You summarize files. Quote the sentence that each point comes from."


class PlainReader(Assistant):
    """Summarizes what is attached."""

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        yield ProgressUpdateEvent(text="Reading")
        written: Any = await self.model_input(thread, context)
        client = self.services.client
        if client is None:
            parts = [part for item in written for part in item["content"] if "type" in part]
            yield f"There is no OPENAI_API_KEY. A model would read {len(parts)} parts now."
            return
        async with client.responses.stream(
            model=self.services.model, instructions=f"{INSTRUCTIONS}\n\n{RULES}", input=written
        ) as stream:
            async for event in stream:
                if event.type == "response.output_text.delta":
                    yield event.delta
