"""Checks a file's first bytes against the type that it was declared as."""

import codecs
import re

from app.file_types.encodings import marked_codec
from app.file_types.file_type import Family, FileType, Signature
from app.file_types.signatures import detect

# Enough for every signature, and for a fair look at whether something is text.
HEAD_BYTES = 8192

# A file of one of these formats is rejected if another type is declared, even if that type has no
# known signature.
_DISGUISED = {
    *(Signature.PNG, Signature.JPEG, Signature.GIF, Signature.WEBP, Signature.BMP),
    *(Signature.TIFF, Signature.PDF),
}

# ELF, Windows, Mach-O in both orders and widths, Java and universal binaries, WebAssembly.
_EXECUTABLES = (
    *(b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf"),
    *(b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm"),
)

# https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type, and those
# that run elsewhere.
_PAGE = re.compile(
    rb"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg"
    rb"|img|object|embed|form|meta|link|base|math|video|audio)[\s>/]",
    re.IGNORECASE,
)
_XML_PAGE = re.compile(rb"<(?:[\w-]+:)?(?:html|svg|script|xsl:stylesheet|stylesheet)[\s>/]", re.I)
_SKIPPED = re.compile(rb"(?:\s|<!--.*?-->|<!(?!doctype\s+html)[^>]*>)*", re.IGNORECASE | re.DOTALL)
_SCRIPT = re.compile(rb"(?:#!|<\?php|<\?=|<%|javascript:)", re.IGNORECASE)

# The standard's "binary data bytes", which no text in any encoding in use has.
_BINARY = bytes({*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)} - {0})
_TOLERATED_BINARY_SHARE = 0.02


def check_content(head: bytes, file_type: FileType) -> str | None:
    """Return what is wrong with a file of `file_type` that begins with `head`, in words, or None.

    A type with known signatures must have one of them, and text must be text. A file of any other
    type passes unless it is a program, a page, a script, or one of the best known formats.
    """
    if file_type.is_text:
        return _check_text(head, file_type)
    if head.startswith(_EXECUTABLES):
        return _mismatch(file_type, "a program")
    if active := _active_content(head):
        return _mismatch(file_type, active)
    found = detect(head)
    if found in file_type.signatures:
        return None
    if file_type.signatures or (found in _DISGUISED and not _is_image(file_type)):
        return _mismatch(file_type, found or "something else")
    return None


def _is_image(file_type: FileType) -> bool:
    return file_type.family is Family.IMAGE or file_type.mime_type.startswith("image/")


def _mismatch(file_type: FileType, real: str) -> str:
    return f"it was declared as {file_type.mime_type}, but its content is {real}"


def _active_content(head: bytes) -> str | None:
    """Return what a browser or a shell would run the file as, if it were asked to."""
    text = _unmarked(head)
    start = text[_SKIPPED.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    if start[:5].lower() == b"<?xml":
        return "an XML page" if _XML_PAGE.search(start) else "XML"
    if _PAGE.match(start):
        return "an SVG drawing" if start[:4].lower() == b"<svg" else "an HTML page"
    return "a script" if _SCRIPT.match(start) else None


def _check_text(head: bytes, file_type: FileType) -> str | None:
    if head.lstrip().startswith(b"%PDF-"):
        return _mismatch(file_type, Signature.PDF)
    text = _unmarked(head)
    if b"\0" in text:
        return _mismatch(file_type, "binary data")
    binary = len(text) - len(text.translate(None, _BINARY))
    if binary > len(text) * _TOLERATED_BINARY_SHARE:
        return _mismatch(file_type, "binary data")
    return None


def _unmarked(head: bytes) -> bytes:
    """Return `head` in UTF-8 and without its byte order mark, if it has one."""
    codec = marked_codec(head)
    if codec is None:
        return head
    return codecs.getincrementaldecoder(codec)("replace").decode(head).encode()
