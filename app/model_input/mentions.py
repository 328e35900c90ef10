"""Describes to the model what an @-mention names, with an extract.

Only the id of the client's tag is used. It is looked up among the user's own files and threads. One
line announces what it names, and the extract is between marker lines like the text of a file.
"""

from collections.abc import Sequence
from datetime import datetime

from chatkit.store import NotFoundError, Store
from chatkit.types import AssistantMessageItem, ThreadItem, UserMessageItem

from app.attachment_state import USABLE
from app.context import RequestContext
from app.errors import NotFound
from app.model_input.announcements import mention_part
from app.model_input.converter import AttachmentReader
from app.model_input.kinds import Kind, kind_of
from app.model_input.labels import LabelledPart, Named
from app.model_input.rendering import Renderer, StoredAttachment, words_of_problem
from app.model_input.rendition import Rendition, note
from app.model_input.typed_text import typed_text

_EXTRACT_LINES = 12
_EXTRACT_CHARS = 800
_MESSAGE_CHARS = 400
# Enough to find two messages among tasks, tool calls and widgets.
_ITEMS_READ = 6
# Items newer than the mention are skipped. If there are more than these, no end is shown.
_PAGE_SIZE = 100
_MOST_PAGES = 10
# A history may have any number of mentions. After these, a mention is sent without an extract.
_MAX_EXTRACTS = 40

_UNKNOWN = note(
    "the user has no such file or chat. It was deleted, or it was never theirs. Say so, and do not"
    " guess its content."
)
_FETCH = note("call fetch_attachment with this id to see the file.")
_NAME_ONLY = note("call fetch_attachment with this id if it is a file that you need to see.")


class Mentions:
    """Describes the mentions of one user for one answer. It reads each mention once.

    A chat is described as it was when it was mentioned: it may have grown since, and a description
    that changes would change what later requests begin with.
    """

    def __init__(
        self,
        context: RequestContext,
        attachments: AttachmentReader,
        renderer: Renderer,
        store: Store[RequestContext],
    ) -> None:
        self._context = context
        self._attachments = attachments
        self._renderer = renderer
        self._store = store
        self._described: dict[tuple[str, datetime], LabelledPart] = {}

    async def describe(self, entity_id: str, mentioned_at: datetime) -> LabelledPart:
        """Return the block for a file or thread of the user; for any other id, with a note."""
        mention = (entity_id, mentioned_at)
        if mention not in self._described:
            self._described[mention] = await self._describe(entity_id, mentioned_at)
        return self._described[mention]

    async def _describe(self, entity_id: str, mentioned_at: datetime) -> LabelledPart:
        try:
            record = await self._attachments.load(self._context.user_id, entity_id)
        except NotFound:
            return mention_part(*await self._thread(entity_id, mentioned_at))
        return mention_part(record, await self._extract_of_file(record))

    async def _extract_of_file(self, record: StoredAttachment) -> Rendition:
        if record.problem:
            return note(words_of_problem(record.problem, record.state))
        if record.state not in USABLE:
            return note("the file has not been uploaded.")
        if self._has_all_extracts():
            return _NAME_ONLY
        if kind_of(record.mime_type, record.name) not in (Kind.TEXT, Kind.MAIL):
            return _FETCH
        whole = await self._renderer.render(record)
        if whole.kind != "text":
            return whole
        return Rendition(
            kind="text",
            body=_first_lines(whole.body),
            remark=f"how the text begins; {whole.remark}",
            total_chars=whole.total_chars,
        )

    async def _thread(self, thread_id: str, until: datetime) -> tuple[Named, Rendition]:
        try:
            thread = await self._store.load_thread(thread_id, self._context)
            named = Named(thread_id, thread.title or "(untitled)", "thread")
            if self._has_all_extracts():
                return named, _NAME_ONLY
            first = await self._items(thread_id, "asc", until)
            last = await self._items(thread_id, "desc", until)
        except NotFoundError:
            return Named(thread_id[:100], "(unknown)", "unknown"), _UNKNOWN
        transcript = _first_and_last(first, last)
        if not transcript:
            return named, note("this chat has no messages.")
        return named, Rendition(
            kind="text",
            body=transcript,
            remark="another chat of the user: how it begins and ends",
            total_chars=len(transcript),
        )

    async def _items(self, thread_id: str, order: str, until: datetime) -> Sequence[ThreadItem]:
        """Return the first or last items that the thread had at that time."""
        found: list[ThreadItem] = []
        after: str | None = None
        for limit in (_ITEMS_READ, *[_PAGE_SIZE] * _MOST_PAGES):
            page = await self._store.load_thread_items(
                thread_id, after, limit, order, self._context
            )
            # As timestamps, because items that were imported may have a time zone.
            old = [each for each in page.data if each.created_at.timestamp() <= until.timestamp()]
            found += old
            after = page.after
            has_enough = len(found) >= _ITEMS_READ or (order == "asc" and len(old) < len(page.data))
            if has_enough or not page.has_more:
                break
        return found[:_ITEMS_READ]

    def _has_all_extracts(self) -> bool:
        return len(self._described) >= _MAX_EXTRACTS


def _first_lines(text: str) -> str:
    lines = text[: _EXTRACT_CHARS + 1].splitlines(keepends=True)
    return "".join(lines[:_EXTRACT_LINES])[:_EXTRACT_CHARS]


def _first_and_last(first: Sequence[ThreadItem], last: Sequence[ThreadItem]) -> str:
    """Return the first message and the last two, in their order; `last` comes newest first."""
    opening = [(item.id, line) for item in first if (line := _transcript_line(item))][:1]
    closing = [(item.id, line) for item in last if (line := _transcript_line(item))][:2]
    # A short thread has the same message in both.
    lines = dict([*opening, *reversed(closing)])
    return "\n\n".join(lines.values())


def _transcript_line(item: ThreadItem) -> str:
    """Return one message with its author; empty for other items and for messages without text."""
    if isinstance(item, UserMessageItem):
        typed = typed_text(item)
        files = [f"{each.name!r} (id {each.id!r})" for each in item.attachments]
        attached = f"\n(attached: {', '.join(files)})" if files else ""
        return f"User: {_shortened(typed)}{attached}" if typed.strip() or files else ""
    if isinstance(item, AssistantMessageItem):
        written = "\n".join(content.text for content in item.content)
        return f"Assistant: {_shortened(written)}" if written.strip() else ""
    return ""


def _shortened(text: str) -> str:
    stripped = text.strip()
    return stripped if len(stripped) <= _MESSAGE_CHARS else f"{stripped[:_MESSAGE_CHARS]}…"
