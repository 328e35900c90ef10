"""A thread's items as model input: each attachment in its best form, within the request budget.

The newest files win; one that does not fit becomes a note with its id, and its bytes are not read.
The same attachment twice in a thread is sent once, at its first place: providers cache prefixes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from agents import TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    ThreadItem,
    UserMessageItem,
    UserMessageTagContent,
)
from openai.types.responses import EasyInputMessageParam, ResponseInputContentParam
from openai.types.responses.response_input_item_param import Message

from app.errors import NotFound, Unavailable
from app.model_input.announcements import (
    Named,
    attachment_parts,
    mention_part,
    text_part,
)
from app.model_input.budget import RESERVE_BYTES, Budget, json_bytes
from app.model_input.kinds import Kind, kind_of
from app.model_input.rendering import Renderer, StoredAttachment
from app.model_input.rendition import Rendition, note
from app.model_input.typed_text import typed_text

# Attachments are read this many ahead of the one whose size is being accounted.
_LOOKAHEAD = 8
LEFT_OUT = note(
    "left out of this request, which would get too large. Call fetch_attachment with this id to"
    " see the file."
)
_TOO_LARGE = note("the file is too large for a request to this model.")
_FURTHER_UP = note("the content of this file stands further up in this conversation.")
_GONE = note("the file could not be read: it was deleted, or it never was in this service.")

ContentParts = list[ResponseInputContentParam]


class AttachmentReader(Protocol):
    """Rows by owner and id. Raises NotFound."""

    async def load(self, user_id: str, attachment_id: str) -> StoredAttachment: ...


class ContentLinks(Protocol):
    """URLs for MODEL_INPUT=url: signed, and the same for minutes."""

    def url(self, object_key: str) -> str: ...


class MentionReader(Protocol):
    """Describes what an id in an @-mention stands for."""

    async def describe(self, entity_id: str) -> ResponseInputContentParam: ...


class AttachmentConverter(ThreadItemConverter):
    """Converts the items of one user's thread. Made anew for every turn."""

    def __init__(
        self,
        *,
        user_id: str,
        attachments: AttachmentReader,
        renderer: Renderer,
        budget: Budget,
        links: ContentLinks | None = None,
        mentions: MentionReader | None = None,
        refused: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`refused`: ids that are not to be sent, each with the reason to give instead."""
        self._user_id = user_id
        self._attachments = attachments
        self._renderer = renderer
        self._budget = budget
        self._links = links
        self._mentions = mentions
        self._refused = refused
        self._planned: dict[str, ContentParts] = {}
        self._sent: set[str] = set()

    async def to_agent_input(
        self, thread_items: Sequence[ThreadItem] | ThreadItem
    ) -> list[TResponseInputItem]:
        """The model input of these items, in their order, within the budget."""
        items = list(thread_items) if isinstance(thread_items, Sequence) else [thread_items]
        newest_first: dict[str, Attachment] = {}
        for item in reversed(items):
            for attachment in self.attachments_of(item):
                newest_first.setdefault(attachment.id, attachment)
        records = await self._records(list(newest_first))
        self._planned = {
            id: attachment_parts(records[id], LEFT_OUT)
            if id in records
            else attachment_parts(_unstored(attachment), _GONE)
            for id, attachment in newest_first.items()
        }
        spent_bytes = json_bytes(await self._convert(items))
        await self._plan(records, spent_bytes=spent_bytes)
        return await self._convert(items)

    def attachments_of(self, item: ThreadItem) -> Sequence[Attachment]:
        """The attachments whose content this item brings into the thread."""
        return item.attachments if isinstance(item, UserMessageItem) else ()

    async def attachment_to_message_content(
        self, attachment: Attachment
    ) -> ResponseInputContentParam:
        """The attachment's content part alone; `user_message_to_input` sends its name too."""
        return (await self.attachment_parts(attachment))[-1]

    async def attachment_parts(self, attachment: Attachment) -> ContentParts:
        """All parts of an attachment, or a reference to the place where they already stand."""
        if attachment.id in self._sent:
            return attachment_parts(_unstored(attachment), _FURTHER_UP)
        self._sent.add(attachment.id)
        if attachment.id not in self._planned:
            records = await self._records([attachment.id])
            record = records.get(attachment.id)
            self._planned[attachment.id] = (
                self._written(record, await self._rendition(record))
                if record
                else attachment_parts(_unstored(attachment), _GONE)
            )
        return self._planned[attachment.id]

    async def fetch(self, attachment_id: str, *, offset_chars: int = 0) -> ContentParts:
        """What a tool gives back: the attachment, a text from `offset_chars` on, or a note."""
        record = await self._record(attachment_id)
        if record is None:
            return [text_part(f"There is no file with the id {attachment_id!r} for this user.")]
        rendition = await self._rendition(record, offset_chars=offset_chars)
        parts = self._written(record, rendition)
        limit_bytes = self._budget.max_request_bytes - RESERVE_BYTES
        return attachment_parts(record, _TOO_LARGE) if json_bytes(parts) > limit_bytes else parts

    async def user_message_to_input(
        self, item: UserMessageItem, is_last_message: bool = True
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The message as typed, its attachments and mentions, then what the SDK adds for quotes."""
        content: ContentParts = []
        typed = typed_text(item)
        if typed.strip():
            content.append(text_part(typed))
        for attachment in item.attachments:
            content.extend(await self.attachment_parts(attachment))
        # By id: the SDK takes tags with equal texts for the same, and two files may share a name.
        tags = {part.id: part for part in item.content if part.type == "input_tag"}
        content.extend([await self.tag_to_message_content(tag) for tag in tags.values()])
        written: list[TResponseInputItem] = (
            [Message(type="message", role="user", content=content)] if content else []
        )
        bare = item.model_copy(update={"attachments": [], "content": []})
        by_sdk = await super().user_message_to_input(bare, is_last_message)
        return written + (by_sdk[1:] if isinstance(by_sdk, list) else [])

    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        """What is known here of the id; the rest of a tag is only what the client says."""
        if self._mentions is None:
            return mention_part(Named(tag.id, "(unknown)", "unknown"), _GONE)
        return await self._mentions.describe(tag.id)

    async def assistant_message_to_input(
        self, item: AssistantMessageItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Plain text, which both APIs take: the SDK's parts are refused for chat completions."""
        text = "\n\n".join(content.text for content in item.content if content.text.strip())
        if not text:
            return None
        return EasyInputMessageParam(type="message", role="assistant", content=text)

    async def client_tool_call_to_input(
        self, item: ClientToolCallItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """A call and its output; of a call that was cut off, only the fact."""
        if item.status == "pending":
            told = f"(The call of the tool {item.name!r} was interrupted and gave no result.)"
            return Message(type="message", role="user", content=[text_part(told)])
        return await super().client_tool_call_to_input(item)

    async def _convert(self, items: list[ThreadItem]) -> list[TResponseInputItem]:
        self._sent = set()
        return await super().to_agent_input(items)

    async def _plan(self, records: Mapping[str, StoredAttachment], *, spent_bytes: int) -> None:
        """Put the content of as many attachments as fit into `_planned`, in the order given."""
        left_bytes = self._budget.max_request_bytes - RESERVE_BYTES - spent_bytes
        left_images = self._budget.max_images
        started: dict[str, asyncio.Task[Rendition]] = {}
        waiting = list(records.values())
        try:
            for id, record in records.items():
                while waiting and len(started) < _LOOKAHEAD:
                    is_image = kind_of(waiting[0].mime_type, waiting[0].name) is Kind.IMAGE
                    if is_image and 0 < left_images <= len(started):
                        break  # whether there is room for it depends on those before it
                    ahead = waiting.pop(0)
                    fits = self._renderer.least_bytes(ahead) <= left_bytes
                    if fits and (left_images or not is_image):
                        started[ahead.id] = asyncio.ensure_future(self._rendition(ahead))
                rendering = started.pop(id, None)
                if rendering is None:
                    continue
                rendition = await rendering
                parts = self._written(record, rendition)
                added_bytes = json_bytes(parts) - json_bytes(self._planned[id])
                is_image = rendition.kind == "image"
                if added_bytes <= left_bytes and (left_images or not is_image):
                    left_bytes -= added_bytes
                    left_images -= is_image
                    self._planned[id] = parts
        finally:
            for task in started.values():
                task.cancel()

    async def _records(self, ids: Sequence[str]) -> dict[str, StoredAttachment]:
        """Rows by id in the order asked for; those that don't exist for this user are missing."""
        found = await asyncio.gather(*(self._record(id) for id in ids))
        return {record.id: record for record in found if record is not None}

    async def _record(self, attachment_id: str) -> StoredAttachment | None:
        try:
            return await self._attachments.load(self._user_id, attachment_id)
        except NotFound:
            return None

    async def _rendition(self, record: StoredAttachment, *, offset_chars: int = 0) -> Rendition:
        reason = self._refused.get(record.id)
        if reason is not None:
            return note(reason, lasting=False)
        return await self._renderer.render(record, offset_chars=offset_chars)

    def _written(self, record: StoredAttachment, rendition: Rendition) -> ContentParts:
        url = None
        if self._links and rendition.untouched and not rendition.body and record.object_key:
            try:
                url = self._links.url(record.object_key)
            except Unavailable as problem:
                return attachment_parts(record, note(problem.message))
        return attachment_parts(record, rendition, url=url)


def _unstored(attachment: Attachment) -> Named:
    """A ChatKit attachment by what ChatKit knows of it."""
    return Named(attachment.id, attachment.name, attachment.mime_type)
