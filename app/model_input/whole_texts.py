"""Reads the whole text of a file, by the reader of its type."""

from collections.abc import Callable
from dataclasses import dataclass

from app.file_types.file_type import Delivery
from app.file_types.table import resolve
from app.model_input.file_facts import FileFacts
from app.model_input.kinds import Kind, kind_of
from app.model_input.readers import (
    archives,
    extraction,
    mail,
    markup,
    open_presentations,
    outlook,
    pdf,
    text,
)
from app.model_input.readers.containers import CONVERTED_TYPES, SOURCE
from app.model_input.readers.text import Decoded
from app.model_input.readers.unreadable import Unreadable
from app.workers import Workers

_DECODE_IN_WORKER_BYTES = 1024 * 1024
_NOT_HERE = "no reader here knows this format; save it as .docx, .pptx or .pdf"
_NO_TEXT = "no text was found in it"

_READERS: dict[str, Callable[[bytes], Decoded | Unreadable]] = {
    "message/rfc822": mail.read,
    "application/vnd.ms-outlook": outlook.read,
    "text/html": markup.read,
    "application/xhtml+xml": markup.read,
}
_EXTRACTORS = {"application/vnd.oasis.opendocument.presentation": open_presentations.extract}


@dataclass(frozen=True, slots=True)
class WholeText:
    """The text of a file; for a PDF, the text of each page. `remark` says how it was read."""

    parts: tuple[str, ...]
    remark: str
    has_pages: bool = False


class WholeTexts:
    """Reads in worker processes."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def read(self, file: FileFacts, body: bytes) -> WholeText | Unreadable:
        """Return the text of a file, or why there is none. Raises `WorkFailed`."""
        mime_type = resolve(file.name, file.mime_type).mime_type
        kind = kind_of(file.mime_type, file.name)
        if resolve(file.name, file.mime_type).delivery is Delivery.FILE_ONLY:
            return Unreadable(_NOT_HERE)
        if mime_type == "application/pdf":
            pages = await self._workers.run(pdf.read, body)
            if isinstance(pages, Unreadable):
                return pages
            return WholeText(pages.pages, "text extracted from the document", has_pages=True)
        if kind is Kind.DOCUMENT and mime_type not in _READERS:
            extract = _EXTRACTORS.get(mime_type, extraction.extract)
            extracted = await self._workers.run(extract, body, mime_type)
            if isinstance(extracted, Unreadable):
                return extracted
            if not extracted.strip():
                return Unreadable(_NO_TEXT)
            return WholeText((extracted,), _remark(mime_type, "text extracted from the document"))
        decoded = await self._decoded(mime_type, kind, body)
        if isinstance(decoded, Unreadable):
            return decoded
        return WholeText((decoded.text,), _remark(mime_type, decoded.remark))

    async def _decoded(self, mime_type: str, kind: Kind, body: bytes) -> Decoded | Unreadable:
        if kind is Kind.ARCHIVE:
            return await self._workers.run(archives.read, body)
        reader = _READERS.get(mime_type, text.decode)
        if reader is text.decode and _is_utf8(body):
            return text.decode(body)
        return await self._workers.run(reader, body)


def _remark(mime_type: str, remark: str) -> str:
    if mime_type not in CONVERTED_TYPES:
        return remark
    return f"{remark}; converted to Markdown: member={SOURCE} brings the source"


def _is_utf8(body: bytes) -> bool:
    """Whether a text is short and UTF-8, so that decoding it needs no worker."""
    if len(body) > _DECODE_IN_WORKER_BYTES:
        return False
    try:
        return b"\x00" not in body and bool(body.decode("utf-8"))
    except UnicodeDecodeError:
        return False
