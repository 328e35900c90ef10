"""Writes the items of a thread as input items of a model request."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, cast

from agents import TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    HiddenContextItem,
    UserMessageItem,
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

    An attachment that is in the thread twice is announced as such at its first place only. Later
    places refer to it: providers cache requests by what they begin with.
    """

    def __init__(
        self, records: Mapping[str, StoredAttachment], mentions: MentionReader | None = None
    ) -> None:
        """`records`: the rows of the thread's attachments by id, without those that are gone."""
        self._records = records
        self._mentions = mentions
        self._announced: set[str] = set()

    async def user_message_to_input(
        self, item: UserMessageItem, is_last_message: bool = True
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The message as typed, its attachments and mentions, then what the SDK adds for quotes."""
        content: list[Part] = []
        typed = typed_text(item)
        if typed.strip():
            content.append(text_part(typed))
        for attachment in item.attachments:
            content += self._announce(attachment)
        # By id: the SDK takes tags with equal texts for the same, and two files may share a name.
        tags = {part.id: part for part in item.content if part.type == "input_tag"}
        content += [await self._mention(tag.id, item.created_at) for tag in tags.values()]
        written: list[TResponseInputItem] = []
        if content:
            parts = cast(list[ResponseInputContentParam], content)
            written.append(Message(type="message", role="user", content=parts))
        bare = item.model_copy(update={"attachments": [], "content": []})
        by_sdk = await super().user_message_to_input(bare, is_last_message)
        return written + (by_sdk[1:] if isinstance(by_sdk, list) else [])

    async def _mention(self, entity_id: str, mentioned_at: datetime) -> LabelledPart:
        """What the service knows of the id. The rest of a tag is only what the client says."""
        if self._mentions is None:
            return mention_part(Named(entity_id, "(unknown)", "unknown"), _GONE)
        return await self._mentions.describe(entity_id, mentioned_at)

    async def assistant_message_to_input(
        self, item: AssistantMessageItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """Plain text, which both APIs take: chat completions reject the SDK's parts."""
        text = "\n\n".join(content.text for content in item.content if content.text.strip())
        if not text:
            return None
        return EasyInputMessageParam(type="message", role="assistant", content=text)

    async def client_tool_call_to_input(
        self, item: ClientToolCallItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """A call and its output. Of a call without an output, only the fact that it was made."""
        if item.status == "pending":
            text = f"(The call of the tool {item.name!r} was interrupted and gave no result.)"
            return Message(type="message", role="user", content=[text_part(text)])
        return await super().client_tool_call_to_input(item)

    async def hidden_context_to_input(
        self, item: HiddenContextItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The context as the SDK writes it; what is no text is written as JSON."""
        if not isinstance(item.content, str):
            written = json.dumps(item.content, ensure_ascii=False, default=str)
            item = item.model_copy(update={"content": written})
        return await super().hidden_context_to_input(item)

    def _announce(self, attachment: Attachment) -> list[LabelledPart]:
        unstored = Named(attachment.id, attachment.name, attachment.mime_type)
        if attachment.id in self._announced:
            return attachment_parts(unstored, _FURTHER_UP)
        self._announced.add(attachment.id)
        record = self._records.get(attachment.id)
        return attachment_parts(record, LEFT_OUT) if record else attachment_parts(unstored, _GONE)
