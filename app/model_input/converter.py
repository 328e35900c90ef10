"""Converts a thread's items to model input, within the request budget.

The items are written first, each attachment with its announcement and a note. The plan then says
which attachments have room, and their content replaces the notes.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from agents import TResponseInputItem
from chatkit.types import GeneratedImageItem, ThreadItem, UserMessageItem

from app.errors import NotFound
from app.model_input.announcements import attachment_parts, text_part
from app.model_input.budget import Budget, cost_of_items, cost_of_parts
from app.model_input.contents import AttachmentContents
from app.model_input.fitting import MessageFitter, Rendered
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
        # Names by id of the attachments whose content is not whole in the latest input.
        self.reduced: dict[str, str] = {}

    async def to_agent_input(self, items: Sequence[ThreadItem]) -> list[TResponseInputItem]:
        """Return the model input of a thread's items, in their order."""
        messages = _attachment_ids(items)
        records = await self._records([id for ids in messages for id in ids])
        await self._contents.prepare(records)
        writer = self._make_writer().begin(records, self._mentions)
        written = cast(list[Item], await writer.to_agent_input(items))
        planner = ContentPlanner(self._contents, self._budget, cost_of_items(written))
        attached = [[records[id] for id in ids if id in records] for ids in messages]
        plan = await planner.plan([message for message in attached if message])
        self.reduced = {each.id: each.name for each in plan.reduced}
        return cast(list[TResponseInputItem], with_content(written, plan))

    async def fetch(self, attachment_id: str, selection: Selection = WHOLE) -> list[Part]:
        """Return the parts of one attachment, or of what is selected in it, or a note."""
        record = await self._record(attachment_id)
        if record is None:
            return [text_part(f"There is no file with the id {attachment_id!r} for this user.")]
        await self._contents.prepare([record.id])
        rendition = await self._contents.render(record, selection)
        fitted = await MessageFitter(self._contents, self._budget.limit).fit(
            [Rendered(record, rendition)]
        )
        parts = fitted.parts[record.id]
        if not cost_of_parts(parts).is_within(self._budget.limit):
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


def _attachment_ids(items: Sequence[ThreadItem]) -> list[list[str]]:
    """Return the ids of attachments and generated images by item.

    An id that is in several items belongs to the newest of them.
    """
    seen: set[str] = set()
    found: list[list[str]] = []
    for item in reversed(items):
        ids: list[str] = []
        if isinstance(item, UserMessageItem):
            ids = [attachment.id for attachment in item.attachments]
        elif isinstance(item, GeneratedImageItem) and item.image is not None:
            ids = [item.image.id]
        new = list(dict.fromkeys(id for id in ids if id not in seen))
        seen.update(new)
        found.append(new)
    return found[::-1]
