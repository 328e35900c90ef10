"""How much a model request may hold, and how much its items take up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What the request holds besides its input: instructions, tool schemas, settings.
_RESERVE_BYTES = 256 * 1024

# What JSON writes with a backslash, and what it may write with six characters (RFC 8259, 7).
_SHORT_ESCAPES = b'"\\\n\r\t'
_LONG_ESCAPES = bytes(set(range(0x20)) - set(_SHORT_ESCAPES))


@dataclass(frozen=True, slots=True)
class Budget:
    """`max_request_bytes` counts the whole JSON body; OpenAI's limit for files is 50 MB."""

    max_request_bytes: int = 45_000_000
    max_images: int = 100

    @property
    def max_input_bytes(self) -> int:
        """How many bytes of the request its input may take."""
        return self.max_request_bytes - _RESERVE_BYTES

    def room(self, spent_bytes: int = 0) -> "Room":
        """Return the room of a request whose input has `spent_bytes` and no image yet."""
        return Room(self.max_input_bytes - spent_bytes, self.max_images)


@dataclass(slots=True)
class Room:
    """How much more a request may hold."""

    left_bytes: int
    left_images: int

    def holds(self, added_bytes: int, *, is_image: bool) -> bool:
        """Whether there is room for that much more."""
        return added_bytes <= self.left_bytes and (self.left_images > 0 or not is_image)

    def take(self, added_bytes: int, *, is_image: bool) -> bool:
        """Take that much room, if it is there. Return whether it was."""
        if not self.holds(added_bytes, is_image=is_image):
            return False
        self.left_bytes -= added_bytes
        self.left_images -= is_image
        return True


def json_bytes(value: object) -> int:
    """Return an upper bound of the size of `value` as JSON in UTF-8, without serializing it.

    Base64 and other plain text count as they are; other text is searched for what JSON escapes.
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
