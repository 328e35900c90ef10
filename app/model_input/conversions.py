"""Converts the bytes of a file into a rendition, by the kind of the file."""

import asyncio
from dataclasses import replace
from typing import Literal

from app.database.transcripts import Transcript
from app.file_types.table import resolve
from app.model_input.data_urls import DataUrls
from app.model_input.file_facts import FileFacts
from app.model_input.kinds import (
    Kind,
    document_suffix,
    document_type,
    kind_of,
    taken_as_file,
)
from app.model_input.pdf_renditions import MOST_WHOLE_BYTES, PdfRenditions, takes_pdf
from app.model_input.readers import containers, documents, images, occurrences, office
from app.model_input.readers.image_headers import sendable_type
from app.model_input.readers.image_metadata import Malformed, without_metadata
from app.model_input.readers.members import Member
from app.model_input.readers.occurrences import Found
from app.model_input.readers.unreadable import Unreadable
from app.model_input.rendition import Rendition, note, text_rendition
from app.model_input.selection import Selection
from app.model_input.table_renditions import MOST_SHEET_ROWS, TableRenditions
from app.model_input.transcript_remarks import remark_on_transcript
from app.model_input.whole_texts import WholeText, WholeTexts
from app.settings.model import ChatModelSettings
from app.workers import Workers, WorkFailed

_PDF = "application/pdf"
# Between the name of a member and the name of a file in it, as in the URLs of Java archives.
_NESTING = "!/"
_MOST_NAMED_PICTURES = 10
_LEAST_ROW_CHARS = 10


