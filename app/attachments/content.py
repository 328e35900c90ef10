"""Checks a file's first bytes against its declared type, and corrects the type."""

import codecs
import re

from app.file_types.encodings import find_encoding, marked_codec
from app.file_types.file_type import Family, FileType, Signature
from app.file_types.signatures import detect
from app.file_types.table import container, of_name, of_type, resolve

# Enough for every signature, and to judge whether the content is text.
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

# The tags of https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type,
# and others that make a browser load or run something.
_PAGE = re.compile(
    rb"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg"
    rb"|img|object|embed|form|meta|link|base|math|video|audio)[\s>/]",
    re.IGNORECASE,
)
_XML_PAGE = re.compile(rb"<(?:[\w-]+:)?(?:html|svg|script|xsl:stylesheet|stylesheet)[\s>/]", re.I)
_VISIBLE = re.compile(rb"\S")
_DECLARATION = re.compile(rb"<!(?!doctype\s+html)", re.IGNORECASE)
_SCRIPT = re.compile(rb"(?:#!|<\?php|<\?=|<%|javascript:)", re.IGNORECASE)
_HTML, _SVG, _XML_DOCUMENT, _XML, _A_SCRIPT = (
    *("an HTML page", "an SVG drawing", "an XML page", "XML", "a script"),
)
# Programs write pages and XML as files for older versions of Office, which open them.
_SAVED_FOR_OFFICE = {_HTML: "text/html", _XML: "application/xml"}

# The standard's "binary data bytes", which no text in any encoding in use has.
_BINARY = bytes({*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)} - {0})
_TOLERATED_BINARY_SHARE = 0.02
_PLAIN_TEXT = "text/plain"


def check_content(head: bytes, file_type: FileType) -> str | None:
    """Return what is wrong with a file of `file_type` that begins with `head`, in words, or None.

    A type with known signatures must have one of them, and text must be text. A file of any other
    type passes unless it is a program, a page, a script, or one of the best known formats.
    """
    found = detect(head)
    if file_type.is_text:
        return None if _is_text(head, found) else _mismatch(file_type, found or "binary data")
    if head.startswith(_EXECUTABLES):
        return _mismatch(file_type, "a program")
    if active := _active_content(head):
        return _mismatch(file_type, active)
    if found in file_type.signatures or container(found) in file_type.signatures:
        return None
    if file_type.signatures or (found in _DISGUISED and not _is_image(file_type)):
        return _mismatch(file_type, found or "something else")
    return None


def corrected_type(head: bytes, declared: FileType, name: str) -> FileType | None:
    """Return the real type of a file called `name`, if it is another than `declared`.

    Return None if it has the declared type, if its real type can't be found, or if its real type is
    harmful: a page, a drawing, a script or a program. Only a file that was declared as one of an
    older version of Office may really be a page or XML.
    """
    found = detect(head)
    if _fits(found, declared):
        return None
    if _is_text(head, found) and (declared.is_text or found != Signature.RTF):
        mime_type = None if declared.is_text else _text_type(head, declared, name)
    elif head.startswith(_EXECUTABLES):
        return None
    else:
        mime_type = found
    real = of_type(mime_type or "")
    if real is None or real is declared:
        return None
    # The type is resolved again at each use, where some suffixes lead back to the declared one.
    return real if resolve(name, real.mime_type) is real else None


def _fits(found: str | None, declared: FileType) -> bool:
    """Return whether content of the type `found` certainly has the declared type."""
    if container(found) == Signature.ZIP and Signature.ZIP in declared.signatures:
        # `detect` depends on the order of a zip archive's entries. Only the suffixes of older
        # versions of Office are certainly wrong for such an archive.
        return declared.signatures[0] != Signature.COMPOUND or found == Signature.ZIP
    return found in declared.signatures and found != Signature.RTF


def _text_type(head: bytes, declared: FileType, name: str) -> str | None:
    encoding = find_encoding(head)
    text = head if encoding is None else head.decode(encoding.codec, "replace").encode()
    active = _active_content(text)
    is_for_old_office = declared.signatures[:1] == (Signature.COMPOUND,)
    if active:
        return _SAVED_FOR_OFFICE.get(active) if is_for_old_office else None
    if not declared.signatures:
        return None
    by_name = of_name(name)
    if by_name is not None and by_name.is_text:
        return by_name.mime_type
    return _table_type(text) if declared.family is Family.SPREADSHEET else _PLAIN_TEXT


def _table_type(text: bytes) -> str:
    """Return the type of a table that is written as text, by its first line."""
    heading = text.partition(b"\n")[0]
    if b"\t" in heading:
        return "text/tab-separated-values"
    return "text/csv" if b"," in heading or b";" in heading else _PLAIN_TEXT


def _is_image(file_type: FileType) -> bool:
    return file_type.family is Family.IMAGE or file_type.mime_type.startswith("image/")


def _mismatch(file_type: FileType, real: str) -> str:
    return f"it was declared as {file_type.mime_type}, but its content is {real}"


def _active_content(head: bytes) -> str | None:
    """Return what a browser or a shell could run the file as; None if it is not active."""
    text = _unmarked(head)
    start = text[_content_begin(text) :]
    if start[:5].lower() == b"<?xml":
        return _XML_DOCUMENT if _XML_PAGE.search(start) else _XML
    if _PAGE.match(start):
        return _SVG if start[:4].lower() == b"<svg" else _HTML
    return _A_SCRIPT if _SCRIPT.match(start) else None


def _content_begin(text: bytes) -> int:
    """Return where white space, comments and declarations end.

    It reads each byte a few times at most, for any text, because it runs in the event loop.
    """
    position = 0
    last_comment_end = text.rfind(b"-->")
    while True:
        visible = _VISIBLE.search(text, position)
        position = visible.start() if visible else len(text)
        if not _DECLARATION.match(text, position):
            return position
        is_comment = text.startswith(b"<!--", position) and last_comment_end >= position + 4
        mark, begin = (b"-->", position + 4) if is_comment else (b">", position + 2)
        end = text.find(mark, begin)
        if end < 0:
            return position
        position = end + len(mark)


def _is_text(head: bytes, found: str | None) -> bool:
    if found == Signature.PDF and head.lstrip().startswith(b"%PDF-"):
        return False
    text = _unmarked(head)
    binary = len(text) - len(text.translate(None, _BINARY))
    if b"\0" not in text and binary <= len(text) * _TOLERATED_BINARY_SHARE:
        return True
    # The bytes of UTF-16 and ISO-2022 look like binary data, and so does text with zeros in it.
    encoding = None if found else find_encoding(head)
    if encoding is None or encoding.is_guess:
        return False
    decoded = head.decode(encoding.codec, "replace").encode().translate(None, b"\0")
    return len(decoded) - len(decoded.translate(None, _BINARY)) <= len(decoded) * (
        _TOLERATED_BINARY_SHARE
    )


def _unmarked(head: bytes) -> bytes:
    """Return `head` in UTF-8 and without its byte order mark, if it has one."""
    codec = marked_codec(head)
    if codec is None:
        return head
    return codecs.getincrementaldecoder(codec)("replace").decode(head).encode()
