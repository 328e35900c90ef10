"""The model that answers without an API key, by describing exactly what reached it."""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
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

from app.model_input.announcements import MENTION, announced_fields
from app.model_input.readers import documents, images
from app.offline.events import text_message, text_response_events
from app.workers import Workers, WorkFailed

NOTICE = (
    "This is the offline model: it only describes what it received. Set OPENAI_API_KEY (and MODEL,"
    " OPENAI_BASE_URL if you like) and restart to talk to a real one."
)
_FIRST_LINES = 3
_LINE_CHARS = 160

Part = Mapping[str, Any]  # a content part as the API takes it: an open set of TypedDicts


@dataclass(slots=True)
class _Received:
    """One attachment as it stands in the input: what announced it, and what came with it."""

    fields: Mapping[str, str | int]
    text: str
    content: Part | None = None


@dataclass(slots=True)
class _Turn:
    typed: list[str] = field(default_factory=list)
    attachments: list[_Received] = field(default_factory=list)
    mentions: list[_Received] = field(default_factory=list)


class OfflineModel(Model):
    """Streams like a real model, in pieces of a few words with `pause_seconds` between them."""

    def __init__(self, workers: Workers, *, pause_seconds: float = 0.01) -> None:
        self._workers = workers
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
        pieces = text_response_events(await self._answer(input), model="offline")
        for event in pieces:
            yield event
            if event.type == "response.output_text.delta":
                await asyncio.sleep(self._pause_seconds)

    async def _answer(self, input: str | list[TResponseInputItem]) -> str:
        turns = _turns(input)
        last = turns[-1] if turns else _Turn()
        lines: list[str] = []
        if last.typed:
            quoted = " ".join(last.typed).strip().replace("\n", " ")
            lines += [f"You wrote: “{_shortened(quoted)}”", ""]
        if last.attachments:
            plural = "s" if len(last.attachments) > 1 else ""
            lines += [f"I received {len(last.attachments)} attachment{plural}:", ""]
            for received in last.attachments:
                lines += await self._described(received)
            lines.append("")
        if last.mentions:
            lines += ["You mentioned:", ""]
            for mentioned in last.mentions:
                lines += await self._described(mentioned)
            lines.append("")
        earlier = [received for turn in turns[:-1] for received in turn.attachments]
        if earlier:
            names = ", ".join(_code(received.fields.get("name", "?")) for received in earlier)
            lines += [f"From earlier in this thread I also have: {names}.", ""]
        lines.append(f"_{NOTICE}_")
        return "\n".join(lines)

    async def _described(self, received: _Received) -> list[str]:
        fields = received.fields
        facts = [str(fields.get("type", "type unknown"))]
        # People may type what looks like an announcement.
        if isinstance(size := fields.get("size"), int):
            facts.append(f"{size:,} bytes")
        details: list[str] = []
        if received.content is not None:
            details = await self._details(received.content, fields)
        elif "\nNote: " in received.text and "\n----- begin text" not in received.text:
            details = [received.text.split("\nNote: ", 1)[1]]
        else:
            details = _text_details(received.text)
        if "remark" in fields:
            details.append(str(fields["remark"]))
        head = f"- **{_code(fields.get('name', '?'))}** — {', '.join(facts)}"
        return [head, *(f"  - {detail}" for detail in details)]

    async def _details(self, content: Part, fields: Mapping[str, str | int]) -> list[str]:
        source = str(
            content.get("image_url") or content.get("file_data") or content.get("file_url") or ""
        )
        if not source.startswith("data:"):
            return ["received as a link, which the offline model does not follow"]
        try:
            body = await asyncio.to_thread(_decoded, source)
        except (binascii.Error, ValueError):
            return ["received as a data URL that can't be decoded"]
        digest = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
        details = [f"SHA-256 `{digest}`"]
        if len(body) != fields.get("size"):
            details.append(f"received as {len(body):,} bytes")
        try:
            if content.get("type") == "input_image":
                seen = await self._workers.run(images.facts, body)
                if isinstance(seen, images.ImageFacts):
                    details.append(f"image, {seen.width} × {seen.height} pixels, {seen.format}")
            elif source.startswith("data:application/pdf"):
                document = await self._workers.run(documents.check, body, "pdf")
                if isinstance(document, documents.DocumentFacts):
                    pages = "page" if document.pages == 1 else "pages"
                    details.append(f"PDF, {document.pages} {pages}")
        except WorkFailed as problem:
            details.append(f"could not be looked into: {problem}")
        return details


def _turns(input: str | list[TResponseInputItem]) -> list[_Turn]:
    """The user's turns: consecutive user messages are one, an answer ends it."""
    if isinstance(input, str):
        return [_Turn(typed=[input])]
    turns: list[_Turn] = []
    in_turn = False
    for item in input:
        if item.get("role") != "user":
            in_turn = False
            continue
        if not in_turn:
            turns.append(_Turn())
        in_turn = True
        _read_message(cast(Part, item), turns[-1])
    return turns


def _read_message(message: Part, turn: _Turn) -> None:
    content = message.get("content")
    parts: list[Part] = (
        [{"type": "input_text", "text": content}] if isinstance(content, str) else content or []
    )
    for part in parts:
        if part.get("type") != "input_text":
            if turn.attachments and turn.attachments[-1].content is None:
                turn.attachments[-1].content = part
            continue
        text = str(part.get("text", ""))
        if fields := announced_fields(text):
            turn.attachments.append(_Received(fields, text))
        elif fields := announced_fields(text, mark=MENTION):
            turn.mentions.append(_Received(fields, text))
        else:
            turn.typed.append(text)


def _text_details(text: str) -> list[str]:
    """What stands between the marker lines of an inlined text."""
    lines = text.split("\n")
    marks = [i for i, line in enumerate(lines) if line.startswith("----- ")]
    if len(marks) < 2:
        return ["no content came with it"]
    content = "\n".join(lines[marks[0] + 1 : marks[-1]])
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    first = [line for line in content.splitlines() if line.strip()][:_FIRST_LINES]
    details = [f"SHA-256 of the text `{digest}`, {len(content):,} characters"]
    details += [f"> {_shortened(line)}" for line in first]
    details += [line.removeprefix("Note: ") for line in lines[marks[-1] + 1 :] if line]
    return details


def _decoded(data_url: str) -> bytes:
    return base64.b64decode(data_url.split(",", 1)[1], validate=True)


def _shortened(text: str) -> str:
    return text if len(text) <= _LINE_CHARS else f"{text[:_LINE_CHARS]}…"


def _code(name: str | int) -> str:
    """A file's name as Markdown code: nothing in it is rendered."""
    plain = str(name).replace("`", "'")
    return f"`{plain}`"
