"""Thumbnails: small, upright, without metadata, and within limits whatever the file is."""

import asyncio
import io
import struct
import zlib

import pytest
from PIL import Image

from app.attachments.decoding import THUMBNAIL_MAX_SIDE, thumbnail_of
from app.workers import Workers, WorkFailed
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
    """A PNG that says it has these sides, with almost nothing in it."""

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


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "HEIF"])
def test_every_format_becomes_a_small_webp(image_format: str) -> None:
    image = Image.new("RGB", (1200, 600), "teal")
    assert opened(thumbnail_of(encoded(image, image_format))).size == (512, 256)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_colour_mode_is_shown(mode: str) -> None:
    image_format = "TIFF" if mode in {"CMYK", "F"} else "PNG"
    body = encoded(Image.new("L", (700, 700), 128).convert(mode), image_format)
    assert opened(thumbnail_of(body)).size == (512, 512)


def test_transparency_is_kept() -> None:
    body = encoded(Image.new("RGBA", (800, 800), (255, 0, 0, 0)), "PNG")
    assert opened(thumbnail_of(body)).mode == "RGBA"


def test_small_images_are_not_blown_up() -> None:
    body = encoded(Image.new("RGB", (30, 20)), "BMP")
    assert opened(thumbnail_of(body)).size == (30, 20)


def test_photos_are_turned_upright_and_tell_nobody_where_they_were_taken() -> None:
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
        *("empty", "text", "cut JPEG", "cut PNG", "900 megapixels", "as many as can be said"),
        *("more data than pixels", "SVG", "PostScript"),
    ],
)
def test_what_can_not_be_shown_is_no_exception(body: bytes) -> None:
    assert thumbnail_of(body) is None or opened(thumbnail_of(body)).size == (100, 100)


def never_ends(_: bytes) -> bytes:
    while True:
        pass


def takes_all_memory(_: bytes) -> bytes:
    return b"x" * 8 * 1024**3


@pytest.mark.slow
async def test_a_decoder_that_never_ends_is_stopped_and_stalls_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers = Workers(processes=1)
    monkeypatch.setattr(workers, "_timeout_seconds", 4)

    async def is_stopped() -> None:
        with pytest.raises(WorkFailed, match="longer than 4 seconds"):
            await workers.run(never_ends, b"")

    assert await least_async(lambda: longest_turn(is_stopped()), limit=0.5) < 0.5
    monkeypatch.undo()  # a worker's start takes its time on a busy machine
    assert await workers.run(thumbnail_of, b"") is None, "the next one gets a worker"


async def test_a_decoder_that_takes_all_memory_is_stopped() -> None:
    workers = Workers(processes=1)
    with pytest.raises(WorkFailed, match="memory"):
        await workers.run(takes_all_memory, b"")


async def test_images_are_decoded_in_processes_and_in_parallel() -> None:
    body = encoded(Image.effect_noise((1500, 1500), 80).convert("RGB"), "PNG")
    workers = Workers()
    thumbnails = await asyncio.gather(*(workers.run(thumbnail_of, body) for _ in range(4)))
    assert all(max(opened(each).size) == THUMBNAIL_MAX_SIDE for each in thumbnails)
