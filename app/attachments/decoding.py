"""Images in a worker process: a short list of decoders, no more pixels than a limit, thumbnails.

`workers.py` bounds time and memory. Nothing here imports more than Pillow: a worker has to start
fast and stay small. The model's images are opened by the same rules.
"""

import io
import warnings

import pillow_heif
from PIL import Image, ImageOps

from app.file_types.table import FILE_TYPES

THUMBNAIL_MAX_SIDE = 512

# 100 megapixels are more than any common camera; decoded they are 300 MB. Refused before decoding.
MAX_PIXELS = 100_000_000

# Only the decoders that the table of file types names: every decoder is attack surface.
FORMATS = tuple(dict.fromkeys(each.decoder for each in FILE_TYPES if each.decoder))

ORIENTATION_TAG = 0x0112  # EXIF 2.32, table 4

# What decoders raise when they are fed garbage, besides `MemoryError`.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, IndexError, ZeroDivisionError)

pillow_heif.register_heif_opener()


class TooManyPixels(ValueError):
    """An image larger than `MAX_PIXELS`; the message gives its sides."""


def open_image(body: bytes) -> Image.Image:
    """An image whose header is read and whose pixels are not.

    Raises one of `UNREADABLE`. The caller checks the size with `check_pixels` before decoding.
    """
    Image.MAX_IMAGE_PIXELS = None  # our own limit has a better message
    return Image.open(io.BytesIO(body), formats=FORMATS)


def check_pixels(image: Image.Image) -> None:
    """Raises `TooManyPixels`."""
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels(
            f"it has {image.width:,} × {image.height:,} pixels, more than {MAX_PIXELS:,} in all"
        )


def eight_bit(image: Image.Image, *, alpha: bool) -> Image.Image:
    """In RGB, or RGBA with `alpha`, whatever it was; 16-bit greys are scaled, not clipped."""
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    mode = "RGBA" if alpha else "RGB"
    return image if image.mode == mode else image.convert(mode)


def thumbnail_of(body: bytes) -> bytes | None:
    """A WebP of the first frame, upright, at most `THUMBNAIL_MAX_SIDE` pixels a side.

    None where the image can't be read or is too large to decode. Nothing of
    the metadata is kept: a preview tells nobody where the photo was taken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; nobody reads it here
            return _thumbnail(body)
    except (*UNREADABLE, MemoryError):
        return None


def _thumbnail(body: bytes) -> bytes:
    image = open_image(body)
    check_pixels(image)
    # JPEG decodes at an eighth of the size for an eighth of the cost.
    image.draft("RGB", (THUMBNAIL_MAX_SIDE * 2, THUMBNAIL_MAX_SIDE * 2))
    image.load()
    image.thumbnail((THUMBNAIL_MAX_SIDE, THUMBNAIL_MAX_SIDE), Image.Resampling.LANCZOS)
    upright = eight_bit(ImageOps.exif_transpose(image), alpha=image.has_transparency_data)
    upright.info = {}
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=80, method=4)
    return out.getvalue()
