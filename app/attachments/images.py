"""The guarded way to open an image: a short list of decoders, and no more pixels than a limit.

To be called in a worker process (`workers.py` bounds time and memory). Nothing here imports more
than Pillow: a worker has to start fast and stay small. Thumbnails and the model's images share it.
"""

import io

import pillow_heif
from PIL import Image

# 100 megapixels are more than any common camera; decoded they are 300 MB. Refused before decoding.
MAX_PIXELS = 100_000_000

# A short list on purpose: every decoder is attack surface. MPO is what many phones call JPEG.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "ICO")

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
