"""Makes the attachments of one message small enough to fit into one request.

Images that are too large together are scaled down, all to the same side. Of texts, the largest are
cut to the same length. Both depend on the message alone, so it is written in the same way in every
turn.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.model_input.budget import Cost, cost_of_parts
from app.model_input.contents import AttachmentContents
from app.model_input.labels import LabelledPart
from app.model_input.rendering import StoredAttachment
from app.model_input.rendition import Rendition
from app.model_input.selection import Selection
from app.model_input.tokens import text_tokens

# How much of a request one message may take up: the rest is for what people type.
_MESSAGE_SHARE = 0.8
# Pixels of the longer side. A page of text can still be read at 768.
_SIDES = (1536, 1024, 768, 512)
_CUT_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Rendered:
    """An attachment, and what the model gets of its bytes."""

    record: StoredAttachment
    rendition: Rendition


@dataclass(frozen=True, slots=True)
class Fitted:
    """The parts of a message's attachments by id, and those whose text was cut."""

    parts: Mapping[str, Sequence[LabelledPart]]
    cut: Sequence[StoredAttachment]


class MessageFitter:
    """Fits messages into requests that may take up `limit`."""

    def __init__(self, contents: AttachmentContents, limit: Cost) -> None:
        self._contents = contents
        self._allowed = Cost(
            int(limit.bytes * _MESSAGE_SHARE), limit.images, int(limit.tokens * _MESSAGE_SHARE)
        )

    async def fit(self, message: Sequence[Rendered]) -> Fitted:
        """Return the parts of a message's attachments, made smaller if they are too large."""
        scaled = await self._with_smaller_images(message)
        shortened = self._with_cut_texts(scaled)
        parts = {each.record.id: self._parts(each) for each in shortened}
        cut = [
            after.record
            for before, after in zip(scaled, shortened, strict=True)
            if before.rendition is not after.rendition
        ]
        return Fitted(parts, cut)

    def _parts(self, each: Rendered) -> Sequence[LabelledPart]:
        return self._contents.parts(each.record, each.rendition)

    def _cost(self, message: Sequence[Rendered]) -> Cost:
        return sum((cost_of_parts(self._parts(each)) for each in message), Cost())

    async def _with_smaller_images(self, message: Sequence[Rendered]) -> Sequence[Rendered]:
        image_bytes = _image_bytes(message)
        total = self._cost(message)
        if total.bytes <= self._allowed.bytes or not image_bytes:
            return message
        # Files that are too large themselves are left out; half of the room is for images.
        others = total.bytes - image_bytes
        allowed = max(self._allowed.bytes - others, self._allowed.bytes // 2)
        smaller = message
        for side in _SIDES:
            expected = image_bytes * (side / self._contents.image_max_side) ** 2
            if side >= self._contents.image_max_side or (expected > allowed and side != _SIDES[-1]):
                continue
            smaller = await asyncio.gather(*(self._scaled(each, side) for each in message))
            if _image_bytes(smaller) <= allowed:
                break
        return smaller

    async def _scaled(self, each: Rendered, side: int) -> Rendered:
        if not _is_image(each):
            return each
        rendition = await self._contents.render(each.record, Selection(image_max_side=side))
        return Rendered(each.record, rendition)

    def _with_cut_texts(self, message: Sequence[Rendered]) -> Sequence[Rendered]:
        over = self._cost(message).tokens - self._allowed.tokens
        tokens = [text_tokens(each.rendition.body) if _is_text(each) else 0 for each in message]
        if over <= 0 or not any(tokens):
            return message
        most = _common_limit(tokens, sum(tokens) - over)
        return [
            _cut(each, most / count) if count > most else each
            for each, count in zip(message, tokens, strict=True)
        ]


def _common_limit(sizes: Sequence[int], allowed: int) -> float:
    """Return the size to which the largest have to be cut, so that their sum is `allowed`."""
    left = max(allowed, 0)
    ascending = sorted(sizes)
    for number, size in enumerate(ascending):
        share = left / (len(ascending) - number)
        if size > share:
            return share
        left -= size
    return max(sizes)


def _cut(each: Rendered, share: float) -> Rendered:
    """Cut a text to about `share` of its length, at a round number of characters."""
    length = int(len(each.rendition.body) * share) // _CUT_CHARS * _CUT_CHARS
    body = each.rendition.body[: max(length, _CUT_CHARS)]
    return Rendered(each.record, replace(each.rendition, body=body))


def _image_bytes(message: Sequence[Rendered]) -> int:
    return sum(each.rendition.content_bytes for each in message if _is_image(each))


def _is_image(each: Rendered) -> bool:
    return each.rendition.kind == "image"


def _is_text(each: Rendered) -> bool:
    return each.rendition.kind == "text"
