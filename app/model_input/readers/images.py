"""Prepares images in a worker process: checks, turns upright, scales down and transcodes them.

Images are opened by the same rules as for thumbnails (attachments/decoding.py). This module imports
nothing larger than Pillow, so that a worker starts fast and stays small.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from app.attachments.decoding import (
    ORIENTATION_TAG,
    UNREADABLE,
    TooManyPixels,
    check_pixels,
    eight_bit,
    in_eight_bits,
    open_image,
)
from app.file_types.file_type import Delivery
from app.file_types.signatures import detect
from app.file_types.table import FILE_TYPES, of_type
from app.model_input.readers.image_metadata import Malformed, without_metadata
from app.model_input.readers.unreadable import Unreadable

_PASSED_FORMATS = {
    each.decoder: each.mime_type for each in FILE_TYPES if each.delivery is Delivery.IMAGE
}
_LOSSLESS_FORMATS = {"PNG", "GIF", "BMP", "ICO"}
_MAX_LOSSLESS_BYTES = 4 * 1024 * 1024
# Formats whose other images are views, layers or sizes of the same picture.
_SINGLE_FORMATS = {"MPO", "PSD", "ICO"}
# TIFF 6.0, section 8, NewSubfileType
_KIND_OF_FRAME, _IS_SMALLER, _IS_MASK = 254, 1, 4
_PDF = "application/pdf"
# Without dates, a file gives the same bytes in every turn, which prompt caches need.
_UNDATED = {"creationDate": None, "modDate": None}
# As many as fit into a worker's time limit; at 150 dots per inch, a sheet of A4 has 1754.
_MAX_PAGES = 100
_PAGE_QUALITY = 80
# The shades of a black-and-white scan that is scaled down: a PNG stores 16 in four bits.
_GREYS = 16
METADATA_REMARK = "sent without its metadata"


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image that can be sent. `body` is None if the stored bytes can be sent unchanged.

    An image of many pages is a PDF.
    """

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
    except UNREADABLE:
        return _unreadable(body)
    return ImageFacts(image.width, image.height, _format(image))


def prepare(body: bytes, max_side: int) -> PreparedImage | Unreadable:
    """Make an image that the model API takes: PNG, JPEG, WEBP or GIF, one frame, upright.

    Its longer side has at most `max_side` pixels, and it has no private metadata. A TIFF of
    several pages becomes a PDF of all of them. The whole image is decoded, so that a damaged one is
    found here and not by the provider.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warnings about metadata, which is not sent
            return _prepare(body, max_side)
    except TooManyPixels as problem:
        return Unreadable(str(problem))
    except UNREADABLE:
        return _unreadable(body)
    except MemoryError:
        return Unreadable("it needs too much memory to decode")


def _unreadable(body: bytes) -> Unreadable:
    """Return what the image is. The decoders' own messages differ from one try to the next."""
    found = detect(body)
    row = of_type(found or "")
    if row is None or not row.decoder:
        return Unreadable(f"it is not a readable image{f', but {found}' if found else ''}")
    if row.delivery is Delivery.IMAGE:
        return Unreadable(f"it is a damaged {row.decoder} image")
    return Unreadable(
        f"it is a {row.decoder} image that is damaged, or stored in a way that can't be decoded"
        " here; save it as PNG or PDF"
    )


def _prepare(body: bytes, max_side: int) -> PreparedImage | Unreadable:
    image = open_image(body)
    check_pixels(image)
    source_format = _format(image)
    frames = 1 if image.format in _SINGLE_FORMATS else getattr(image, "n_frames", 1)
    if source_format == "TIFF":
        pages = _pages(image)
        frames = len(pages)
        if frames > 1:
            return _as_pdf(image, max_side, pages)
    if frames == 1 and source_format in _PASSED_FORMATS and _is_upright(image):
        mime_type = _PASSED_FORMATS[source_format]
        if max(image.size) <= max_side and (kept := _passed(image, body, mime_type)) is not None:
            return PreparedImage(
                None if kept is body else kept,
                mime_type,
                "" if kept is body else METADATA_REMARK,
            )
        image = open_image(body)  # to decode a JPEG at another scale
    changes = [f"first of {frames} frames or pages"] if frames > 1 else []
    upright = _fitted(image, max_side, changes)
    encoded, mime_type = _encode(upright, lossless=source_format in _LOSSLESS_FORMATS)
    if source_format not in _PASSED_FORMATS or frames > 1:
        changes.append(f"converted from {source_format} to {mime_type}")
    return PreparedImage(encoded, mime_type, ", ".join(changes) or METADATA_REMARK)


