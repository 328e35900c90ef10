"""What a person has in an image reaches the model, and what is private does not."""

import io
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw
from pypdf import PdfReader

from app.model_input.readers import images
from app.model_input.readers.image_metadata import Malformed, without_metadata
from app.model_input.readers.unreadable import Unreadable
from tests.corpus import image, pages, picture, placed

PRIVATE = (b"a camera", b"Exif", b"secret")
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def prepared(body: bytes, max_side: int = 2048) -> images.PreparedImage:
    result = images.prepare(body, max_side)
    assert isinstance(result, images.PreparedImage), result
    return result


def saved(picture: Image.Image, image_format: str = "TIFF", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, image_format, **options)
    return out.getvalue()


def ramp(mode: str, first: float, last: float) -> Image.Image:
    """Return an image whose values rise from `first` to `last`, from left to right."""
    code = {"I;16": "H", "I": "i", "F": "f"}[mode]
    row = [first + (last - first) * x / 63 for x in range(64)]
    values = array(code, row if mode == "F" else [round(each) for each in row])
    return Image.frombytes(mode, (64, 8), values.tobytes() * 8)


@pytest.mark.parametrize(
    ("deep", "remark"),
    [
        (ramp("I;16", 0, 4095), "values 0 to 4095"),
        (ramp("I;16", 7301, 8206), "values 7301 to 8206"),
        (ramp("I", -675, 1924), "values -675 to 1924"),
        (ramp("F", -3.25, 0.5), "values -3.25 to 0.5"),
        (ramp("I;16", 0, 65535), ""),
    ],
)
def test_values_of_more_than_eight_bits_are_seen_from_black_to_white(
    deep: Image.Image, remark: str
) -> None:
    sent = prepared(saved(deep))
    shown = Image.open(io.BytesIO(sent.body or b"")).convert("L")
    row = list(shown.crop((0, 4, 64, 5)).tobytes())
    assert row[0] < 8 and row[-1] > 247
    assert all(later >= earlier - 3 for earlier, later in pairwise(row)), "but for JPEG's losses"
    assert remark in sent.remark and ("values" in sent.remark) == bool(remark)


@pytest.mark.parametrize("value", [0, 700, 65535])
def test_an_image_of_one_value_is_readable(value: int) -> None:
    assert prepared(saved(Image.new("I;16", (9, 9), value))).mime_type == "image/jpeg"


def test_numbers_that_are_not_finite_are_no_image() -> None:
    result = images.prepare(saved(Image.new("F", (9, 9), float("nan"))), 2048)
    assert isinstance(result, Unreadable)


def test_lab_colours_are_those_of_a_screen() -> None:
    lab = ImageCms.profileToProfile(
        Image.new("RGB", (9, 9), (200, 40, 40)),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    sent = Image.open(io.BytesIO(prepared(saved(lab)).body or b""))
    red, green, blue = sent.getpixel((4, 4))  # type: ignore[misc]
    assert abs(red - 200) < 12 and abs(green - 40) < 12 and abs(blue - 40) < 12


@pytest.mark.slow
def test_all_pages_of_a_fax_stay_in_their_code() -> None:
    body = pages("1", "1", "1", size=(1728, 2200), compression="group4")
    sent = prepared(body)
    assert sent.mime_type == "application/pdf" and sent.body
    shown = [page.images[0] for page in PdfReader(io.BytesIO(sent.body)).pages]
    assert [each.image.size for each in shown if each.image] == [(1728, 2200)] * 3
    assert len(sent.body) < len(body) + 10_000
    assert sent == prepared(body), "the same bytes at every turn"


@pytest.mark.slow
def test_more_pages_than_a_worker_can_do_are_counted() -> None:
    body = pages(*["1"] * 120, size=(8, 8))
    assert "the first 100 of 120 pages" in prepared(body).remark


def test_smaller_copies_of_a_picture_are_no_pages() -> None:
    body = io.BytesIO()
    smaller = picture(size=(32, 24))
    smaller.encoderinfo = {"tiffinfo": {254: 1}}
    picture().save(body, "TIFF", save_all=True, append_images=[smaller])
    sent = prepared(body.getvalue())
    assert sent.mime_type == "image/jpeg"
    assert "pages" not in sent.remark


@pytest.mark.parametrize("size", [(800, 600), (3000, 2000)])
def test_scans_in_black_and_white_stay_small(size: tuple[int, int]) -> None:
    scan = Image.new("1", size, 1)
    draw = ImageDraw.Draw(scan)
    for line in range(10, size[1], 20):
        draw.text((10, line), "A letter has many lines, and most of it is white. " * 4, 0)
    sent = prepared(saved(scan, compression="group4"))
    assert sent.mime_type == "image/png"
    scan.thumbnail((2048, 2048))
    assert len(sent.body or b"") < len(saved(scan.convert("L"), "JPEG", quality=88)) / 2


@pytest.mark.parametrize("image_format", TYPES)
def test_metadata_is_removed_and_every_pixel_is_kept(image_format: str) -> None:
    body = placed(image_format, comment=b"secret")
    if image_format == "JPEG":
        body += b"the end of a motion photo, with its own Exif"
    kept = without_metadata(body, TYPES[image_format])
    assert b"a camera" in body
    assert not any(each in kept for each in PRIVATE)
    before, after = Image.open(io.BytesIO(body)), Image.open(io.BytesIO(kept))
    assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()
    assert without_metadata(kept, TYPES[image_format]) is kept


@pytest.mark.parametrize("image_format", TYPES)
@pytest.mark.parametrize("max_side", [2048, 32])
def test_no_image_is_sent_with_its_place(image_format: str, max_side: int) -> None:
    sent = prepared(placed(image_format), max_side)
    assert sent.body and not any(each in sent.body for each in PRIVATE)
    assert sent.remark


@pytest.mark.parametrize("image_format", TYPES)
def test_an_image_without_metadata_is_itself(image_format: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = image(image_format, icc_profile=profile)
    assert without_metadata(body, TYPES[image_format]) is body


def test_a_comment_in_a_gif_is_not_sent() -> None:
    sent = prepared(image("GIF", "P", comment=b"secret"))
    assert sent.body and b"secret" not in sent.body


@given(st.binary(max_size=200), st.sampled_from(sorted(TYPES)))
def test_no_bytes_raise_another_error_than_malformed(junk: bytes, image_format: str) -> None:
    whole = image(image_format)
    for body in (junk, whole[:40] + junk, whole[: len(whole) // 2] + junk):
        try:
            without_metadata(body, TYPES[image_format])
        except Malformed:
            continue


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (image("JXL")[:200], "a JXL image"),
        (image("JPEG2000")[:90], "a JPEG2000 image"),
        (image("TIFF")[:90], "a TIFF image"),
        (b"8BPS\0\1" + bytes(40), "a PSD image"),
        (image("PNG", size=(900, 900))[:900], "a damaged PNG image"),
        (b"hello", "not a readable image"),
        (b"%PDF-1.7", "not a readable image, but application/pdf"),
    ],
)
def test_what_can_not_be_decoded_is_called_by_its_name_in_the_same_words(
    body: bytes, words: str
) -> None:
    first, second = images.prepare(body, 2048), images.prepare(body, 2048)
    assert isinstance(first, Unreadable) and first == second
    assert words in first.reason
