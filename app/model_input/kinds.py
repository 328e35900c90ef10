"""How a file reaches the model, derived from the table of file types."""

from enum import StrEnum

from app.file_types.file_type import Delivery, FileType
from app.file_types.table import FILE_TYPES, plain_type, resolve

__all__ = [
    "Kind",
    "document_suffix",
    "document_type",
    "kind_of",
    "plain_type",
    "suffix_of",
    "taken_as_file",
]


class Kind(StrEnum):
    """How a file reaches the model."""

    IMAGE = "image"
    DOCUMENT = "document"
    TEXT = "text"
    MAIL = "mail"
    ARCHIVE = "archive"
    TABLE = "table"
    RECORDING = "recording"
    OTHER = "other"


_KINDS = {
    Delivery.IMAGE: Kind.IMAGE,
    Delivery.TRANSCODED_IMAGE: Kind.IMAGE,
    Delivery.FILE: Kind.DOCUMENT,
    Delivery.FILE_ONLY: Kind.DOCUMENT,
    Delivery.EXTRACTED_TEXT: Kind.DOCUMENT,
    Delivery.TEXT: Kind.TEXT,
    Delivery.MAIL: Kind.MAIL,
    Delivery.ARCHIVE: Kind.ARCHIVE,
    Delivery.TABLE: Kind.TABLE,
    Delivery.TRANSCRIPT: Kind.RECORDING,
    Delivery.NOTHING: Kind.OTHER,
}


def kind_of(mime_type: str, name: str) -> Kind:
    """Return how a file called `name` and declared as `mime_type` reaches the model."""
    return _KINDS[resolve(name, mime_type).delivery]


def document_suffix(mime_type: str, name: str) -> str:
    """Return `pdf`, `docx`, …: the format of a document; empty for anything else."""
    file_type = resolve(name, mime_type)
    return file_type.suffix[1:] if _KINDS[file_type.delivery] is Kind.DOCUMENT else ""


def document_type(suffix: str) -> str:
    """Return the MIME type of a format that `document_suffix` returned."""
    return _document(suffix).mime_type


def suffix_of(mime_type: str) -> str:
    """Return `pdf`, `docx`, …: the suffix of a type in the table, without its dot."""
    return resolve("", mime_type).suffix[1:]


def taken_as_file(suffix: str) -> bool:
    """Whether the Responses API takes this format as `input_file`."""
    return _document(suffix).delivery in (Delivery.FILE, Delivery.FILE_ONLY)


def _document(suffix: str) -> FileType:
    return next(each for each in FILE_TYPES if each.suffix == f".{suffix}")
