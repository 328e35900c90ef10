"""Reads PDFs page by page: outline, texts, selected pages, pictures of pages.

PDFium is the reader of Chrome. The functions run in worker processes. They return `Unreadable`
for a file that PDFium can't open; other readers may open it.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.model_input.readers.unreadable import Unreadable

if TYPE_CHECKING:
    import pypdfium2

_OUTLINE_LINES = 200
_TITLE_CHARS = 120
# Pixels for each point of 1/72 inch: 2 are enough to read eight-point type.
_SCALE = 2


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """`outline` has a line for each bookmark; it is empty if the PDF has none."""

    pages: int
    outline: str


@dataclass(frozen=True, slots=True)
class PdfText:
    """The text of each page, in order, and the pages (from 0) that have pictures and no text."""

    pages: tuple[str, ...]
    pictures: tuple[int, ...]


def survey(body: bytes) -> PdfFacts | Unreadable:
    """Return the number of pages and the outline."""
    import pypdfium2  # needed in workers only

    try:
        with pypdfium2.PdfDocument(body) as document:
            return PdfFacts(len(document), _outline(document))
    except pypdfium2.PdfiumError as problem:
        return _unreadable(problem)


def cut(body: bytes, pages: Sequence[int]) -> bytes | Unreadable:
    """Return a PDF of these pages (from 0)."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(body) as document, pypdfium2.PdfDocument.new() as part:
            part.import_pages(document, list(pages))
            out = io.BytesIO()
            part.save(out)
            return out.getvalue()
    except pypdfium2.PdfiumError as problem:
        return _unreadable(problem)


def read(body: bytes, pages: Sequence[int] | None = None) -> PdfText | Unreadable:
    """Return the text of these pages (from 0), or of all."""
    import pypdfium2

    texts: list[str] = []
    pictures: list[int] = []
    try:
        with pypdfium2.PdfDocument(body) as document:
            for number in range(len(document)) if pages is None else pages:
                page = document[number]
                text = page.get_textpage().get_text_bounded().replace("\r\n", "\n")
                if not any(c.isalnum() for c in text) and next(page.get_objects(), None):
                    pictures.append(number)
                texts.append(text.strip())
                page.close()
    except pypdfium2.PdfiumError as problem:
        return _unreadable(problem)
    return PdfText(tuple(texts), tuple(pictures))


def pictures(body: bytes, pages: Sequence[int], max_side: int) -> list[bytes] | Unreadable:
    """Return pictures of these pages (from 0), as JPEG, of at most `max_side` pixels a side."""
    import pypdfium2

    drawn: list[bytes] = []
    try:
        with pypdfium2.PdfDocument(body) as document:
            for number in pages:
                page = document[number]
                scale = min(_SCALE, max_side / max(page.get_size()))
                out = io.BytesIO()
                page.render(scale=scale).to_pil().convert("RGB").save(out, "JPEG", quality=80)
                drawn.append(out.getvalue())
                page.close()
    except (pypdfium2.PdfiumError, ValueError, OSError) as problem:
        return _unreadable(problem)
    return drawn


def _outline(document: "pypdfium2.PdfDocument") -> str:
    lines: list[str] = []
    for bookmark in document.get_toc(max_depth=5):
        if len(lines) == _OUTLINE_LINES:
            lines.append("… (the outline has more lines)")
            break
        destination = bookmark.get_dest()
        page = destination.get_index() if destination else None
        where = f" … page {page + 1}" if page is not None else ""
        title = " ".join(bookmark.get_title().split())[:_TITLE_CHARS]
        lines.append(f"{'  ' * bookmark.level}{title}{where}")
    return "\n".join(lines)


def _unreadable(problem: Exception) -> Unreadable:
    return Unreadable(f"its pages can't be read ({str(problem)[:200]})")
