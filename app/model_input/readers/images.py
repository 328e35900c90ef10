"""Prepares images in a worker process: checks, turns upright, scales down and transcodes them.

Images are opened by the same rules as for thumbnails (attachments/decoding.py). This module imports
nothing larger than Pillow, so that a worker starts fast and stays small.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from app.attachments.decoding import (
    ORIENTATION_TAG,
    UNREADABLE,
    TooManyPixels,
    check_pixels,
    eight_bit,
    open_image,
)
from app.file_types.file_type import Delivery
from app.file_types.table import FILE_TYPES
from app.model_input.readers.unreadable import Unreadable

_PASSED_FORMATS = {
    each.decoder: each.mime_type for each in FILE_TYPES if each.delivery is Delivery.IMAGE
}
_LOSSLESS_FORMATS = {"PNG", "GIF", "BMP", "ICO"}
_MAX_LOSSLESS_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image that can be sent. `body` is None if the stored bytes can be sent unchanged."""

    body: bytes | None
    mime_type: str
    remark: str


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the header of an image says: its size in pixels, and Pillow's name of the format."""

    width: int
    height: int
    format: str


def facts(body: bytes) -> ImageFacts | Unreadable:
    """Return size and format, from the header alone."""
    try:
        image = open_image(body)
    except UNREADABLE as problem:
        return Unreadable(f"it is not a readable image ({problem})")
    return ImageFacts(image.width, image.height, _format(image))


def prepare(body: bytes, max_side: int) -> PreparedImage | Unreadable:
    """Make an image that the model API takes: PNG, JPEG, WEBP or GIF, one frame, upright.

    Its longer side has at most `max_side` pixels. The whole image is decoded, so that a damaged one
    is found here and not by the provider.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warnings about metadata, which is not sent
            return _prepare(body, max_side)
    except TooManyPixels as problem:
        return Unreadable(str(problem))
    except UNREADABLE as problem:
        return Unreadable(f"it is damaged or not a readable image ({str(problem)[:200]})")
    except MemoryError:
        return Unreadable("it needs too much memory to decode")


def _prepare(body: bytes, max_side: int) -> PreparedImage | Unreadable:
    image = open_image(body)
    check_pixels(image)
    source_format = _format(image)
    size_before = image.size
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    orientation = image.getexif().get(ORIENTATION_TAG, 1)
    fits = max(image.size) <= max_side
    if fits and frames == 1 and orientation in (0, 1) and source_format in _PASSED_FORMATS:
        image.draft(image.mode, (image.width // 8, image.height // 8))
        image.load()
        return PreparedImage(None, _PASSED_FORMATS[source_format], "")

    changes = []
    if frames > 1:
        image.seek(0)
        changes.append(f"first of {frames} frames or pages")
    if not fits:
        scale = max_side / max(image.size)
        target = tuple(max(1, round(side * scale)) for side in image.size)
        image.draft(image.mode, (target[0], target[1]))
    image.load()
    upright = ImageOps.exif_transpose(image)
    if orientation not in (0, 1):
        changes.append("turned upright")
    upright.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    if not fits:
        changes.append(f"scaled down from {size_before[0]} × {size_before[1]}")
    encoded, mime_type = _encode(upright, lossless=source_format in _LOSSLESS_FORMATS)
    if source_format not in _PASSED_FORMATS or frames > 1:
        changes.append(f"converted from {source_format} to {mime_type}")
    return PreparedImage(encoded, mime_type, ", ".join(changes))


def _format(image: Image.Image) -> str:
    # MPO is a JPEG that is followed by more pictures. Many phones write it.
    return "JPEG" if image.format == "MPO" else str(image.format)


def _encode(image: Image.Image, *, lossless: bool) -> tuple[bytes, str]:
    has_alpha = image.has_transparency_data
    if lossless or has_alpha:
        kept = (
            image
            if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
            else eight_bit(image, alpha=has_alpha)
        )
        encoded = _saved(kept, "PNG")
        if has_alpha or len(encoded) <= _MAX_LOSSLESS_BYTES:
            return encoded, "image/png"
    return _saved(eight_bit(image, alpha=False), "JPEG", quality=88), "image/jpeg"


def _saved(image: Image.Image, image_format: str, **options: int) -> bytes:
    # The colour profile changes how the image looks. Other metadata (GPS!) is not sent.
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    out = io.BytesIO()
    clean = image.copy()
    clean.info = {}
    clean.save(out, image_format, icc_profile=profile, **options)
    return out.getvalue()
