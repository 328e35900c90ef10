"""What a file is, as far as the model API cares, by its MIME type and name.

The rules are those of OpenAI's guides on images and file inputs.
"""

from enum import StrEnum
from pathlib import PurePosixPath

from app.attachments.content import is_text_type


class Kind(StrEnum):
    """How a file reaches the model."""

    IMAGE = "image"
    DOCUMENT = "document"
    TEXT = "text"
    MAIL = "mail"
    OTHER = "other"


_DOCUMENT_SUFFIXES = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/vnd.apple.pages": "pages",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.apple.keynote": "key",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
# Formats that the model API does not take as a file, but a text can be extracted from.
_EXTRACT_ONLY_SUFFIXES = {
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/epub+zip": "epub",
}
_UNSPECIFIC_TYPES = {"", "application/octet-stream", "binary/octet-stream"}
_TEXT_SUFFIXES = {
    *("bat", "bib", "c", "cc", "cfg", "conf", "cpp", "cs", "css", "csv", "cxx", "diff", "env"),
    *("go", "gradle", "graphql", "h", "hpp", "htm", "html", "ics", "ini", "ipynb", "java", "jl"),
    *("js", "json", "jsonl", "jsx", "kt", "latex", "lock", "log", "lua", "m", "makefile", "md"),
    *("mdx", "patch", "php", "pl", "properties", "ps1", "py", "r", "rb", "rs", "rst", "scala"),
    *("sh", "sql", "srt", "svg", "swift", "tex", "toml", "ts", "tsv", "tsx", "txt", "vcf", "vue"),
    *("xml", "yaml", "yml", "zig"),
}
_IMAGE_SUFFIXES = {
    *("png", "jpg", "jpeg", "jfif", "webp", "gif", "heic", "heif", "tif", "tiff", "bmp"),
    *("avif", "ico"),
}


def plain_type(mime_type: str) -> str:
    """A MIME type without parameters, in lower case (RFC 9110, 8.3.1)."""
    return mime_type.split(";", 1)[0].strip().lower()


def kind_of(mime_type: str, name: str) -> Kind:
    """Decide by MIME type; by the name's suffix only where the type says nothing."""
    mime = plain_type(mime_type)
    if mime in _DOCUMENT_SUFFIXES or mime in _EXTRACT_ONLY_SUFFIXES:
        return Kind.DOCUMENT
    if mime == "message/rfc822":
        return Kind.MAIL
    if is_text_type(mime):
        return Kind.TEXT
    if mime.startswith("image/"):
        return Kind.IMAGE
    if mime in _UNSPECIFIC_TYPES:
        return _kind_of_suffix(_suffix(name))
    return Kind.OTHER


def _kind_of_suffix(suffix: str) -> Kind:
    if suffix in _IMAGE_SUFFIXES:
        return Kind.IMAGE
    if suffix in _TEXT_SUFFIXES:
        return Kind.TEXT
    if suffix == "eml":
        return Kind.MAIL
    if suffix in _DOCUMENT_SUFFIXES.values() or suffix in _EXTRACT_ONLY_SUFFIXES.values():
        return Kind.DOCUMENT
    return Kind.OTHER


def document_suffix(mime_type: str, name: str) -> str:
    """`pdf`, `docx`, …: the document's format, from its type or else its name; "" if neither."""
    mime = plain_type(mime_type)
    known = _DOCUMENT_SUFFIXES | _EXTRACT_ONLY_SUFFIXES
    if mime in known:
        return known[mime]
    suffix = _suffix(name)
    return suffix if suffix in known.values() else ""


def document_type(suffix: str) -> str:
    """The MIME type that `document_suffix` maps to `suffix`."""
    known = _DOCUMENT_SUFFIXES | _EXTRACT_ONLY_SUFFIXES
    return next(mime for mime, known_suffix in known.items() if known_suffix == suffix)


def taken_as_file(suffix: str) -> bool:
    """Whether the Responses API takes this format as `input_file`."""
    return suffix in _DOCUMENT_SUFFIXES.values()


def _suffix(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.suffix[1:].lower() or path.name.lower()