def _is_upright(image: Image.Image) -> bool:
    return image.getexif().get(ORIENTATION_TAG, 1) in (0, 1)


def _passed(image: Image.Image, body: bytes, mime_type: str) -> bytes | None:
    """Decode the image as a check, and return its bytes without metadata; None if that fails."""
    image.draft(image.mode, (image.width // 8, image.height // 8))
    image.load()
    if mime_type == "image/gif":
        return None if {"comment", "xmp"} & image.info.keys() else body
    try:
        return without_metadata(body, mime_type)
    except Malformed:
        return None


def _fitted(image: Image.Image, max_side: int, changes: list[str]) -> Image.Image:
    """Return the current frame upright, in eight bits, and not larger than `max_side`."""
    before = image.size
    is_large = max(before) > max_side
    if is_large:
        scale = max_side / max(before)
        width, height = (max(1, round(side * scale)) for side in before)
        image.draft(image.mode, (width, height))
    image.load()
    if not _is_upright(image):
        changes.append("turned upright")
    upright, remark = in_eight_bits(ImageOps.exif_transpose(image))
    if remark:
        changes.append(remark)
    if is_large:
        is_black_and_white = upright.mode == "1"
        if is_black_and_white:
            upright = upright.convert("L")  # each pixel becomes the grey of those that it replaces
        upright.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        if is_black_and_white:
            upright = upright.quantize(_GREYS)
        changes.append(f"scaled down from {before[0]} × {before[1]}")
    return upright


def _as_pdf(image: Image.Image, max_side: int, pages: Sequence[int]) -> PreparedImage:
    """Return all pages, or the first `_MAX_PAGES`, as a PDF with one image on each page."""
    out = io.BytesIO()
    for number, frame in enumerate(pages[:_MAX_PAGES]):
        image.seek(frame)
        check_pixels(image)
        page = _page(image.copy(), max_side)
        page.info = {}
        quality = {} if page.mode == "1" else {"quality": _PAGE_QUALITY}  # a fax code has none
        page.save(out, "PDF", append=number > 0, resolution=150, **_UNDATED, **quality)
    which = f"all {len(pages)} pages"
    if len(pages) > _MAX_PAGES:
        which = f"the first {_MAX_PAGES} of {len(pages)} pages"
    return PreparedImage(out.getvalue(), _PDF, f"{which}, converted from TIFF to PDF")


def _page(image: Image.Image, max_side: int) -> Image.Image:
    """Return a page as it is drawn. In black and white, it keeps its size: fax codes are small."""
    if image.mode == "1":
        return ImageOps.exif_transpose(image)
    fitted = _fitted(image, max_side, [])
    return fitted if fitted.mode == "L" else eight_bit(fitted, alpha=False)


def _pages(image: Image.Image) -> list[int]:
    """Return the frames of a TIFF that are pages: not smaller copies of them, nor masks."""
    pages = []
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        if not cast(TiffImageFile, image).tag_v2.get(_KIND_OF_FRAME, 0) & (_IS_SMALLER | _IS_MASK):
            pages.append(frame)
    image.seek(0)
    return pages


def _format(image: Image.Image) -> str:
    # MPO is a JPEG that is followed by more pictures. Many phones write it.
    return "JPEG" if image.format == "MPO" else str(image.format)


def _encode(image: Image.Image, *, lossless: bool) -> tuple[bytes, str]:
    """Encode as PNG or JPEG; an image with few colours as the smaller of the two."""
    has_alpha = image.has_transparency_data
    has_few_colours = image.mode in ("1", "P")
    if not (lossless or has_alpha or has_few_colours):
        return _jpeg(image), "image/jpeg"
    kept = (
        image
        if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
        else eight_bit(image, alpha=has_alpha)
    )
    encoded = _saved(kept, "PNG")
    if has_alpha or (lossless and len(encoded) <= _MAX_LOSSLESS_BYTES):
        return encoded, "image/png"
    jpeg = _jpeg(image)
    is_smaller = has_few_colours and len(encoded) <= len(jpeg)
    return (encoded, "image/png") if is_smaller else (jpeg, "image/jpeg")


def _jpeg(image: Image.Image) -> bytes:
    return _saved(eight_bit(image, alpha=False), "JPEG", quality=88)


def _saved(image: Image.Image, image_format: str, **options: int) -> bytes:
    # The colour profile changes how the image looks. Other metadata (GPS!) is not sent.
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    out = io.BytesIO()
    clean = image.copy()
    transparency = image.info.get("transparency") if image.mode == "P" else None
    clean.info = {} if transparency is None else {"transparency": transparency}
    clean.save(out, image_format, icc_profile=profile, **options)
    return out.getvalue()
