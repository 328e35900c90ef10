"""The table of file types has no contradictions, and every file has its row."""

import mimetypes
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.file_types.file_type import Delivery, FileType, Signature
from app.file_types.table import FILE_TYPES, INLINE_MIME_TYPES, of_name, plain_type, resolve

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

each_row = pytest.mark.parametrize("row", FILE_TYPES, ids=lambda row: row.mime_type)


def test_no_type_and_no_suffix_is_in_two_rows() -> None:
    names = Counter(name for row in FILE_TYPES for name in (row.mime_type, *row.aliases))
    suffixes = Counter(suffix for row in FILE_TYPES for suffix in row.suffixes)
    assert [name for name, count in (names + suffixes).items() if count > 1] == []


@each_row
def test_a_row_is_complete_and_in_lower_case(row: FileType) -> None:
    names = (row.mime_type, *row.aliases, *row.mistaken_for)
    assert all(name == plain_type(name) and name.count("/") == 1 for name in names)
    assert row.suffix.startswith(".") and all(each == each.lower() for each in row.suffixes)
    assert bool(row.why_nothing) == (row.delivery is Delivery.NOTHING)
    assert row.is_inline == (row.delivery is Delivery.IMAGE)
    assert bool(row.decoder) == row.is_image_for_model
    assert row.is_text or row.delivery is not Delivery.TEXT
    assert Signature.ZIP in row.signatures or not row.required_entry


def test_only_four_types_are_ever_shown_in_a_page() -> None:
    assert {"image/png", "image/jpeg", "image/webp", "image/gif"} == INLINE_MIME_TYPES


@each_row
def test_a_row_is_found_by_each_of_its_names_and_suffixes(row: FileType) -> None:
    for declared in (row.mime_type, *row.aliases, row.mime_type.upper(), f"{row.mime_type}; a=b"):
        assert resolve("no suffix", declared) is row
    for suffix in row.suffixes:
        for declared in ("", "application/octet-stream", "application/x-never-heard-of"):
            name = f"Some.Name{suffix.upper()}" if suffix.startswith(".") else suffix.title()
            assert resolve(name, declared) is row
            assert resolve(f"C:\\folder.zip\\{name}", declared) is row
        for mistaken in row.mistaken_for:
            assert resolve(f"a{suffix}", mistaken) is row


@pytest.mark.parametrize(
    ("name", "declared", "resolved"),
    [
        ("IMG_1.HEIC", "application/octet-stream", "image/heic"),
        ("README.md", "", "text/markdown"),
        ("README.md", "text/plain", "text/markdown"),
        ("a.ts", "video/mp2t", "text/x-typescript"),
        ("a.ts", "text/vnd.trolltech.linguist", "text/x-typescript"),
        ("a.csv", "application/vnd.ms-excel", "text/csv"),
        ("a.csv", "application/msexcel", "text/csv"),
        ("a.rtf", "application/msword", "application/rtf"),
        (
            "a.docx",
            "application/zip",
            f"{'application/vnd.openxmlformats-officedocument'}.wordprocessingml.document",
        ),
        ("a.geojson", "application/json", "application/geo+json"),
        ("a.svg", "text/xml", "image/svg+xml"),
        ("a.mdx", "application/x-genesis-32x-rom", "text/markdown"),
        ("photo.jpg", "image/png", "image/png"),
        ("a.pdf", "text/plain", "text/plain"),
        ("a.txt", "application/json", "application/json"),
        ("a.x", "text/x-never-heard-of", "text/x-never-heard-of"),
        ("a.json", "application/vnd.acme+json", "application/vnd.acme+json"),
        ("a.x", "application/x-never-heard-of", "application/x-never-heard-of"),
        ("a.tar.gz", "", "application/gzip"),
        ("Makefile", "", "text/x-makefile"),
        (".env", "", "text/x-properties"),
        ("png", "", "application/octet-stream"),
        ("no suffix", "", "application/octet-stream"),
        ("", "", "application/octet-stream"),
    ],
)
def test_the_suffix_decides_where_the_declared_type_is_vague_or_wrong(
    name: str, declared: str, resolved: str
) -> None:
    assert resolve(name, declared).mime_type == resolved


@pytest.mark.parametrize(
    ("mime_type", "delivery"),
    [
        ("text/x-never-heard-of", Delivery.TEXT),
        ("application/x-never-heard-of+xml", Delivery.TEXT),
        ("application/x-never-heard-of", Delivery.NOTHING),
        ("image/x-never-heard-of", Delivery.NOTHING),
    ],
)
def test_types_that_the_table_does_not_have_are_text_or_nothing(
    mime_type: str, delivery: Delivery
) -> None:
    unknown = resolve("a.x", mime_type)
    assert not unknown.is_known
    assert unknown.delivery is delivery


def test_what_python_declares_for_a_suffix_is_never_mistaken() -> None:
    """The standard library's table is an example of those of systems, written by others."""
    declared = mimetypes.MimeTypes(filenames=()).types_map
    of_python = {suffix: mime_type for table in declared for suffix, mime_type in table.items()}
    compared = 0
    for suffix, mime_type in of_python.items():
        row = of_name(f"a{suffix}")
        if row is not None:
            assert resolve(f"a{suffix}", mime_type) is row, (suffix, mime_type)
            compared += 1
    assert compared > 50


@given(st.text(max_size=40), st.text(max_size=40))
@example("a.csv", "application/vnd.ms-excel; charset=utf-8")
@example("a.bat", "application/x-msdos-program")
def test_what_was_resolved_stays_what_it_is(name: str, declared: str) -> None:
    row = resolve(name, declared)
    assert resolve(name, row.mime_type) == row
