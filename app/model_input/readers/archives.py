"""Reads archives: the list of members, the text of small text files, and single members.

Nothing is written to a disk, and no more of a member is unpacked than the limit allows.
"""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, cast

from app.file_types.table import resolve
from app.model_input.readers import seven_zip
from app.model_input.readers.archive_entries import Entry
from app.model_input.readers.members import (
    MAX_MEMBER_BYTES,
    Member,
    MemberFacts,
    listing,
    type_of,
    unique_names,
)
from app.model_input.readers.text import Decoded, decode
from app.model_input.readers.unreadable import Unreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MOST_LISTED = 1000
_SHOWN_MEMBER_BYTES = 20_000
_SHOWN_CHARS = 40_000
_MALFORMED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error),
    zstd.ZstdError,
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError),
)
_LOCKED = "it is protected with a password"

_Decompress = Callable[[IO[bytes]], IO[bytes]]
_COMPRESSIONS: dict[bytes, _Decompress] = {
    b"\x1f\x8b": lambda stream: cast(IO[bytes], gzip.GzipFile(fileobj=stream)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda stream: cast(IO[bytes], zstd.ZstdFile(stream)),
}


def read(body: bytes) -> Decoded | Unreadable:
    """Return the list of an archive's members, then the text of the small text files in it."""
    entries = _entries(body)
    if isinstance(entries, Unreadable):
        return entries
    if not entries:
        return Unreadable("it is an archive without files")
    facts = [MemberFacts(each.name, type_of(each.name), each.size) for each in entries]
    lines = [
        f"{len(entries):,} files. Call fetch_attachment with the id of the archive and one of these"
        " names as `member` to see a file.",
        listing(facts[:_MOST_LISTED]),
    ]
    if len(facts) > _MOST_LISTED:
        lines.append(f"… and {len(facts) - _MOST_LISTED:,} more that are not listed.")
    left_chars = _SHOWN_CHARS
    for entry in entries:
        shown = _shown(entry, left_chars)
        if shown:
            left_chars -= len(shown)
            lines += ["", f"=== {entry.name} ===", shown]
    return Decoded("\n".join(lines), "utf-8")


def member(body: bytes, name: str) -> Member | Unreadable | None:
    """Return the file called `name` in an archive, or None."""
    entries = _entries(body)
    if isinstance(entries, Unreadable):
        return entries
    entry = next((each for each in entries if each.name == name), None)
    if entry is None:
        return None
    if entry.is_locked:
        return Unreadable(_LOCKED)
    try:
        content = entry.read(MAX_MEMBER_BYTES + 1)
    except _MALFORMED as problem:
        return Unreadable(f"it is damaged ({str(problem)[:200]})")
    if len(content) > MAX_MEMBER_BYTES:
        return Unreadable(f"it has more than {MAX_MEMBER_BYTES:,} bytes")
    return Member(entry.name, type_of(entry.name), content)


def _entries(body: bytes) -> list[Entry] | Unreadable:
    try:
        if zipfile.is_zipfile(io.BytesIO(body)):
            return list(_zip_entries(body))
        if body.startswith(seven_zip.BEGINNING):
            return seven_zip.entries(body)
        compression = next((c for mark, c in _COMPRESSIONS.items() if body.startswith(mark)), None)
        stream = compression(io.BytesIO(body)) if compression else io.BytesIO(body)
        try:
            return list(_tar_entries(stream))
        except tarfile.TarError:
            if compression is None:
                raise
        return [_single(compression, body)]
    except seven_zip.SevenZipLocked:
        return Unreadable(_LOCKED)
    except _MALFORMED as problem:
        return Unreadable(f"it is damaged or no archive that can be read ({str(problem)[:200]})")


def _zip_entries(body: bytes) -> Iterator[Entry]:
    archive = zipfile.ZipFile(io.BytesIO(body))
    files = [each for each in archive.infolist() if not each.is_dir()]
    for name, each in zip(unique_names([f.filename for f in files]), files, strict=True):

        def read(most: int, entry: zipfile.ZipInfo = each) -> bytes:
            with archive.open(entry) as content:
                return content.read(most)

        yield Entry(name, each.file_size, bool(each.flag_bits & 1), read)


def _tar_entries(stream: IO[bytes]) -> Iterator[Entry]:
    archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115  # read until the worker's call ends
    files = [each for each in archive.getmembers() if each.isfile()]
    for name, each in zip(unique_names([f.name for f in files]), files, strict=True):

        def read(most: int, entry: tarfile.TarInfo = each) -> bytes:
            content = archive.extractfile(entry)
            return content.read(most) if content else b""

        yield Entry(name, each.size, False, read)


def _single(compression: _Decompress, body: bytes) -> Entry:
    """Return the content of a file that is compressed without an archive; it may have no name."""
    content = compression(io.BytesIO(body)).read(MAX_MEMBER_BYTES + 1)
    return Entry("content", len(content), False, lambda most: content[:most])


def _shown(entry: Entry, left_chars: int) -> str:
    """Return the text of a small text file; empty for other files, or if it has no room."""
    if entry.is_locked or entry.size > min(_SHOWN_MEMBER_BYTES, left_chars):
        return ""
    if not resolve(entry.name, "").is_text:
        return ""
    try:
        decoded = decode(entry.read(_SHOWN_MEMBER_BYTES))
    except _MALFORMED:
        return ""
    return decoded.text if isinstance(decoded, Decoded) else ""