class Conversions:
    """Converts in threads and worker processes. An unreadable file gives a note, never an error."""

    def __init__(self, workers: Workers, settings: ChatModelSettings) -> None:
        self._workers = workers
        self._settings = settings
        self._files_accepted = settings.api == "responses"
        self._pdf_accepted = takes_pdf(settings)
        self._by_url = settings.input == "url"
        self._by_reference = settings.input == "files"
        self._urls = DataUrls()
        self._texts = WholeTexts(workers)
        self._pdfs = PdfRenditions(workers, settings, self._urls)
        self._tables = TableRenditions(workers)

    def key(self, file: FileFacts, selection: Selection) -> tuple[str, ...]:
        """Return the part of a rendition's cache key that does not depend on the bytes."""
        settings = (self._settings.api, self._settings.input, str(self._settings.image_max_side))
        return (resolve(file.name, file.mime_type).mime_type, *settings, *selection.key)

    def least_bytes(self, file: FileFacts) -> int:
        """Return a lower bound of what the file's content adds to a request.

        A PDF counts as if it were sent whole: an outline and first pages might need less.
        """
        if kind_of(file.mime_type, file.name) is not Kind.DOCUMENT or self._by_url:
            return 0
        suffix = document_suffix(file.mime_type, file.name)
        is_sent_whole = self._goes_as_file(suffix) and not self._tables.reads(file)
        if not is_sent_whole or (suffix == "pdf" and file.size > MOST_WHOLE_BYTES):
            return 0
        return file.size if self._by_reference else 4 * ((file.size + 2) // 3)

    async def convert(self, file: FileFacts, body: bytes, selection: Selection) -> Rendition:
        """Return what the model gets of `body`, which is not empty."""
        try:
            for name in filter(None, selection.member.split(_NESTING)):
                mime_type = resolve(file.name, file.mime_type).mime_type
                found = await self._workers.run(containers.member, body, mime_type, name)
                if isinstance(found, Unreadable):
                    return note(f"the member could not be read: {found.reason}.")
                file, body = found, found.body
            return await self._selected(file, body, selection)
        except WorkFailed as problem:
            return note(f"the file could not be read: {problem}.")

    async def of_transcript(
        self, file: FileFacts, transcript: Transcript, selection: Selection
    ) -> Rendition:
        """Return what the model gets of a recording."""
        if selection.pages or selection.member or selection.sql:
            return note("a recording has neither pages nor members nor tables.")
        text = transcript.text.strip()
        remark = remark_on_transcript(file, transcript)
        if not text:
            return note(f"no speech was found in the recording ({remark}).")
        if selection.words:
            return await self._found_in(WholeText((text,), remark), selection.words)
        return self._slice(text, selection.offset_chars, remark)

    async def _selected(self, file: FileFacts, body: bytes, selection: Selection) -> Rendition:
        kind = kind_of(file.mime_type, file.name)
        if kind is Kind.OTHER:
            return note("files of this type can't be shown to the model.")
        if kind is Kind.RECORDING:
            return note(
                "a recording inside another file is not transcribed. It has to be attached by"
                " itself."
            )
        if not body:
            return note("the file is empty.")
        if selection.sql:
            return await self._tables.answer(file, body, selection.sql)
        if selection.words:
            return await self._found(file, body, selection.words)
        if selection.pages:
            return await self._pages(file, body, selection.pages)
        return await self._whole(file, body, selection)

    async def _pages(self, file: FileFacts, body: bytes, pages: str) -> Rendition:
        if document_suffix(file.mime_type, file.name) == "pdf":
            return await self._pdfs.pages(body, pages)
        if kind_of(file.mime_type, file.name) is Kind.IMAGE:
            side = self._settings.image_max_side
            prepared = await self._workers.run(images.prepare, body, side)
            if not isinstance(prepared, Unreadable) and prepared.mime_type == _PDF:
                return await self._pdfs.pages(prepared.body or body, pages)
        return note("only a PDF or a TIFF of several pages has pages that can be fetched.")

    async def _whole(self, file: FileFacts, body: bytes, selection: Selection) -> Rendition:
        offset_chars = selection.offset_chars
        match kind_of(file.mime_type, file.name):
            case Kind.IMAGE:
                side = selection.image_max_side or self._settings.image_max_side
                return await self._image(file, body, side)
            case Kind.TABLE:
                return await self._tables.profile(file, body)
            case Kind.DOCUMENT:
                suffix = document_suffix(file.mime_type, file.name)
                return await self._document(file, suffix, body, offset_chars)
            case _:
                return await self._text(file, body, offset_chars)

    async def _image(self, file: FileFacts, body: bytes, side: int) -> Rendition:
        if mime_type := sendable_type(body, side):
            return await self._plain_image(file, mime_type, body)
        prepared = await self._workers.run(images.prepare, body, side)
        if isinstance(prepared, Unreadable):
            return note(f"the image could not be read: {prepared.reason}.")
        if prepared.body is None:
            return await self._untouched("image", file, prepared.mime_type, body)
        if prepared.mime_type == _PDF and not self._pdf_accepted:
            return await self._pdfs.text(prepared.body, 0)
        return Rendition(
            kind="file" if prepared.mime_type == _PDF else "image",
            body=await self._urls.make(prepared.mime_type, prepared.body),
            mime_type=prepared.mime_type,
            remark=prepared.remark,
        )

    async def _plain_image(self, file: FileFacts, mime_type: str, body: bytes) -> Rendition:
        """Return the stored image itself, or a copy without metadata if it has any."""
        try:
            kept = await asyncio.to_thread(without_metadata, body, mime_type)
        except Malformed:
            return note("the image could not be read: it is damaged.")
        if kept is body:
            return await self._untouched("image", file, mime_type, body)
        return Rendition(
            kind="image",
            body=await self._urls.make(mime_type, kept),
            mime_type=mime_type,
            remark=images.METADATA_REMARK,
        )

    async def _document(
        self, file: FileFacts, suffix: str, body: bytes, offset_chars: int
    ) -> Rendition:
        if not await asyncio.to_thread(documents.is_plain_pdf, body, suffix):
            checked = await self._workers.run(documents.check, body, suffix)
            if isinstance(checked, Unreadable):
                return note(f"the document could not be read: {checked.reason}.")
        if suffix == "pdf":
            return await self._pdf(file, body, offset_chars)
        remark = _unseen(await asyncio.to_thread(office.unseen, body))
        if not self._goes_as_file(suffix):
            return await self._text(file, body, offset_chars, remark)
        if self._tables.reads(file):
            profile = await self._tables.profile_if_longer(file, body, MOST_SHEET_ROWS)
            if isinstance(profile, Rendition):
                return profile
            if profile is not None:
                remark = f"of a sheet, the first {MOST_SHEET_ROWS:,} rows at most are shown"
        return await self._untouched("file", file, document_type(suffix), body, remark)

    async def _pdf(self, file: FileFacts, body: bytes, offset_chars: int) -> Rendition:
        if not self._pdf_accepted:
            return await self._pdfs.text(body, offset_chars)
        excerpt = await self._pdfs.excerpt(body)
        if isinstance(excerpt, Rendition):
            return excerpt
        whole = await self._untouched("file", file, document_type("pdf"), body)
        return replace(whole, pages=excerpt)

    async def _text(
        self, file: FileFacts, body: bytes, offset_chars: int, remark: str = ""
    ) -> Rendition:
        is_workbook = (
            self._tables.reads(file) and kind_of(file.mime_type, file.name) is Kind.DOCUMENT
        )
        if is_workbook and not offset_chars:
            # The text of more rows is too long, and would take minutes to extract.
            most_rows = self._max_chars // _LEAST_ROW_CHARS
            profile = await self._tables.profile_if_longer(file, body, most_rows)
            if isinstance(profile, Rendition):
                return profile
        read = await self._texts.read(file, body)
        if isinstance(read, Unreadable):
            return note(f"the file could not be read: {read.reason}.")
        [text] = read.parts
        remarks = "; ".join(filter(None, (read.remark, remark)))
        if not offset_chars and len(text) > self._max_chars and self._tables.reads(file):
            return await self._tables.profile(file, body)
        return self._slice(text, offset_chars, remarks)

    async def _found(self, file: FileFacts, body: bytes, words: str) -> Rendition:
        if kind_of(file.mime_type, file.name) in (Kind.IMAGE, Kind.TABLE):
            return note("it has no text in which words could be found.")
        read = await self._texts.read(file, body)
        if isinstance(read, Unreadable):
            return note(f"the file could not be read: {read.reason}.")
        return await self._found_in(read, words)

    async def _found_in(self, read: WholeText, words: str) -> Rendition:
        found = await self._workers.run(occurrences.find, list(read.parts), words)
        return _written(found, read)

    def _goes_as_file(self, suffix: str) -> bool:
        if suffix == "pdf":
            return self._pdf_accepted
        return self._files_accepted and taken_as_file(suffix)

    async def _untouched(
        self,
        kind: Literal["image", "file"],
        file: FileFacts,
        mime_type: str,
        body: bytes,
        remark: str = "",
    ) -> Rendition:
        """Return the stored bytes themselves; without a body if a URL will replace it."""
        is_member = isinstance(file, Member)
        by_url = self._by_url and not is_member
        return Rendition(
            kind=kind,
            body="" if by_url else await self._urls.make(mime_type, body),
            mime_type=mime_type,
            remark=remark,
            untouched=not is_member,
            file_name=file.name.rpartition("/")[2] if is_member else "",
        )

    @property
    def _max_chars(self) -> int:
        return self._settings.max_text_chars

    def _slice(self, whole: str, offset_chars: int, remark: str) -> Rendition:
        if offset_chars >= len(whole) and offset_chars:
            return note(f"there is nothing after character {len(whole):,}: the text ends there.")
        return Rendition(
            kind="text",
            body=whole[offset_chars : offset_chars + self._max_chars],
            mime_type="text/plain",
            remark=remark,
            offset_chars=offset_chars,
            total_chars=len(whole),
        )


def _unseen(unseen: office.Unseen) -> str:
    """Return the remark on what the text of a document leaves out."""
    counts = [
        f"{count:,} {thing}{'s' if count > 1 else ''}"
        for count, thing in ((len(unseen.pictures), "picture"), (unseen.charts, "chart"))
        if count
    ]
    if not counts:
        return ""
    remark = f"only the text is shown, without {' and '.join(counts)}"
    if unseen.pictures:
        named = ", ".join(unseen.pictures[:_MOST_NAMED_PICTURES])
        remark += f"; fetch_attachment brings a picture by its `member`: {named}"
        remark += ", …" if len(unseen.pictures) > _MOST_NAMED_PICTURES else ""
    return remark


def _written(found: Found, read: WholeText) -> Rendition:
    """Return the list of occurrences, each with the place by which it can be fetched."""
    if not found.occurrences:
        empty = " Some pages may be pictures of text." if read.has_pages else ""
        return note(f"none of the words was found.{empty}")
    lines = [
        f"- {f'page {each.place + 1}' if read.has_pages else f'offset {each.offset_chars}'}:"
        f" {each.snippet}"
        for each in found.occurrences
    ]
    shown = "" if found.total == len(lines) else f"; these are the first {len(lines)}"
    how = "pages" if read.has_pages else "offset"
    return text_rendition(
        "\n".join(lines),
        f"{found.total:,} places with {found.of}{shown}. Call fetch_attachment with {how} to see"
        " more of a place",
    )
