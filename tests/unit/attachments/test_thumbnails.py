"""Thumbnails are small, upright and without metadata; decoding has limits for any file."""

import asyncio
import io
import struct
import zlib

import pytest
from PIL import Image

from app.attachments.content import check_content
from app.attachments.decoding import THUMBNAIL_MAX_SIDE, thumbnail_of
from app.file_types.file_type import FileType
from app.file_types.table import FILE_TYPES
from app.workers import Workers, WorkFailed
from tests.corpus import psd
from tests.stopwatch import least_async, longest_turn


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def opened(thumbnail: bytes | None) -> Image.Image:
    assert thumbnail is not None
    image = Image.open(io.BytesIO(thumbnail))
    assert image.format == "WEBP"
    return image


def png_of(width: int, height: int, body: bytes = b"") -> bytes:
    """Return a PNG whose header gives these sides, with hardly any pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(body))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "row", [each for each in FILE_TYPES if each.has_thumbnail], ids=lambda each: each.mime_type
)
def test_every_type_that_has_a_thumbnail_becomes_a_small_webp(row: FileType) -> None:
    picture = Image.new("RGB", (1200, 600), "teal")
    body = psd(picture) if row.decoder == "PSD" else encoded(picture, row.decoder)
    assert opened(thumbnail_of(body)).size in {(512, 256), (256, 128)}  # an icon has 256 at most
    assert check_content(body, row) is None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_colour_mode_is_shown(mode: str) -> None:
    image_format = "TIFF" if mode in {"CMYK", "F"} else "PNG"
    body = encoded(Image.new("L", (700, 700), 128).convert(mode), image_format)
    assert opened(thumbnail_of(body)).size == (512, 512)


def test_transparency_is_kept() -> None:
    body = encoded(Image.new("RGBA", (800, 800), (255, 0, 0, 0)), "PNG")
    assert opened(thumbnail_of(body)).mode == "RGBA"


def test_small_images_are_not_enlarged() -> None:
    body = encoded(Image.new("RGB", (30, 20)), "BMP")
    assert opened(thumbnail_of(body)).size == (30, 20)


def test_photos_are_turned_upright_and_lose_their_metadata() -> None:
    image = Image.new("RGB", (1000, 500))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "a camera"
    thumbnail = opened(thumbnail_of(encoded(image, "JPEG", exif=exif)))
    assert thumbnail.size == (256, 512)
    assert not thumbnail.getexif() and "exif" not in thumbnail.info


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not an image",
        encoded(Image.effect_noise((900, 900), 50), "JPEG")[:20_000],
        encoded(Image.effect_noise((900, 900), 50), "PNG")[:20_000],
        png_of(30_000, 30_000),
        png_of(2**31 - 1, 2**31 - 1),
        png_of(100, 100, b"\0" * 50_000_000),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
    ids=[
        *("empty", "text", "cut JPEG", "cut PNG", "900 megapixels", "the maximum of a header"),
        *("more data than pixels", "SVG", "PostScript"),
    ],
)
def test_an_image_that_can_not_be_decoded_has_no_thumbnail(body: bytes) -> None:
    assert thumbnail_of(body) is None or opened(thumbnail_of(body)).size == (100, 100)


def never_ends(_: bytes) -> bytes:
    while True:
        pass


def takes_all_memory(_: bytes) -> bytes:
    return b"x" * 8 * 1024**3


@pytest.mark.slow
async def test_a_decoder_that_never_ends_is_stopped_and_blocks_nothing() -> None:
    workers = Workers(processes=1, slow_seconds=4)

    async def is_stopped() -> None:
        with pytest.raises(WorkFailed, match="longer than 4 seconds"):
            await workers.run(never_ends, b"")

    assert await least_async(lambda: longest_turn(is_stopped()), limit=0.5) < 0.5
    assert await workers.run(thumbnail_of, b"") is None, "the next call gets a worker"


@pytest.mark.slow
async def test_a_decoder_that_takes_all_memory_is_stopped() -> None:
    workers = Workers(processes=1)
    with pytest.raises(WorkFailed, match="memory"):
        await workers.run(takes_all_memory, b"")


@pytest.mark.slow
async def test_images_are_decoded_in_processes_and_in_parallel() -> None:
    body = encoded(Image.effect_noise((1500, 1500), 80).convert("RGB"), "PNG")
    workers = Workers()
    thumbnails = await asyncio.gather(*(workers.run(thumbnail_of, body) for _ in range(4)))
    assert all(max(opened(each).size) == THUMBNAIL_MAX_SIDE for each in thumbnails)
