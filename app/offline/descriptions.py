"""Describes in Markdown an attachment that the offline model received."""

import asyncio
import base64
import binascii
import hashlib

from app.model_input.announcements import cut_note
from app.model_input.input_items import Part
from app.model_input.kinds import plain_type
from app.model_input.readers import documents, images
from app.model_input.rendition import Rendition
from app.offline.turns import Received
from app.workers import Workers, WorkFailed

_FIRST_LINES = 3
_LINE_CHARS = 160


class Descriptions:
    """Describes attachments and mentions; images and PDF files are opened in worker processes."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def lines(self, received: Received) -> list[str]:
        """Return a list entry with the name, type and size, and one below it for each detail."""
        subject, rendition = received.label.subject, received.label.rendition
        facts = [plain_type(subject.mime_type)]
        if subject.size is not None:
            facts.append(f"{subject.size:,} bytes")
        if received.content is not None:
            details = await self._content_details(received.content, subject.size)
        elif rendition.kind == "text":
            details = _text_details(rendition)
        else:
            details = [rendition.body]
        if rendition.remark:
            details.append(rendition.remark)
        head = f"- **{as_code(subject.name)}** — {', '.join(facts)}"
        return [head, *(f"  - {detail}" for detail in details)]

    async def _content_details(self, content: Part, size: int | None) -> list[str]:
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
        if len(body) != size:
            details.append(f"received as {len(body):,} bytes")
        try:
            if content.get("type") == "input_image":
                details += await self._image_details(body)
            elif source.startswith("data:application/pdf"):
                details += await self._pdf_details(body)
        except WorkFailed as problem:
            details.append(f"could not be examined: {problem}")
        return details

    async def _image_details(self, body: bytes) -> list[str]:
        facts = await self._workers.run(images.facts, body)
        if not isinstance(facts, images.ImageFacts):
            return []
        return [f"image, {facts.width} × {facts.height} pixels, {facts.format}"]

    async def _pdf_details(self, body: bytes) -> list[str]:
        document = await self._workers.run(documents.check, body, "pdf")
        if not isinstance(document, documents.DocumentFacts):
            return []
        return [f"PDF, {document.pages} {'page' if document.pages == 1 else 'pages'}"]


def _text_details(rendition: Rendition) -> list[str]:
    text = rendition.body
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    first = [line for line in text.splitlines() if line.strip()][:_FIRST_LINES]
    details = [f"SHA-256 of the text `{digest}`, {len(text):,} characters"]
    details += [f"> {shortened(line)}" for line in first]
    if cut := cut_note(rendition):
        details.append(cut)
    return details


def _decoded(data_url: str) -> bytes:
    return base64.b64decode(data_url.split(",", 1)[1], validate=True)


def shortened(text: str) -> str:
    """Return the first characters of a text, enough for one line."""
    return text if len(text) <= _LINE_CHARS else f"{text[:_LINE_CHARS]}…"


def as_code(name: str) -> str:
    """Return a file's name as Markdown code, so that nothing in it is rendered."""
    plain = name.replace("`", "'")
    return f"`{plain}`"
