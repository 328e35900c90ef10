"""The pure rules on what may be attached: name, size and type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatkit.types import AttachmentCreateParams

from app.errors import AttachmentTooLarge, InvalidName, InvalidSize, MimeTypeNotAllowed
from app.file_types.file_type import Delivery, FileType
from app.file_types.recordings import MOST_RECORDING_BYTES
from app.file_types.table import plain_type, resolve
from app.sizes import in_words
from app.storable import is_storable

MAX_NAME_CHARACTERS = 1000

# RFC 6838 §4.2, restricted-name "/" restricted-name.
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """An upload that may be created: its name as given, its type, and its size in bytes."""

    name: str
    file_type: FileType
    size: int

    @property
    def mime_type(self) -> str:
        return self.file_type.mime_type

    @property
    def is_image(self) -> bool:
        """Whether a page may show it, which is what ChatKit calls an image."""
        return self.file_type.is_inline


@dataclass(frozen=True, slots=True)
class AttachmentPolicy:
    """`allowed_mime_types` are exact types, or patterns that end in `*`, such as `image/*`.

    None allows every type that reaches the model. Recordings reach it if `transcribes`.
    """

    max_bytes: int
    allowed_mime_types: Sequence[str] | None = None
    transcribes: bool = True

    def check(self, params: AttachmentCreateParams) -> CheckedUpload:
        """Check an upload and resolve its type.

        Raises `InvalidName`, `InvalidSize`, `AttachmentTooLarge` or `MimeTypeNotAllowed`.
        """
        _check_name(params.name)
        self.check_size(params.size)
        file_type = _resolved(params.name, params.mime_type)
        if reason := self.why_not(file_type):
            raise MimeTypeNotAllowed(reason, param="mime_type")
        self._check_length(file_type, params.size)
        return CheckedUpload(name=params.name, file_type=file_type, size=params.size)

    def check_size(self, size: int) -> None:
        """Check a size in bytes. Raises `InvalidSize` or `AttachmentTooLarge`."""
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

    def _check_length(self, file_type: FileType, size: int) -> None:
        """Raise `AttachmentTooLarge` for a recording that can't be transcribed."""
        is_recording = file_type.delivery is Delivery.TRANSCRIPT
        if is_recording and self.allowed_mime_types is None and size > MOST_RECORDING_BYTES:
            raise AttachmentTooLarge(
                f"The recording is too large: it has {in_words(size)}, and at most"
                f" {in_words(MOST_RECORDING_BYTES)} of sound can be transcribed. Attach it in"
                " shorter pieces, or save it with a lower bit rate.",
                param="size",
            )

    def why_not(self, file_type: FileType) -> str | None:
        """Return why files of this type can't be attached, as a sentence; None if they can."""
        if self.allowed_mime_types is None:
            if file_type.delivery is Delivery.TRANSCRIPT and not self.transcribes:
                return (
                    f"Files of the type {file_type.mime_type} can't be attached: nothing here turns"
                    " speech into text; attach a transcript of it."
                )
            if file_type.reaches_model:
                return None
            reason = f": {file_type.why_nothing}" if file_type.why_nothing else ""
            return f"Files of the type {file_type.mime_type} can't be attached{reason}."
        if any(_names(allowed, file_type) for allowed in self.allowed_mime_types):
            return None
        return f"Files of the type {file_type.mime_type} can't be attached here."


def _resolved(name: str, mime_type: str) -> FileType:
    """Return the type of a file. Raises `MimeTypeNotAllowed` if `mime_type` is not a MIME type."""
    plain = plain_type(mime_type)
    if plain and not _MIME_TYPE.fullmatch(plain):
        raise MimeTypeNotAllowed(
            f"{mime_type[:100]!r} is not a MIME type such as image/png.", param="mime_type"
        )
    return resolve(name, plain)


def _names(allowed: str, file_type: FileType) -> bool:
    allowed = allowed.lower()  # RFC 2045, 5.1
    if allowed.endswith("*"):
        return file_type.mime_type.startswith(allowed[:-1])
    return allowed in (file_type.mime_type, *file_type.aliases)


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
