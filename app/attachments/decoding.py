"""Opens images within limits, and makes thumbnails, in a worker process.

`workers.py` limits time and memory. Nothing larger than Pillow is imported here, because a worker
has to start fast and stay small. The model's images are opened by the same rules.
"""

import io
import math
import struct
import warnings
from typing import cast

import pillow_heif
import pillow_jxl  # noqa: F401 - it registers itself
from PIL import Image, ImageCms, ImageOps

from app.file_types.table import FILE_TYPES

THUMBNAIL_MAX_SIDE = 512

# More than any common camera has. Decoded they take 300 MB, so they are counted before decoding.
MAX_PIXELS = 100_000_000

# Only the decoders that the table of file types names, because every decoder can be attacked.
FORMATS = tuple(dict.fromkeys(each.decoder for each in FILE_TYPES if each.decoder))

ORIENTATION_TAG = 0x0112  # EXIF 2.32, table 4

# The errors of decoders for invalid data, besides `MemoryError`.
UNREADABLE = (
    *(OSError, ValueError, SyntaxError, EOFError, IndexError, ZeroDivisionError),
    *(RuntimeError, KeyError, TypeError, struct.error, ImageCms.PyCMSError),
)

# Cameras of 10 or 12 bits, and instruments, write values of 16 bits that are all smaller than this.
# Shown on the whole scale, such an image would be black.
_USED_SCALE = 0x4000
_WHOLE_SCALE = 0xFFFF

pillow_heif.register_heif_opener()


class TooManyPixels(ValueError):
    """An image has more than `MAX_PIXELS`. The message gives its sides."""


def open_image(body: bytes) -> Image.Image:
    """Read the header of an image; the pixels are decoded later.

    Raises one of `UNREADABLE`. The caller checks the size with `check_pixels` before decoding.
    """
    Image.MAX_IMAGE_PIXELS = None  # the message of our own limit is better
    return Image.open(io.BytesIO(body), formats=FORMATS)


def check_pixels(image: Image.Image) -> None:
    """Check the size of an image. Raises `TooManyPixels`."""
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels(
            f"it has {image.width:,} × {image.height:,} pixels, more than {MAX_PIXELS:,} in all"
        )


def eight_bit(image: Image.Image, *, alpha: bool) -> Image.Image:
    """Convert to RGB, or to RGBA with `alpha`."""
    image, _ = in_eight_bits(image)
    mode = "RGBA" if alpha else "RGB"
    return image if image.mode == mode else image.convert(mode)


def in_eight_bits(image: Image.Image) -> tuple[Image.Image, str]:
    """Return an image with values of eight bits, and a remark on how others were scaled.

    Values of 16 bits keep their scale if they use it. Other values are stretched from the least to
    the greatest, as scientific programs do, so that no image becomes black.
    """
    if image.mode == "LAB":
        of_lab, of_screens = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, of_lab, of_screens, outputMode="RGB")
        return converted or image, ""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image, ""
    numbers = image if image.mode == "F" else image.convert("I")
    # Two numbers, because the image has one band.
    least, greatest = cast(tuple[float, float], numbers.getextrema())
    if not (math.isfinite(least) and math.isfinite(greatest)):
        raise ValueError("it has values that are not finite numbers")
    remark = f"its values {least:g} to {greatest:g} are shown as black to white"
    if numbers.mode == "I" and least >= 0 and _USED_SCALE <= greatest <= _WHOLE_SCALE:
        least, greatest, remark = 0, _WHOLE_SCALE, ""
    elif least == greatest:
        least, greatest, remark = least - 1, greatest + 1, f"all its values are {least:g}"
    scale = 255 / (greatest - least)
    return numbers.point(lambda value: value * scale - least * scale).convert("L"), remark


def thumbnail_of(body: bytes) -> bytes | None:
    """Return a WebP of the first frame, upright, at most `THUMBNAIL_MAX_SIDE` pixels a side.

    Return None if the image can't be read or is too large to decode. The thumbnail has no metadata,
    so it does not show where a photo was taken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, which is not used
            return _thumbnail(body)
    except (*UNREADABLE, MemoryError):
        return None


def _thumbnail(body: bytes) -> bytes:
    image = open_image(body)
    check_pixels(image)
    # Decoding a JPEG at a fraction of its size, down to an eighth, takes that fraction of the time.
    image.draft("RGB", (THUMBNAIL_MAX_SIDE * 2, THUMBNAIL_MAX_SIDE * 2))
    image.load()
    image, _ = in_eight_bits(image)
    image.thumbnail((THUMBNAIL_MAX_SIDE, THUMBNAIL_MAX_SIDE), Image.Resampling.LANCZOS)
    upright = eight_bit(ImageOps.exif_transpose(image), alpha=image.has_transparency_data)
    upright.info = {}
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=80, method=4)
    return out.getvalue()
