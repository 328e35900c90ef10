"""How much a model request may hold, and how much its items take up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.model_input.input_items import parts_of, without_parts
from app.model_input.kinds import suffix_of
from app.model_input.labels import label_of
from app.model_input.rendition import Rendition
from app.model_input.tokens import (
    IMAGE_TOKENS,
    PDF_PAGE_TOKENS,
    file_tokens,
    item_tokens,
    part_tokens,
)

# Reserved for what a request has besides its input: instructions, tool schemas, settings.
_RESERVE_BYTES = 256 * 1024
_RESERVE_TOKENS = 4_000
# Estimates of tokens are wrong by some per cent.
_USED_SHARE = 0.9
# A part that names a file at the provider.
_REFERENCE_BYTES = 200

# What JSON writes with a backslash, and what it may write with six characters (RFC 8259, 7).
_SHORT_ESCAPES = b'"\\\n\r\t'
_LONG_ESCAPES = bytes(set(range(0x20)) - set(_SHORT_ESCAPES))


@dataclass(frozen=True, slots=True)
class Cost:
    """What something takes up in a request, or the room that is left for it."""

    bytes: int = 0
    images: int = 0
    tokens: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.bytes + other.bytes, self.images + other.images, self.tokens + other.tokens
        )

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(
            self.bytes - other.bytes, self.images - other.images, self.tokens - other.tokens
        )

    def is_within(self, room: "Cost") -> bool:
        """Whether it fits into `room`. A cost of zero or less always fits."""
        return (
            (self.bytes <= room.bytes or self.bytes <= 0)
            and (self.images <= room.images or self.images <= 0)
            and (self.tokens <= room.tokens or self.tokens <= 0)
        )

    def share_of(self, limit: "Cost") -> float:
        """Return how much of `limit` it takes up at most: 1.0 is all of it."""
        return max(
            self.bytes / max(1, limit.bytes),
            self.images / max(1, limit.images),
            self.tokens / max(1, limit.tokens),
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one request.

    `max_request_bytes` counts the whole JSON body; OpenAI's limit for files is 50 MB.
    `window_tokens` is what the model reads. `token_factor` is the number of tokens that the model
    counts for each token that is estimated here.
    """

    max_request_bytes: int = 45_000_000
    max_images: int = 100
    window_tokens: int = 128_000
    token_factor: float = 1.0

    @property
    def limit(self) -> Cost:
        """What the input of a request may take up, in estimated tokens."""
        reserve = min(_RESERVE_TOKENS, self.window_tokens // 8)
        tokens = (self.window_tokens * _USED_SHARE - reserve) / self.token_factor
        return Cost(self.max_request_bytes - _RESERVE_BYTES, self.max_images, round(tokens))

    def below(self, tokens: int) -> "Budget":
        """Return a budget for two thirds of an input of `tokens` (estimated) that was too long."""
        factor = 1.5 * self.token_factor * self.limit.tokens / max(1, tokens)
        return self.corrected(max(factor, 1.5 * self.token_factor))

    def corrected(self, token_factor: float) -> "Budget":
        """Return the budget for a thread whose tokens are `token_factor` times as estimated."""
        return replace(self, token_factor=token_factor)


def cost_of_part(part: Mapping[str, Any]) -> Cost:
    """Return what a content part takes up, with the file at the provider that it stands for."""
    label = label_of(part)
    is_image = part.get("type") == "input_image"
    if label and (is_image or part.get("type") == "input_file"):
        return _cost_of_content(part, label.rendition)
    return Cost(json_bytes(part), int(is_image), part_tokens(part))


def _cost_of_content(part: Mapping[str, Any], rendition: Rendition) -> Cost:
    """Return the cost of an image or a file.

    By reference, it is the same before and after the upload, so that every turn is planned alike.
    """
    is_image = part["type"] == "input_image"
    size, tokens = json_bytes(part), part_tokens(part)
    if rendition.reference:
        size = rendition.content_bytes + _REFERENCE_BYTES
        name = f".{suffix_of(rendition.mime_type)}"
        tokens = IMAGE_TOKENS if is_image else file_tokens(name, rendition.content_bytes)
    if rendition.pages:
        tokens = rendition.pages * PDF_PAGE_TOKENS
    return Cost(size, int(is_image), tokens)


def cost_of_parts(parts: Iterable[Mapping[str, Any]]) -> Cost:
    """Return what content parts take up together."""
    return sum((cost_of_part(part) for part in parts), Cost())


def cost_of_item(item: Mapping[str, Any]) -> Cost:
    """Return what an input item takes up, with all of its parts."""
    frame, parts = without_parts(item), parts_of(item)
    commas = Cost(len(parts))
    return Cost(json_bytes(frame), 0, item_tokens(frame)) + commas + cost_of_parts(parts)


def cost_of_items(items: Iterable[Mapping[str, Any]]) -> Cost:
    """Return what the input of a request takes up."""
    # The brackets of the list; each item has a comma.
    return sum((cost_of_item(item) + Cost(1) for item in items), Cost(2))


def json_bytes(value: object) -> int:
    """Return an upper bound of the size of `value` as JSON in UTF-8, without serializing it.

    A data URL has no characters that JSON escapes. Other text is searched for them.
    """
    if isinstance(value, str):
        return _string_bytes(value)
    if isinstance(value, Mapping):
        return 2 + sum(json_bytes(k) + json_bytes(v) + 2 for k, v in value.items())
    if isinstance(value, Iterable):
        return 2 + sum(json_bytes(item) + 1 for item in value)
    return len(str(value)) + 2


def _string_bytes(text: str) -> int:
    if text.startswith("data:") and text.isascii():
        return len(text) + 2
    encoded = text.encode("utf-8", "surrogatepass")
    # This takes a millisecond for megabytes; a loop over the characters would block the event loop.
    short = len(encoded) - len(encoded.translate(None, _SHORT_ESCAPES))
    long = len(encoded) - len(encoded.translate(None, _LONG_ESCAPES))
    return len(encoded) + short + 5 * long + 2
