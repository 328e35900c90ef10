"""Plans which attachments of a thread are sent with their content, within the request budget.

Attachments are planned newest first. Those that surely have no room are not even read.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing

from app.model_input.announcements import LEFT_OUT, attachment_parts
from app.model_input.budget import Room, json_bytes
from app.model_input.contents import AttachmentContents
from app.model_input.input_items import Item, Part, parts_of, with_parts
from app.model_input.kinds import Kind, kind_of
from app.model_input.labels import LabelledPart, label_of
from app.model_input.rendering import StoredAttachment
from app.model_input.rendition import Rendition

# How many attachments are rendered at the same time.
_CONCURRENT_RENDERINGS = 8

# The parts of the attachments that are sent with their content, by id.
ContentPlan = Mapping[str, Sequence[LabelledPart]]


class ContentPlanner:
    """Plans one request."""

    def __init__(self, contents: AttachmentContents, room: Room) -> None:
        """`room`: what is left when every attachment is announced with the note `LEFT_OUT`."""
        self._contents = contents
        self._room = room

    async def plan(self, records: Iterable[StoredAttachment]) -> ContentPlan:
        """Choose as many as have room, in the order given."""
        chosen: dict[str, Sequence[LabelledPart]] = {}
        async with aclosing(self._rendered(records)) as rendered:
            async for record, rendition in rendered:
                parts = self._contents.parts(record, rendition)
                added_bytes = json_bytes(parts) - json_bytes(attachment_parts(record, LEFT_OUT))
                if self._room.take(added_bytes, is_image=rendition.kind == "image"):
                    chosen[record.id] = parts
        return chosen

    async def _rendered(
        self, records: Iterable[StoredAttachment]
    ) -> AsyncGenerator[tuple[StoredAttachment, Rendition], None]:
        """Render some at a time, in their order, without those that surely have no room."""
        waiting = deque(records)
        started: deque[tuple[StoredAttachment, asyncio.Task[Rendition]]] = deque()
        try:
            while waiting or started:
                while waiting and self._may_start(waiting[0], len(started)):
                    record = waiting.popleft()
                    if self._may_fit(record):
                        task = asyncio.ensure_future(self._contents.render(record))
                        started.append((record, task))
                if started:
                    record, task = started.popleft()
                    yield record, await task
        finally:
            for _, task in started:
                task.cancel()

    def _may_start(self, record: StoredAttachment, started: int) -> bool:
        # Whether there is room for an image depends on how many of those before it are images.
        waits = _is_image(record) and 0 < self._room.left_images <= started
        return started < _CONCURRENT_RENDERINGS and not waits

    def _may_fit(self, record: StoredAttachment) -> bool:
        least_bytes = self._contents.least_bytes(record)
        return self._room.holds(least_bytes, is_image=_is_image(record))


def with_content(items: Iterable[Item], plan: ContentPlan) -> list[Item]:
    """Return the items with the planned content in the places of the notes that announce it."""
    return [_filled(item, plan) for item in items]


def _filled(item: Item, plan: ContentPlan) -> Item:
    parts: list[Part] = []
    for part in parts_of(item):
        label = label_of(part)
        is_planned = label is not None and label.rendition is LEFT_OUT
        parts += plan.get(label.subject.id, [part]) if label and is_planned else [part]
    return with_parts(item, parts)


def _is_image(record: StoredAttachment) -> bool:
    return kind_of(record.mime_type, record.name) is Kind.IMAGE
