"""What may be attached."""

import pytest
from chatkit.types import AttachmentCreateParams
from hypothesis import given
from hypothesis import strategies as st

from app.attachments.policy import AttachmentPolicy, clean_mime_type
from app.errors import AppError, AttachmentTooLarge, InvalidName, InvalidSize, MimeTypeNotAllowed
from app.settings import DEFAULT_MIME_TYPES
from app.sizes import in_words

POLICY = AttachmentPolicy(max_bytes=1024, allowed_mime_types=DEFAULT_MIME_TYPES)


def params(
    name: str = "photo.png", size: int = 10, mime_type: str = "image/png"
) -> AttachmentCreateParams:
    return AttachmentCreateParams(name=name, size=size, mime_type=mime_type)


@pytest.mark.parametrize(
    "name",
    [
        'a "quoted" name.png',
        "line\nbreak\r\n.png",
        "../../etc/passwd",
        "\u202egnp.exe",
        "🐈‍⬛ photo.png",
        "x" * 1000,
        ";filename=evil.html",
    ],
)
def test_any_name_that_can_be_stored_is_kept_unchanged(name: str) -> None:
    assert POLICY.check(params(name=name)).name == name


@pytest.mark.parametrize("name", ["", "  \t\n", "x" * 1001, "x" * 5000, "nul\0.png", "\ud800.png"])
def test_names_that_can_not_be_stored_are_refused_in_words(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        POLICY.check(params().model_copy(update={"name": name}))
    assert caught.value.param == "name"


@pytest.mark.parametrize("size", [0, -1, -(10**30)])
def test_a_size_below_one_byte_is_refused(size: int) -> None:
    with pytest.raises(InvalidSize):
        POLICY.check(params(size=size))


def test_a_size_beyond_the_limit_is_refused_with_both_figures() -> None:
    assert POLICY.check(params(size=1024)).size == 1024
    with pytest.raises(AttachmentTooLarge, match=r"1\.0 KiB.*1\.0 KiB|2\.0 KiB.*1\.0 KiB"):
        POLICY.check(params(size=2048))


@pytest.mark.parametrize(
    "mime_type",
    [
        "application/x-msdownload",
        "video/mp4",
        "image",
        "image/",
        "/png",
        "a b/c",
        "image/png\r\nx: y",
    ],
)
def test_other_types_and_what_is_no_type_are_refused(mime_type: str) -> None:
    with pytest.raises(MimeTypeNotAllowed):
        POLICY.check(params(mime_type=mime_type))


@pytest.mark.parametrize(
    ("given_type", "name", "cleaned"),
    [
        ("IMAGE/PNG", "a.png", "image/png"),
        ("text/plain; charset=utf-8", "a.txt", "text/plain"),
        ("image/jpg", "a.jpg", "image/jpeg"),
        ("", "README.md", "text/markdown"),
        ("application/octet-stream", "IMG_1.HEIC", "image/heic"),
        ("", "no suffix", "application/octet-stream"),
        ("application/toml", "pyproject.toml", "text/plain"),
        ("", "Dockerfile", "text/plain"),
        ("", "deploy.sh", "text/plain"),
    ],
)
def test_types_are_cleaned_and_guessed_where_the_browser_knows_none(
    given_type: str, name: str, cleaned: str
) -> None:
    assert clean_mime_type(given_type, name) == cleaned


@given(st.text(), st.integers(), st.text())
def test_any_input_is_admitted_or_refused_in_words(name: str, size: int, mime_type: str) -> None:
    try:
        admitted = POLICY.check(params(name, size, mime_type))
    except AppError as error:
        assert 400 <= error.status < 500
        assert error.message
    else:
        assert admitted.name == name


def test_sizes_in_words() -> None:
    assert [in_words(n) for n in (1, 1536, 25 * 1024**2, 3 * 1024**4)] == [
        "1 byte",
        "1.5 KiB",
        "25.0 MiB",
        "3,072.0 GiB",
    ]
