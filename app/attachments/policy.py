"""What may be attached: pure rules on name, size and MIME type."""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatkit.types import AttachmentCreateParams

from app.errors import AttachmentTooLarge, InvalidName, InvalidSize, MimeTypeNotAllowed
from app.sizes import in_words
from app.storable import is_storable

MAX_NAME_CHARACTERS = 1000

# The types a browser shows safely in an <img>: the only ones that are ever served inline.
INLINE_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})

# RFC 6838 §4.2, restricted-name "/" restricted-name.
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")

_UNKNOWN = "application/octet-stream"

# What browsers and older systems say, and the registered name; source code and other text under
# a name of its own is plain text.
ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "text/xml": "application/xml",
    "application/x-yaml": "application/yaml",
    "text/x-markdown": "text/markdown",
    **dict.fromkeys(
        (
            *("application/toml", "application/sql", "application/jsonl", "application/x-ndjson"),
            *("application/x-sh", "application/x-shellscript", "application/x-httpd-php"),
            *("application/x-ruby", "application/x-subrip"),
        ),
        "text/plain",
    ),
}

# Names the standard library's table does not know on every platform.
_BY_SUFFIX = {
    ".md": "text/markdown",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".eml": "message/rfc822",
    ".geojson": "application/json",
    ".ipynb": "application/json",
    **dict.fromkeys(
        (
            *(".log", ".ini", ".cfg", ".env", ".toml", ".jsonl", ".srt", ".sh", ".sql", ".tex"),
            *(".ts", ".tsx", ".jsx", ".rs", ".go", ".rb", ".php", ".swift", ".kt"),
        ),
        "text/plain",
    ),
}
# Files that have no suffix.
_BY_NAME = {"dockerfile": "text/plain", "makefile": "text/plain"}


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """What may be created: the name as given, a clean MIME type, the size in bytes."""

    name: str
    mime_type: str
    size: int

    @property
    def is_image(self) -> bool:
        return self.mime_type in INLINE_IMAGE_TYPES


@dataclass(frozen=True, slots=True)
class AttachmentPolicy:
    """`allowed_mime_types` are exact types or end in `*`, such as `image/*`."""

    max_bytes: int
    allowed_mime_types: Sequence[str]

    def check(self, params: AttachmentCreateParams) -> CheckedUpload:
        """Raises `InvalidName`, `InvalidSize`, `AttachmentTooLarge` or `MimeTypeNotAllowed`."""
        _check_name(params.name)
        self.check_size(params.size)
        mime_type = clean_mime_type(params.mime_type, params.name)
        if not self._is_allowed(mime_type):
            raise MimeTypeNotAllowed(
                f"Files of the type {mime_type} can't be attached here.", param="mime_type"
            )
        return CheckedUpload(name=params.name, mime_type=mime_type, size=params.size)

    def check_size(self, size: int) -> None:
        """Raises `InvalidSize` or `AttachmentTooLarge`."""
        if size < 0:
            raise InvalidSize("The size of a file can't be negative.", param="size")
        if size == 0:
            raise InvalidSize(param="size")
        if size > self.max_bytes:
            raise AttachmentTooLarge(
                f"The file is too large: it has {in_words(size)}, and at most"
                f" {in_words(self.max_bytes)} can be attached.",
                param="size",
            )

    def _is_allowed(self, mime_type: str) -> bool:
        return any(
            mime_type.startswith(allowed[:-1]) if allowed.endswith("*") else mime_type == allowed
            for allowed in self.allowed_mime_types
        )


def clean_mime_type(mime_type: str, name: str) -> str:
    """Lower case, no parameters, the registered alias; guessed from the name where it says nothing.

    Browsers send an empty type for suffixes that the operating system doesn't know.
    Raises `MimeTypeNotAllowed` for what is no MIME type at all.
    """
    cleaned = mime_type.partition(";")[0].strip().lower()
    if cleaned in {"", _UNKNOWN}:
        suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
        known = _BY_SUFFIX.get(suffix) or _BY_NAME.get(name.lower())
        cleaned = known or mimetypes.guess_type(f"x{suffix}")[0] or _UNKNOWN
    if not _MIME_TYPE.fullmatch(cleaned):
        raise MimeTypeNotAllowed(
            f"{mime_type[:100]!r} is not a MIME type such as image/png.", param="mime_type"
        )
    return ALIASES.get(cleaned, cleaned)


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidName("The file has no name. Give it one and attach it again.", param="name")
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidName(
            f"The file's name has {len(name):,} characters; {MAX_NAME_CHARACTERS:,} are possible."
            " Rename it and attach it again.",
            param="name",
        )
    if not is_storable(name):
        raise InvalidName("The file's name has characters that can't be stored.", param="name")
