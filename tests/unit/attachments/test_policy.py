"""The rules on names, sizes and types of attachments."""

import pytest
from chatkit.types import AttachmentCreateParams
from hypothesis import given
from hypothesis import strategies as st

from app.attachments.policy import AttachmentPolicy
from app.errors import AppError, AttachmentTooLarge, InvalidName, InvalidSize, MimeTypeNotAllowed
from app.file_types.file_type import FileType
from app.file_types.recordings import MOST_RECORDING_BYTES
from app.file_types.table import FILE_TYPES
from app.sizes import in_words

POLICY = AttachmentPolicy(max_bytes=1024)


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
def test_names_that_can_not_be_stored_are_rejected_in_words(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        POLICY.check(params().model_copy(update={"name": name}))
    assert caught.value.param == "name"


@pytest.mark.parametrize("size", [0, -1, -(10**30)])
def test_a_size_below_one_byte_is_rejected(size: int) -> None:
    with pytest.raises(InvalidSize):
        POLICY.check(params(size=size))


def test_a_size_beyond_the_limit_is_rejected_with_both_figures() -> None:
    assert POLICY.check(params(size=1024)).size == 1024
    with pytest.raises(AttachmentTooLarge, match=r"1\.0 KiB.*1\.0 KiB|2\.0 KiB.*1\.0 KiB"):
        POLICY.check(params(size=2048))


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [("a.exe", "application/x-msdownload"), ("a.avi", "video/avi"), ("a.avi", ""), ("a", "")],
)
def test_types_that_never_reach_the_model_are_rejected(name: str, mime_type: str) -> None:
    with pytest.raises(MimeTypeNotAllowed):
        POLICY.check(params(name=name, mime_type=mime_type))


@pytest.mark.parametrize(
    "mime_type",
    [
        "image",
        "image/",
        "/png",
        "a b/c",
        "image/png\r\nx: y",
    ],
)
def test_what_is_no_mime_type_is_rejected(mime_type: str) -> None:
    with pytest.raises(MimeTypeNotAllowed):
        POLICY.check(params(mime_type=mime_type))


@pytest.mark.parametrize(
    ("name", "mime_type", "instead"),
    [
        ("a.rar", "application/vnd.rar", "make a .zip of it"),
        ("a.numbers", "", "save it as .xlsx"),
        ("a.cr2", "image/x-canon-cr2", "raw photos can't be decoded here; export it as PNG"),
        ("a.mov", "video/quicktime", "save it as .mp4"),
    ],
)
def test_a_type_that_never_reaches_the_model_is_rejected_with_advice(
    name: str, mime_type: str, instead: str
) -> None:
    with pytest.raises(MimeTypeNotAllowed, match=instead):
        POLICY.check(params(name=name, mime_type=mime_type))


@pytest.mark.parametrize("name", ["a.mp3", "a.mp4"])
def test_recordings_are_rejected_with_advice_where_nothing_transcribes_them(name: str) -> None:
    policy = AttachmentPolicy(max_bytes=1024, transcribes=False)
    with pytest.raises(MimeTypeNotAllowed, match="attach a transcript of it"):
        policy.check(params(name=name, mime_type=""))
    policy = AttachmentPolicy(1024, allowed_mime_types=("audio/*", "video/*"), transcribes=False)
    assert policy.check(params(name=name, mime_type="")).size == 10


def test_a_recording_that_is_too_large_to_be_transcribed_is_rejected_with_advice() -> None:
    policy = AttachmentPolicy(max_bytes=100 * 1024 * 1024)
    most, name, mime_type = MOST_RECORDING_BYTES, "meeting.mp3", "audio/mpeg"
    assert policy.check(params(name, most, mime_type)).size == most
    with pytest.raises(AttachmentTooLarge, match=r"25\.0 MiB of sound .* lower bit rate"):
        policy.check(params(name, most + 1, mime_type))
    assert policy.check(params("a.pdf", most + 1, "application/pdf")).size == most + 1


@pytest.mark.parametrize("file_type", FILE_TYPES, ids=lambda each: each.mime_type)
def test_by_default_exactly_what_reaches_the_model_is_allowed(file_type: FileType) -> None:
    reason = POLICY.why_not(file_type)
    assert (reason is None) == file_type.reaches_model
    if reason:
        assert file_type.mime_type in reason and file_type.why_nothing in reason


@pytest.mark.parametrize(
    ("allowed", "name", "mime_type", "is_allowed"),
    [
        ("image/png", "a.png", "image/png", True),
        ("image/png", "a.png", "", True),
        ("image/png", "a.gif", "image/gif", False),
        ("image/*", "a.heic", "image/heic", True),
        ("image/x-icon", "a.ico", "image/vnd.microsoft.icon", True),
        ("application/zip", "a.zip", "application/x-zip-compressed", True),
        ("application/x-acme", "a.acme", "application/x-acme", True),
        ("application/vnd.acme+json", "a.json", "application/vnd.acme+json", True),
        ("*", "a.mp4", "video/mp4", True),
    ],
)
def test_the_types_that_the_operator_names_are_allowed(
    allowed: str, name: str, mime_type: str, is_allowed: bool
) -> None:
    policy = AttachmentPolicy(max_bytes=1024, allowed_mime_types=(allowed,))
    if is_allowed:
        policy.check(params(name=name, mime_type=mime_type))
    else:
        with pytest.raises(MimeTypeNotAllowed, match="can't be attached here"):
            policy.check(params(name=name, mime_type=mime_type))


@given(st.text(), st.integers(), st.text())
def test_any_input_is_accepted_or_rejected_in_words(name: str, size: int, mime_type: str) -> None:
    try:
        accepted = POLICY.check(params(name, size, mime_type))
    except AppError as error:
        assert 400 <= error.status < 500
        assert error.message
    else:
        assert accepted.name == name


def test_sizes_in_words() -> None:
    assert [in_words(n) for n in (1, 1536, 25 * 1024**2, 3 * 1024**4)] == [
        "1 byte",
        "1.5 KiB",
        "25.0 MiB",
        "3,072.0 GiB",
    ]
