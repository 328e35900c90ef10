"""Writes the items of a thread as input items of a model request."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, Self, cast

from agents import TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    GeneratedImageItem,
    HiddenContextItem,
    UserMessageItem,
    UserMessageTagContent,
)
from openai.types.responses import EasyInputMessageParam, ResponseInputContentParam
from openai.types.responses.response_input_item_param import Message

from app.model_input.announcements import LEFT_OUT, attachment_parts, mention_part, text_part
from app.model_input.input_items import Part
from app.model_input.labels import LabelledPart, Named
from app.model_input.rendering import StoredAttachment
from app.model_input.rendition import note
from app.model_input.typed_text import typed_text

_FURTHER_UP = note("the content of this file is further up in this conversation.")
_GONE = note("the file could not be read: it was deleted, or it never was in this service.")


class MentionReader(Protocol):
    """Describes what the id of an @-mention stands for."""

    async def describe(self, entity_id: str, mentioned_at: datetime) -> LabelledPart: ...


class ThreadWriter(ThreadItemConverter):
    """Writes one thread once. Each attachment is announced with the note `LEFT_OUT`.

    The content takes the place of this note later, if the request has room. A subclass may
    override each method of ChatKit's converter: `Assistant.thread_writer`.

    The first place of an attachment in the thread has its content. Later places refer to it:
    providers cache requests by how they begin.
    """

    # Subclasses need not call a constructor: `begin` sets these.
    _records: Mapping[str, StoredAttachment]
    _mentions: MentionReader | None
    _announced: set[str]
    _mentioned_at: datetime  # of the message that is being written

    def begin(
        self, records: Mapping[str, StoredAttachment], mentions: MentionReader | None = None
    ) -> Self:
        """Begin a thread. `records`: the rows of its attachments by id, without deleted ones."""
        self._records = records
        self._mentions = mentions
        self._announced = set()
        return self

    async def user_message_to_input(
        self, item: UserMessageItem, is_last_message: bool = True
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Return the typed text, attachments and mentions, then what the SDK adds for quotes."""
        content: list[Part] = []
        typed = typed_text(item)
        if typed.strip():
            content.append(text_part(typed))
        for attachment in item.attachments:
            content.append(cast(Part, await self.attachment_to_message_content(attachment)))
        # By id: the SDK takes tags with equal texts for the same, and two files may share a name.
        tags = {part.id: part for part in item.content if part.type == "input_tag"}
        for tag in tags.values():
            self._mentioned_at = item.created_at
            content.append(cast(Part, await self.tag_to_message_content(tag)))
        written: list[TResponseInputItem] = []
        if content:
            parts = cast(list[ResponseInputContentParam], content)
            written.append(Message(type="message", role="user", content=parts))
        bare = item.model_copy(update={"attachments": [], "content": []})
        by_sdk = await super().user_message_to_input(bare, is_last_message)
        return written + (by_sdk[1:] if isinstance(by_sdk, list) else [])

    async def attachment_to_message_content(
        self, attachment: Attachment
    ) -> ResponseInputContentParam:
        """Return the announcement with a note, which content replaces if the request has room."""
        named = Named(attachment.id, attachment.name, attachment.mime_type)
        return cast(ResponseInputContentParam, self._announce(named))

    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        """Describe what the id names. The rest of a tag comes from the client and is not used."""
        if self._mentions is None:
            part = mention_part(Named(tag.id, "(unknown)", "unknown"), _GONE)
        else:
            part = await self._mentions.describe(tag.id, self._mentioned_at)
        return cast(ResponseInputContentParam, part)

    async def assistant_message_to_input(
        self, item: AssistantMessageItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Return plain text, which both APIs take: Chat Completions rejects the SDK's parts."""
        text = "\n\n".join(content.text for content in item.content if content.text.strip())
        if not text:
            return None
        return EasyInputMessageParam(type="message", role="assistant", content=text)

    async def generated_image_to_input(
        self, item: GeneratedImageItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Return the image as an attachment, within the budget.

        An image of an imported thread may be a data URL. The SDK writes it as it is.
        """
        image = item.image
        if image is None or (image.id not in self._records and image.url.startswith("data:")):
            return await super().generated_image_to_input(item)
        part = self._announce(Named(image.id, "generated-image", "image/png"))
        parts = [text_part("(This image was generated by you.)"), part]
        content = cast(list[ResponseInputContentParam], parts)
        return Message(type="message", role="user", content=content)

    async def client_tool_call_to_input(
        self, item: ClientToolCallItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Return a call and its output; for a call without output, a text that says so."""
        if item.status == "pending":
            text = f"(The call of the tool {item.name!r} was interrupted and gave no result.)"
            return Message(type="message", role="user", content=[text_part(text)])
        return await super().client_tool_call_to_input(item)

    async def hidden_context_to_input(
        self, item: HiddenContextItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Return the context as the SDK writes it; content that is not a text becomes JSON."""
        if not isinstance(item.content, str):
            written = json.dumps(item.content, ensure_ascii=False, default=str)
            item = item.model_copy(update={"content": written})
        return await super().hidden_context_to_input(item)

    def _announce(self, unstored: Named) -> LabelledPart:
        if unstored.id in self._announced:
            [part] = attachment_parts(unstored, _FURTHER_UP)
            return part
        self._announced.add(unstored.id)
        record = self._records.get(unstored.id)
        [part] = attachment_parts(record, LEFT_OUT) if record else attachment_parts(unstored, _GONE)
        return part
