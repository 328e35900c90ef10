"""The first bytes of a file must fit its declared type."""

import io
import re
import zipfile

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.attachments.content import HEAD_BYTES, check_content, corrected_type
from app.file_types.table import resolve

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

ACTIVE = {
    "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "html after blanks": b"\n\t  <HTML><body>",
    "html after a comment": b"<!-- nothing to see --><script>alert(1)</script>",
    "html after a byte order mark": b"\xef\xbb\xbf<html>",
    "html in UTF-16": "\ufeff<html><script>".encode("utf-16-le"),
    "image tag": b"<img src=x onerror=alert(1)>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg as XML": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "svg with a doctype": b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg onload="x"/>',
    "xhtml": b'<?xml version="1.0"?>\n<!-- --><html xmlns="http://www.w3.org/1999/xhtml">',
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "php": b"<?php system($_GET['c']); ?>",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(57),
    "windows program": b"MZ\x90\0" + bytes(60),
    "mach-o": b"\xcf\xfa\xed\xfe" + bytes(28),
    "java class": b"\xca\xfe\xba\xbe\0\0\0\x34",
    "web assembly": b"\0asm\1\0\0\0",
}

IMAGES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
    "image/avif": "AVIF",
}


pillow_heif.register_heif_opener()


def image(image_format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, image_format)
    return out.getvalue()


