"""Renders a PDF for the model: the whole, its outline and first pages, or selected pages.

A model that takes no files gets the text, and pictures of pages without text.
"""

from collections.abc import Sequence

from app.model_input import page_numbers
from app.model_input.data_urls import DataUrls
from app.model_input.readers import pdf
from app.model_input.readers.pdf import PdfFacts
from app.model_input.readers.unreadable import Unreadable
from app.model_input.rendition import Rendition, note
from app.settings.model import ChatModelSettings
from app.workers import Workers

# OpenAI's models get the text and a picture of each page: about a thousand tokens or more.
_MOST_WHOLE_PAGES = 50
MOST_WHOLE_BYTES = 10_000_000
_FIRST_PAGES = 10
_MOST_PAGES_AT_ONCE = 30
_MOST_PICTURES = 10
_TYPE = "application/pdf"
_THE_REST = (
    'Call fetch_attachment with pages="20-24" for other pages, or search_attachment to find words.'
)


def takes_pdf(settings: ChatModelSettings) -> bool:
    """Whether the model gets a PDF as a file.

    OpenAI's Chat Completions take a PDF by the id of an uploaded file, but few other providers do.
    """
    return settings.api == "responses" or settings.input == "files"


class PdfRenditions:
    """Cuts and draws pages in worker processes."""

    def __init__(self, workers: Workers, settings: ChatModelSettings, urls: DataUrls) -> None:
        self._workers = workers
        self._settings = settings
        self._as_file = takes_pdf(settings)
        self._urls = urls

    async def excerpt(self, body: bytes) -> Rendition | int:
        """Return the first pages, with the outline, of a PDF that is large.

        Of any other PDF, return the number of its pages; 0 if it is not known.
        """
        facts = await self._workers.run(pdf.survey, body)
        if isinstance(facts, Unreadable):
            return 0  # other readers open PDFs that PDFium can't; the provider may have one
        if not _is_large(facts, body):
            return facts.pages
        return await self._cut(body, range(min(_FIRST_PAGES, facts.pages)), facts)

    async def pages(self, body: bytes, written: str) -> Rendition:
        """Return the pages that `written` names, like `10-12`, or a note."""
        facts = await self._workers.run(pdf.survey, body)
        if isinstance(facts, Unreadable):
            return note(f"the document could not be read: {facts.reason}.")
        pages = page_numbers.parsed(written, facts.pages)
        if isinstance(pages, str):
            return note(pages)
        return await self._cut(body, pages[:_MOST_PAGES_AT_ONCE], facts, asked=len(pages))

    async def text(self, body: bytes, offset_chars: int) -> Rendition:
        """Return the text from `offset_chars` on, for models that take no files."""
        facts = await self._workers.run(pdf.survey, body)
        if isinstance(facts, Unreadable):
            return note(f"the document could not be read: {facts.reason}.")
        return await self._text(body, range(facts.pages), offset_chars, facts)

    async def _cut(
        self, body: bytes, pages: Sequence[int], facts: PdfFacts, *, asked: int = 0
    ) -> Rendition:
        if not self._as_file:
            return await self._text(body, pages, 0, facts)
        chosen = list(pages)
        while True:
            part = await self._workers.run(pdf.cut, body, chosen)
            if isinstance(part, Unreadable):
                return note(f"the document could not be read: {part.reason}.")
            if len(part) <= MOST_WHOLE_BYTES or len(chosen) == 1:
                break
            chosen = chosen[: max(1, len(chosen) // 2)]
        is_excerpt = asked == 0
        remark = f"pages {page_numbers.written(chosen)} of {facts.pages:,}"
        if is_excerpt or len(chosen) < asked:
            remark += f"; the others are left out. {_THE_REST}"
        return Rendition(
            kind="file",
            body=await self._urls.make(_TYPE, part),
            mime_type=_TYPE,
            remark=remark,
            outline=facts.outline if is_excerpt else "",
            pages=len(chosen),
        )

    async def _text(
        self, body: bytes, pages: Sequence[int], offset_chars: int, facts: PdfFacts
    ) -> Rendition:
        read = await self._workers.run(pdf.read, body, list(pages))
        if isinstance(read, Unreadable):
            return note(f"the document could not be read: {read.reason}.")
        texts = zip(pages, read.pages, strict=True)
        whole = "\n\n".join(f"--- page {n + 1} ---\n{text}" for n, text in texts)
        if offset_chars and offset_chars >= len(whole):
            return note(f"there is nothing after character {len(whole):,}: the text ends there.")
        shown = read.pictures[:_MOST_PICTURES] if not offset_chars else ()
        images = await self._pictures(body, shown)
        if isinstance(images, Unreadable):
            return note(f"the document could not be read: {images.reason}.")
        end = offset_chars + self._settings.max_text_chars
        remark = f"text extracted from the document of {facts.pages:,} pages"
        if shown:
            remark += (
                f"; pages {page_numbers.written(shown)} have no text and follow as pictures, in"
                " this order"
            )
        if left := read.pictures[len(shown) :]:
            remark += f"; pages {page_numbers.written(left)} are pictures too. {_THE_REST}"
        elif end < len(whole):
            remark += f". {_THE_REST}"
        is_cut = end < len(whole) and not offset_chars
        return Rendition(
            kind="text",
            body=whole[offset_chars:end],
            mime_type="text/plain",
            remark=remark,
            offset_chars=offset_chars,
            total_chars=len(whole),
            images=images,
            outline=facts.outline if is_cut else "",
        )

    async def _pictures(self, body: bytes, pages: Sequence[int]) -> tuple[str, ...] | Unreadable:
        if not pages:
            return ()
        side = self._settings.image_max_side
        drawn = await self._workers.run(pdf.pictures, body, list(pages), side)
        if isinstance(drawn, Unreadable):
            return drawn
        return tuple([await self._urls.make("image/jpeg", each) for each in drawn])


def _is_large(facts: PdfFacts, body: bytes) -> bool:
    return facts.pages > 1 and (facts.pages > _MOST_WHOLE_PAGES or len(body) > MOST_WHOLE_BYTES)
