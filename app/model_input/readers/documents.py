"""Checks in a worker process whether a PDF or office file can be read.

A file that the provider would reject is found here, because the provider would reject every later
turn of its thread too. Nothing is unpacked: a zip archive's directory has the sizes of its entries.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass

import pypdf
from pypdf.errors import PyPdfError

from app.file_types.file_type import FileType, Signature
from app.file_types.signatures import detect
from app.file_types.table import FILE_TYPES, container
from app.model_input.readers.passwords import (
    is_locked_archive,
    is_locked_office,
    is_locked_pdf,
)
from app.model_input.readers.unreadable import Unreadable

_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_MAX_ENTRIES = 20_000
_MAX_RATIO = 200
_RATIO_MATTERS_FROM_BYTES = 32 * 1024 * 1024
_LOCKED = Unreadable("it is protected with a password")


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The number of pages; 0 if the format does not state it."""

    pages: int


def is_plain_pdf(body: bytes, suffix: str) -> bool:
    """Whether the bytes show a complete PDF without encryption. If not, `check` has to decide.

    Nothing is parsed, so it is cheap. The trailer, which names an encryption, is never compressed
    (ISO 32000-2, 7.5.8.2).
    """
    if suffix != "pdf":
        return False
    complete = (
        body.startswith(b"%PDF-") and b"%%EOF" in body[-1024:] and b"startxref" in body[-1024:]
    )
    return complete and b"/Encrypt" not in body


def check(body: bytes, suffix: str) -> DocumentFacts | Unreadable:
    """Find whether `body` is a document of this format that opens without a password."""
    file_type = next(each for each in FILE_TYPES if each.suffix == f".{suffix}")
    if Signature.PDF in file_type.signatures:
        return _check_pdf(body)
    if file_type.is_text and file_type.suffix != ".rtf":
        return DocumentFacts(pages=0)
    if file_type.is_text:
        is_rtf = body.lstrip().startswith(b"{\\rtf")
        return DocumentFacts(pages=0) if is_rtf else _damaged(file_type)
    found = container(detect(body))
    if found == Signature.COMPOUND:
        # [MS-OFFCRYPTO]: an encrypted package is a compound file
        if is_locked_office(body):
            return _LOCKED
        if file_type.signatures[0] == Signature.ZIP:
            return Unreadable(f"it is in an older format than {file_type.suffix}")
    if found not in file_type.signatures:
        return _damaged(file_type)
    return _check_zip(body, file_type) if found == Signature.ZIP else DocumentFacts(pages=0)


def _damaged(file_type: FileType) -> Unreadable:
    return Unreadable(f"it is damaged or not a {file_type.suffix} file")


def _check_pdf(body: bytes) -> DocumentFacts | Unreadable:
    if b"%PDF-" not in body[:1024]:
        return Unreadable("it is damaged or not a PDF file")
    try:
        reader = pypdf.PdfReader(io.BytesIO(body))
        if reader.is_encrypted and (not reader.decrypt("") or is_locked_pdf(body)):
            return _LOCKED
        pages = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        return Unreadable(f"it is a damaged PDF ({str(problem)[:200]})")
    except (MemoryError, NotImplementedError, OverflowError, ImportError, IndexError):
        return Unreadable("it is a PDF that can't be read")
    if pages == 0:
        return Unreadable("it is a PDF without pages")
    return DocumentFacts(pages=pages)


def _check_zip(body: bytes, file_type: FileType) -> DocumentFacts | Unreadable:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
            if is_locked_archive(archive):
                return _LOCKED
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, zlib.error):
        return _damaged(file_type)
    unpacked_bytes = sum(entry.file_size for entry in entries)
    if _is_bomb(len(body), unpacked_bytes, len(entries)):
        return Unreadable(
            f"it would unpack to {unpacked_bytes:,} bytes in {len(entries):,} entries, which looks"
            " like a zip bomb"
        )
    required = file_type.required_entry
    if required and required not in {entry.filename for entry in entries}:
        return Unreadable(f"it is a zip archive, but not a {file_type.suffix} file")
    return DocumentFacts(pages=0)


def _is_bomb(packed_bytes: int, unpacked_bytes: int, entries: int) -> bool:
    if unpacked_bytes > _MAX_UNPACKED_BYTES or entries > _MAX_ENTRIES:
        return True
    ratio = unpacked_bytes / max(1, packed_bytes)
    return unpacked_bytes > _RATIO_MATTERS_FROM_BYTES and ratio > _MAX_RATIO
