"""Converts a thread's items to model input, within the request budget.

The items are written first, with every attachment announced but left out. Then it is planned which
attachments have room, the newest first, and their content is put in place.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from agents import TResponseInputItem
from chatkit.types import GeneratedImageItem, ThreadItem, UserMessageItem

from app.errors import NotFound
from app.model_input.announcements import attachment_parts, text_part
from app.model_input.budget import Budget, json_bytes
from app.model_input.contents import AttachmentContents
from app.model_input.input_items import Item, Part
from app.model_input.planning import ContentPlanner, with_content
from app.model_input.rendering import StoredAttachment
from app.model_input.rendition import note
from app.model_input.selection import WHOLE, Selection
from app.model_input.thread_writer import MentionReader, ThreadWriter

_TOO_LARGE = note("the file is too large for a request to this model.")


class AttachmentReader(Protocol):
    """Loads attachment rows by owner and id. Raises `NotFound`."""

    async def load(self, user_id: str, attachment_id: str) -> StoredAttachment: ...


class ThreadConverter:
    """Converts the items of one user's thread, and gets single files for the model."""

    def __init__(
        self,
        *,
        user_id: str,
        attachments: AttachmentReader,
        contents: AttachmentContents,
        budget: Budget,
        mentions: MentionReader | None = None,
        make_writer: Callable[[], ThreadWriter] = ThreadWriter,
    ) -> None:
        self._user_id = user_id
        self._attachments = attachments
        self._contents = contents
        self._budget = budget
        self._mentions = mentions
        self._make_writer = make_writer

    async def to_agent_input(self, items: Sequence[ThreadItem]) -> list[TResponseInputItem]:
        """Return the model input of a thread's items, in their order."""
        records = await self._records(_attachment_ids(items))
        writer = self._make_writer().begin(records, self._mentions)
        written = cast(list[Item], await writer.to_agent_input(items))
        planner = ContentPlanner(self._contents, self._budget.room(json_bytes(written)))
        plan = await planner.plan(records.values())
        return cast(list[TResponseInputItem], with_content(written, plan))

    async def fetch(self, attachment_id: str, selection: Selection = WHOLE) -> list[Part]:
        """Return the parts of one attachment, or of what is selected in it, or a note."""
        record = await self._record(attachment_id)
        if record is None:
            return [text_part(f"There is no file with the id {attachment_id!r} for this user.")]
        rendition = await self._contents.render(record, selection)
        parts = self._contents.parts(record, rendition)
        if json_bytes(parts) > self._budget.max_input_bytes:
            parts = attachment_parts(record, _TOO_LARGE)
        return list(parts)

    async def _records(self, ids: Sequence[str]) -> dict[str, StoredAttachment]:
        """Return rows by id, in the order of `ids`, without those that this user does not have."""
        found = await asyncio.gather(*(self._record(id) for id in ids))
        return {record.id: record for record in found if record is not None}

    async def _record(self, attachment_id: str) -> StoredAttachment | None:
        try:
            return await self._attachments.load(self._user_id, attachment_id)
        except NotFound:
            return None


def _attachment_ids(items: Sequence[ThreadItem]) -> list[str]:
    """Return the ids of all attachments and generated images, those of the newest item first."""
    ids: list[str] = []
    for item in reversed(items):
        if isinstance(item, UserMessageItem):
            ids += [attachment.id for attachment in item.attachments]
        elif isinstance(item, GeneratedImageItem) and item.image is not None:
            ids.append(item.image.id)
    return list(dict.fromkeys(ids))
