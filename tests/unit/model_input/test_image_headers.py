"""What is found from a header agrees with a real decoder, for any bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.model_input.readers import images
from app.model_input.readers.image_headers import sendable_type
from app.model_input.readers.image_metadata import without_metadata
from tests.corpus import IMAGES, image, turned


@pytest.mark.parametrize("sample", IMAGES, ids=lambda sample: sample.name)
def test_no_image_passes_that_a_decoder_would_change(sample) -> None:  # type: ignore[no-untyped-def]
    body = sample.make()
    if sendable_type(body, 2048):
        prepared = images.prepare(body, 2048)
        assert isinstance(prepared, images.PreparedImage)
        assert (prepared.body or body) == without_metadata(body, prepared.mime_type)
        assert prepared.mime_type == sendable_type(body, 2048)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_plain_images_pass_by_their_header(format: str, mode: str) -> None:
    body = image(format, mode)
    assert sendable_type(body, 2048) == Image.MIME[format]
    assert sendable_type(body, 64) == Image.MIME[format]
    assert sendable_type(body, 63) is None
    assert sendable_type(body[:-1], 2048) is None


@pytest.mark.parametrize("orientation", range(9))
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_only_upright_images_pass(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, format, exif=exif)
    passes = sendable_type(out.getvalue(), 2048) is not None
    assert passes is (format == "JPEG" and orientation in (0, 1))


@given(st.data())
def test_a_damaged_header_raises_no_error(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from([image("PNG"), turned("JPEG"), image("JPEG")])))
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(2, min(len(body) - 1, 400)))] = data.draw(st.integers(0, 255))
    assert sendable_type(bytes(body), 2048) in (None, "image/png", "image/jpeg")


@given(st.binary())
def test_no_bytes_raise_an_error(body: bytes) -> None:
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1"):
        for end in (b"", b"IEND\xaeB`\x82", b"\xff\xd9"):
            assert sendable_type(start + body + end, 2048) in (None, "image/png", "image/jpeg")
