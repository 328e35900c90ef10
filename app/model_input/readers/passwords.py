"""Finds documents that open only with a password.

A provider rejects such a document, or reads nothing in it, so the model gets a note instead. A PDF
with a user password is locked, even if its owner password is empty.
"""

import io
import struct
import zipfile

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

# What msoffcrypto and olefile raise for files that are damaged, or older than 1997.
_NOT_READ = (
    *(FileFormatError, ParseError, DecryptionError, OSError, ValueError, struct.error),
    *(KeyError, IndexError, TypeError, AttributeError),
)
# OpenDocument 1.3, part 2, 4.8.1: the manifest describes how each entry is encrypted.
_MANIFEST, _ENCRYPTION = "META-INF/manifest.xml", b"encryption-data"
_MAX_MANIFEST_BYTES = 4 * 1024 * 1024
# iWork's verifier of the password is an entry of its own.
_IWORK_VERIFIERS = (".iwpv2", ".iwph")


def is_locked_pdf(body: bytes) -> bool:
    """Whether PDFium, which browsers read PDF with, asks for a password."""
    import pypdfium2  # needed in workers only

    try:
        pypdfium2.PdfDocument(body).close()
    except pypdfium2.PdfiumError as problem:
        return "password" in str(problem).lower()
    return False


def is_locked_office(body: bytes) -> bool:
    """Whether a compound file of Office is encrypted: by XOR, RC4, CryptoAPI or as a package."""
    try:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(body)).is_encrypted())
    except _NOT_READ:
        return False


def is_locked_archive(archive: zipfile.ZipFile) -> bool:
    """Whether a document in a zip archive is encrypted: as such, by OpenDocument or by iWork."""
    entries = archive.infolist()
    if any(each.flag_bits & 1 or each.filename.endswith(_IWORK_VERIFIERS) for each in entries):
        return True
    manifest = next((each for each in entries if each.filename == _MANIFEST), None)
    if manifest is None or manifest.file_size > _MAX_MANIFEST_BYTES:
        return False
    return _ENCRYPTION in archive.read(manifest)
