"""What data URLs hold: their bytes, and of images their format and size."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Generic, TypeVar

from PIL import Image

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,")
_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, EOFError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """An image as it was decoded; sides are in pixels."""

    mime_type: str
    width: int
    height: int
    frames: int


def data_url(url: str) -> tuple[str, bytes] | None:
    """MIME type and bytes; None if it is no data URL, or no base64."""
    head = _DATA_URL.match(url, 0, 200)
    if head is None:
        return None
    try:
        return head[1].lower(), base64.b64decode(url[head.end() :], validate=True)
    except binascii.Error:
        return None


def picture(body: bytes) -> Picture | None:
    """The image, decoded; None if it is damaged or of no format that is taken."""
    try:
        with Image.open(BytesIO(body)) as image:
            mime_type = Image.MIME[str(image.format)]
            # What counts is whether every byte can be decoded: JPEG does that at an eighth as well.
            size, frames = image.size, getattr(image, "n_frames", 1)
            image.draft("RGB", (1, 1))
            image.load()
    except _UNREADABLE:
        return None
    return Picture(mime_type, *size, frames) if mime_type in IMAGE_TYPES else None


class Remembered(Generic[T]):
    """A function of long strings, whose results are kept by digest: threads send files again."""

    def __init__(self, function: Callable[[str], T]) -> None:
        self._function = function
        self._results: dict[bytes, T] = {}

    def __call__(self, text: str) -> T:
        key = digest(text)
        if key not in self._results:
            self._results[key] = self._function(text)
        return self._results[key]


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
