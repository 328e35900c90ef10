"""What a file's first bytes say about it, against what it says about itself."""

import re

import puremagic

# Enough for every signature, and for a fair look at whether something is text.
HEAD_BYTES = 8192

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff")
_OPENXML = "application/vnd.openxmlformats-officedocument."
_OPENDOCUMENT = "application/vnd.oasis.opendocument."
_OLD_OFFICE = (
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
)

# Brands of ISO/IEC 14496-12 files that are still images (HEIF, ISO/IEC 23008-12; AVIF 1.1).
_IMAGE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
_IMAGE_CONTAINERS = {
    *("image/heic", "image/heif", "image/avif", "image/heic-sequence", "image/heif-sequence"),
}

# Besides text/*, and what ends in +xml, +json or +yaml.
_TEXT_TYPES = {
    *("application/json", "application/jsonl", "application/x-ndjson", "application/xml"),
    *("application/yaml", "application/x-yaml", "application/toml", "application/csv"),
    *("application/javascript", "application/x-javascript", "application/ecmascript"),
    *("application/typescript", "application/x-python", "application/x-httpd-php"),
    *("application/x-sh", "application/sql", "application/graphql", "application/x-tex"),
    *("application/x-subrip", "application/x-pem-file", "application/rtf", "message/rfc822"),
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

_BOMS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# The standard's "binary data bytes", which no text in any encoding in use has.
_BINARY = bytes({*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)} - {0})
_TOLERATED_BINARY_SHARE = 0.02


def check_content(head: bytes, mime_type: str) -> str | None:
    """What is wrong with a file that says it is `mime_type` and begins with `head`, in words.

    None when nothing is. Types with a known signature must have it, text types must be text, and
    other types pass unless they are a program, a page or a script, or one of the known ones.
    """
    if is_text_type(mime_type):
        return _check_text(head, mime_type)
    if head.startswith(_EXECUTABLES):
        return _mismatch(mime_type, "a program")
    if active := _active_content(head):
        return _mismatch(mime_type, active)
    found = _detected(head)
    expected = _expected(mime_type)
    if expected is None:
        disguised = found & {*_IMAGES, "application/pdf"} and not mime_type.startswith("image/")
        return _mismatch(mime_type, " or ".join(sorted(found))) if disguised else None
    if found & expected:
        return None
    return _mismatch(mime_type, " or ".join(sorted(found)[:2]) or "something else")


def is_text_type(mime_type: str) -> bool:
    """Whether a file of this type is text, in whatever encoding."""
    return (
        mime_type.startswith("text/")
        or mime_type in _TEXT_TYPES
        or mime_type.endswith(("+xml", "+json", "+yaml"))
    )


def _mismatch(mime_type: str, real: str) -> str:
    return f"it says it is {mime_type}, but its content is {real}"


def _expected(mime_type: str) -> set[str] | None:
    """The signatures that a file of this type may have; None where the type has none we know."""
    if mime_type in _IMAGES or mime_type in {"application/pdf", "application/zip"}:
        return {mime_type}
    if mime_type in _IMAGE_CONTAINERS:
        return {"image/heif"}
    if mime_type.startswith(_OPENXML):
        # With a password, these are stored in the older container.
        return {"application/zip", "application/x-ole"}
    if mime_type.startswith(_OPENDOCUMENT):
        return {"application/zip"}
    if mime_type in _OLD_OFFICE:
        # Saved under the older suffix by newer programs, which every reader accepts.
        return {"application/x-ole", "application/zip", "application/rtf"}
    return None


def _detected(head: bytes) -> set[str]:
    """Signatures found, by the types' registered names."""
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in (8, *range(16, min(len(head), 64), 4))}
        return {"image/heif"} if brands & _IMAGE_BRANDS else {"video/mp4"}
    if b"%PDF-" in head[:1024]:
        # Readers look for it in the first 1024 bytes (ISO 32000-1, annex H.3.4.1).
        return {"application/pdf"}
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return {"application/zip"}
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return {"application/x-ole"}
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return set()
    types = {match.mime_type for match in matches if match.mime_type}
    return {"image/bmp" if found == "image/x-ms-bmp" else found for found in types}


def _active_content(head: bytes) -> str | None:
    """What a browser or a shell would run it as, if it were asked to."""
    text = _without_bom(head)
    start = text[_SKIPPED.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    if start[:5].lower() == b"<?xml":
        return "an XML page" if _XML_PAGE.search(start) else "XML"
    if _PAGE.match(start):
        return "an SVG drawing" if start[:4].lower() == b"<svg" else "an HTML page"
    return "a script" if _SCRIPT.match(start) else None


def _check_text(head: bytes, mime_type: str) -> str | None:
    if head.lstrip().startswith(b"%PDF-"):
        return _mismatch(mime_type, "application/pdf")
    text = _without_bom(head)
    if b"\0" in text:
        return _mismatch(mime_type, "binary data")
    binary = len(text) - len(text.translate(None, _BINARY))
    if binary > len(text) * _TOLERATED_BINARY_SHARE:
        return _mismatch(mime_type, "binary data")
    return None


def _without_bom(head: bytes) -> bytes:
    """As UTF-8 where a byte order mark says what it is; as it is otherwise."""
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return head[len(mark) :] if encoding == "utf-8" else _as_utf8(head, encoding)
    return head


def _as_utf8(head: bytes, encoding: str) -> bytes:
    width = 4 if encoding == "utf-32" else 2
    whole = head[: len(head) // width * width]
    return whole.decode(encoding, "replace").removeprefix("\ufeff").encode()