def archive(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr(name, "<x/>")
    return out.getvalue()


MATCHING = [
    *((image(image_format), mime_type) for mime_type, image_format in IMAGES.items()),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    (b"junk before it\n%PDF-1.4\n", "application/pdf"),
    (archive("word/document.xml"), DOCX),
    (archive("content.xml"), "application/vnd.oasis.opendocument.text"),
    (archive("a.txt"), "application/zip"),
    (OLE, DOCX),  # with a password
    (OLE, "application/msword"),
    (b"{\\rtf1\\ansi hello}", "application/msword"),
    (b"{\\rtf1\\ansi hello}", "application/rtf"),
    (b"hello", "text/plain"),
    ("Grüße, 世界 🎉".encode(), "text/markdown"),
    ("Grüße".encode("latin-1"), "text/plain"),
    ("\ufeffname;größe\n".encode("utf-16-le"), "text/csv"),
    ("世界".encode("shift-jis"), "text/plain"),
    (b"\x1b[31mred\x1b[0m\n", "text/plain"),
    (b"hello\0world", "text/plain"),
    ("name;größe\r\n".encode("utf-16-le"), "text/csv"),
    ("한국어".encode("iso2022_kr"), "text/plain"),
    (b'{"a": 1}', "application/json"),
    (b"<!DOCTYPE html><html>", "text/html"),
    (b"#!/bin/sh\n", "text/x-shellscript"),
    (b"#!/usr/bin/env python3\n", "application/x-python"),
    (b"MZ is how this sentence begins", "text/plain"),
    (b'<?xml version="1.0"?><feed/>', "application/xml"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    (b"From: a@example.org\r\n\r\nhello", "message/rfc822"),
    (b"BEGIN:VCARD\r\nVERSION:4.0\r\n", "text/vcard"),
    (bytes(range(256)), "application/octet-stream"),
    (b"\0\1\2\3anything", "application/vnd.example.private"),
    (archive("index.xml"), "application/vnd.apple.pages"),
]


def problem_of(head: bytes, mime_type: str) -> str | None:
    return check_content(head, resolve("no suffix", mime_type))


@pytest.mark.parametrize(("head", "mime_type"), MATCHING)
def test_files_of_their_declared_type_pass(head: bytes, mime_type: str) -> None:
    assert problem_of(head[:HEAD_BYTES], mime_type) is None


@pytest.mark.parametrize("mime_type", [*IMAGES, "application/pdf", "application/zip", DOCX])
@pytest.mark.parametrize("disguise", ACTIVE)
def test_active_content_never_passes_as_a_type_with_a_signature(
    disguise: str, mime_type: str
) -> None:
    problem = problem_of(ACTIVE[disguise], mime_type)
    assert problem is not None and mime_type in problem


@pytest.mark.parametrize("disguise", ACTIVE)
def test_active_content_never_passes_as_an_unknown_type(disguise: str) -> None:
    assert problem_of(ACTIVE[disguise], "application/vnd.example.private")


@pytest.mark.parametrize("declared", IMAGES)
@pytest.mark.parametrize("real", IMAGES)
def test_one_image_type_does_not_pass_as_another(declared: str, real: str) -> None:
    # HEIC and AVIF share a container and its brands, and browsers are never shown either.
    same = declared == real or {declared, real} == {"image/heic", "image/avif"}
    assert (problem_of(image(IMAGES[real]), declared) is None) == same


@pytest.mark.parametrize(
    ("head", "mime_type"),
    [
        (archive("a.txt"), "image/png"),
        (archive("a.txt"), "application/pdf"),
        (image("PNG"), "application/pdf"),
        (image("PNG"), DOCX),
        (image("PNG"), "text/plain"),
        (OLE, "text/csv"),
        (archive("a.txt"), "text/plain"),
        (b"%PDF-1.7\n", "text/plain"),
        (b"hello" + bytes(9), "text/plain"),
        (b"hello world", "image/png"),
        (b"hello world", "application/pdf"),
        (b"\x89PNG", "image/png"),
        (image("JPEG"), "application/vnd.example.private"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "image/heic"),
        (b"RIFF\x10\0\0\0WAVEfmt \x10\0\0\0", "image/webp"),
        (b"anything", "application/vnd.apple.pages"),
        (b"anything", "application/epub+zip"),
    ],
)
def test_files_of_another_type_do_not_pass(head: bytes, mime_type: str) -> None:
    assert problem_of(head, mime_type)


XLS = "application/vnd.ms-excel"
MS_TABLE = b'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table>'


@pytest.mark.parametrize(
    ("name", "declared", "head", "real"),
    [
        ("photo.jpg", "image/jpeg", image("PNG"), "image/png"),
        ("photo.jpg", "image/jpeg", image("WEBP"), "image/webp"),
        ("photo.jpg", "image/jpeg", image("HEIF"), "image/heic"),
        ("photo.jpg", "image/jpeg", image("AVIF"), "image/avif"),
        ("photo.png", "image/png", image("TIFF"), "image/tiff"),
        ("scan.pdf", "application/pdf", image("JPEG"), "image/jpeg"),
        ("scan.jpg", "image/jpeg", b"%PDF-1.7\n", "application/pdf"),
        ("table.xls", XLS, MS_TABLE, "text/html"),
        ("table.xls", XLS, b'<?xml version="1.0"?><Workbook/>', "application/xml"),
        ("table.xls", XLS, b"a\tb\r\n1\t2\r\n3\t4\r\n", "text/tab-separated-values"),
        ("table.xls", XLS, b"a;b\r\n1;2\r\n3;4\r\n", "text/csv"),
        ("letter.doc", "application/msword", b"{\\rtf1 hello}", "application/rtf"),
        ("letter.docx", DOCX, b"Dear Sir or Madam", "text/plain"),
        ("notes.txt", "text/plain", image("PNG"), "image/png"),
        ("notes.md", "application/pdf", b"# Notes", "text/markdown"),
    ],
)
def test_a_wrong_type_is_corrected(name: str, declared: str, head: bytes, real: str) -> None:
    corrected = corrected_type(head, resolve(name, declared), name)
    assert corrected is not None and corrected.mime_type == real
    assert check_content(head, corrected) is None
    assert resolve(name, real) is corrected, "it stays what it is whenever it is used"


@pytest.mark.parametrize(("head", "mime_type"), MATCHING)
def test_what_has_its_type_is_not_corrected(head: bytes, mime_type: str) -> None:
    corrected = corrected_type(head[:HEAD_BYTES], resolve("no suffix", mime_type), "no suffix")
    assert corrected is None or corrected.mime_type == "application/rtf"


@pytest.mark.parametrize("mime_type", [*IMAGES, "application/pdf", "application/zip", DOCX])
@pytest.mark.parametrize("disguise", ACTIVE)
def test_active_content_is_never_corrected(disguise: str, mime_type: str) -> None:
    for name in ("a", "a.html", "a.svg", "a.sh", "a.exe"):
        assert corrected_type(ACTIVE[disguise], resolve("a", mime_type), name) is None


def test_a_page_in_utf_16_without_a_mark_is_no_text_in_disguise() -> None:
    page = "<html><script>alert(1)</script></html>".encode("utf-16-le")
    assert corrected_type(page, resolve("a", "image/png"), "a.png") is None


@pytest.mark.parametrize("disguise", [each for each in ACTIVE if not each.startswith("html")])
def test_a_file_for_old_office_may_be_a_page_but_no_script(disguise: str) -> None:
    corrected = corrected_type(ACTIVE[disguise], resolve("a.xls", XLS), "a.xls")
    assert corrected is None or (corrected.mime_type == "text/html" and disguise == "image tag")


@given(st.binary(max_size=300), st.text(max_size=40), st.text(max_size=20))
def test_nothing_makes_correcting_raise(head: bytes, mime_type: str, name: str) -> None:
    corrected_type(head, resolve(name, mime_type), name)


@given(st.binary(max_size=400), st.sampled_from([*IMAGES, "application/pdf", "application/zip"]))
def test_random_bytes_are_not_an_image(head: bytes, mime_type: str) -> None:
    assert problem_of(b"\xff\0" + head, mime_type)


@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_any_text_of_printable_characters_is_text(text: str, encoding: str) -> None:
    printable = "".join(each for each in text if each.isprintable() or each in "\n\r\t")
    head = printable.encode(encoding)
    if not printable.lstrip().startswith("%PDF-"):
        assert problem_of(head, "text/plain") is None


@given(st.binary(max_size=300), st.text(max_size=40))
def test_nothing_makes_it_raise(head: bytes, mime_type: str) -> None:
    problem_of(head, mime_type)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [b"<!--x>", b"<!-->", b"<!x>", b"<!--x-->", b" <!--"])
def test_comments_are_read_in_linear_time(unit: bytes) -> None:
    # An expression that looked for every comment's end would take minutes for this.
    head = unit * (4_000_000 // len(unit))
    check_content(head, resolve("a.png", "image/png"))


@given(st.lists(st.sampled_from([b"<!--", b"-->", b"<!", b">", b"x", b" ", b"<script>"])))
def test_a_script_behind_comments_is_found(parts: list[bytes]) -> None:
    before = re.compile(rb"(?:\s|<!--.*?-->|<!(?!doctype\s+html)[^>]*>)*", re.I | re.S)
    head = b"".join(parts) + b"<script>"
    skipped = before.match(head)
    assert skipped
    is_script = head[skipped.end() :].startswith(b"<script>")
    found = check_content(head, resolve("a.bin", "application/x-any"))
    assert (found is not None) == is_script
