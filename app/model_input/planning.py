"""Plans which attachments of a thread are sent with their content, within the request budget.

The newest message is planned first, and only the attachments that have no room are left out of it.
Older messages lose all of their attachments or none, the oldest first, in blocks of a fifth of the
budget. So requests begin in the same way for many turns, and providers can use their prompt cache.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from app.model_input.announcements import LEFT_OUT, attachment_parts
from app.model_input.budget import Budget, Cost, cost_of_parts
from app.model_input.contents import AttachmentContents
from app.model_input.fitting import MessageFitter, Rendered
from app.model_input.input_items import Item, Part, parts_of, with_parts
from app.model_input.kinds import Kind, kind_of
from app.model_input.labels import LabelledPart, label_of
from app.model_input.rendering import StoredAttachment
from app.model_input.rendition import Rendition
from app.model_input.tokens import IMAGE_TOKENS, file_tokens

# How many attachments are rendered at the same time.
_CONCURRENT_RENDERINGS = 8
_BLOCK_SHARE = 0.2
# A photo has about this many bytes when it is scaled down.
_USUAL_IMAGE_BYTES = 700_000
_USUAL_TEXT_BYTES = 100_000

# The attachments of one message.
Attached = Sequence[StoredAttachment]


@dataclass(frozen=True, slots=True)
class ContentPlan:
    """The parts of attachments that are sent with their content, by id.

    `reduced` has the attachments whose content is left out, in the order of the thread, then those
    of the newest message whose text was cut.
    """

    parts: Mapping[str, Sequence[LabelledPart]] = field(default_factory=dict)
    reduced: Sequence[StoredAttachment] = ()


class ContentPlanner:
    """Plans one request."""

    def __init__(self, contents: AttachmentContents, budget: Budget, written: Cost) -> None:
        """`written`: the cost of the items, with every attachment announced as `LEFT_OUT`."""
        self._contents = contents
        self._limit = budget.limit
        self._room = self._limit - written
        self._fitter = MessageFitter(contents, self._limit)

    async def plan(self, messages: Sequence[Attached]) -> ContentPlan:
        """Choose the content to send. `messages` are in the order of the thread."""
        chosen: dict[int, dict[str, Sequence[LabelledPart]]] = {}
        cut: list[StoredAttachment] = []
        newest = len(messages) - 1
        async with aclosing(self._rendered(messages)) as rendered:
            async for index, renditions, is_whole in rendered:
                fitted = await self._fitter.fit(renditions)
                if index == newest:
                    chosen[index] = self._take_each(fitted.parts)
                    cut = [each for each in fitted.cut if each.id in chosen[index]]
                elif is_whole and self._take_all(fitted.parts):
                    chosen[index] = dict(fitted.parts)
                else:
                    break
        first = self._first_of_block(messages, min(chosen, default=newest))
        parts = {
            id: each
            for index, message in chosen.items()
            if index >= first
            for id, each in message.items()
        }
        left_out = [each for message in messages for each in message if each.id not in parts]
        return ContentPlan(parts, [*left_out, *cut])

    def _first_of_block(self, messages: Sequence[Attached], first: int) -> int:
        """Return the message to begin with, at `first` or later: the first of its block.

        The weight of messages is estimated from their rows alone, so blocks begin at the same
        places in every turn.
        """
        if first == 0:
            return 0
        weight, block = 0.0, -1
        for index, message in enumerate(messages):
            here = int(weight / _BLOCK_SHARE)
            if index >= first and here != block:
                return index
            block = here
            weight += sum(self._usual_cost(each).share_of(self._limit) for each in message)
        return first

    def _usual_cost(self, record: StoredAttachment) -> Cost:
        """Estimate what an attachment costs; nothing is read for it."""
        match kind_of(record.mime_type, record.name):
            case Kind.IMAGE:
                return Cost(min(record.size * 4 // 3, _USUAL_IMAGE_BYTES), 1, IMAGE_TOKENS)
            case Kind.DOCUMENT:
                tokens = file_tokens(record.name, record.size)
                return Cost(self._contents.least_bytes(record), 0, tokens)
        size = min(record.size, _USUAL_TEXT_BYTES)
        return Cost(size, 0, size // 3)

    def _take_each(
        self, parts: Mapping[str, Sequence[LabelledPart]]
    ) -> dict[str, Sequence[LabelledPart]]:
        """Take room for each attachment for which there is some, in order. Return these."""
        return {id: each for id, each in parts.items() if self._take_all({id: each})}

    def _take_all(self, parts: Mapping[str, Sequence[LabelledPart]]) -> bool:
        """Take room for all of these or none. Return whether there was room."""
        added = sum((_added_cost(each) for each in parts.values()), Cost())
        if not added.is_within(self._room):
            return False
        self._room -= added
        return True

    async def _rendered(
        self, messages: Sequence[Attached]
    ) -> AsyncGenerator[tuple[int, list[Rendered], bool], None]:
        """Render some attachments at a time. Yield whole messages by their index, newest first.

        An attachment that can't have room is not read. The last value says whether all attachments
        of the message were rendered.
        """
        waiting = deque(
            (index, record)
            for index in reversed(range(len(messages)))
            for record in messages[index]
        )
        started: deque[_Started] = deque()
        message: list[Rendered] = []
        is_whole = True
        try:
            while waiting or started:
                self._start(waiting, started, message)
                each = started.popleft()
                if each.task is None:
                    is_whole = False
                else:
                    message.append(Rendered(each.record, await each.task))
                following = started[0].index if started else waiting[0][0] if waiting else None
                if following != each.index:
                    yield each.index, message, is_whole
                    message, is_whole = [], True
        finally:
            for each in started:
                if each.task is not None:
                    each.task.cancel()

    def _start(
        self,
        waiting: deque[tuple[int, StoredAttachment]],
        started: deque["_Started"],
        message: Sequence[Rendered],
    ) -> None:
        """Start renderings. An image waits for those of newer messages, which may take its room."""
        while waiting and len(started) < _CONCURRENT_RENDERINGS:
            index, record = waiting[0]
            ahead = [each for each in started if each.task and _is_image(each.record)]
            images_ahead = len(ahead) + sum(_is_image(each.record) for each in message)
            has_image_room = not _is_image(record) or images_ahead < self._room.images
            if not has_image_room and any(each.index != index for each in ahead):
                return
            waiting.popleft()
            fits = has_image_room and self._contents.least_bytes(record) <= self._room.bytes
            task = asyncio.ensure_future(self._contents.render(record)) if fits else None
            started.append(_Started(index, record, task))


@dataclass(frozen=True, slots=True)
class _Started:
    """An attachment of the message with that index. It has no task if it can't have room."""

    index: int
    record: StoredAttachment
    task: asyncio.Task[Rendition] | None


def with_content(items: Iterable[Item], plan: ContentPlan) -> list[Item]:
    """Return the items with the planned content instead of the notes."""
    return [_filled(item, plan.parts) for item in items]


def _filled(item: Item, planned: Mapping[str, Sequence[LabelledPart]]) -> Item:
    parts: list[Part] = []
    for part in parts_of(item):
        label = label_of(part)
        is_planned = label is not None and label.rendition is LEFT_OUT
        parts += planned.get(label.subject.id, [part]) if label and is_planned else [part]
    return with_parts(item, parts)


def _added_cost(parts: Sequence[LabelledPart]) -> Cost:
    """Return what these parts of an attachment cost beyond the note that stands for them."""
    label = label_of(parts[0])
    replaced = cost_of_parts(attachment_parts(label.subject, LEFT_OUT)) if label else Cost()
    return cost_of_parts(parts) - replaced


def _is_image(record: StoredAttachment) -> bool:
    return kind_of(record.mime_type, record.name) is Kind.IMAGE
