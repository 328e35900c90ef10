"""Reads 7z archives. In these, a file can be unpacked only together with those before it."""

import io
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.model_input.readers.archive_entries import Entry
from app.model_input.readers.members import unique_names

if TYPE_CHECKING:
    import py7zr

BEGINNING = b"7z\xbc\xaf\x27\x1c"  # 7zFormat.txt of the 7-Zip SDK

# Files up to this size are unpacked together, because all of them are shown.
_SMALL_BYTES = 20_000
_MOST_SMALL = 1000


class SevenZipLocked(Exception):
    """Even the list of files is protected with a password."""


def entries(body: bytes) -> list[Entry]:
    """Return the files of an archive.

    They and this raise `ValueError` for a damaged archive. Raises `SevenZipLocked`.
    """
    import py7zr  # needed in workers only

    try:
        archive = py7zr.SevenZipFile(io.BytesIO(body))
    except py7zr.PasswordRequired as problem:
        raise SevenZipLocked from problem
    except (py7zr.exceptions.ArchiveError, EOFError, OSError, TypeError, AttributeError) as problem:
        raise ValueError(str(problem)) from problem
    # Some programs write no attributes, so that `is_file` is false too.
    files = [each for each in archive.list() if not (each.is_directory or each.is_symlink)]
    small = [each.filename for each in files if each.uncompressed <= _SMALL_BYTES][:_MOST_SMALL]
    unpacked: dict[str, bytes] = {}

    def read(name: str, most: int) -> bytes:
        if name in small and most >= _SMALL_BYTES:
            if not unpacked:
                unpacked.update(_unpacked(archive, small, _SMALL_BYTES))
            return _one(unpacked, name)
        return _one(_unpacked(archive, [name], most), name)

    names = unique_names([each.filename for each in files])
    return [
        Entry(name, each.uncompressed, archive.needs_password(), partial(read, each.filename))
        for name, each in zip(names, files, strict=True)
    ]


def _one(unpacked: Mapping[str, bytes], name: str) -> bytes:
    try:
        return unpacked[name.lstrip("/")]  # the library makes absolute paths relative
    except KeyError:
        raise ValueError("its name is not a path that can be unpacked") from None


def _unpacked(archive: "py7zr.SevenZipFile", names: Collection[str], most: int) -> dict[str, bytes]:
    """Return at most `most` bytes of each of these files. Raises `ValueError`."""
    import py7zr
    from py7zr.io import BytesIOFactory

    factory = BytesIOFactory(most)
    archive.reset()
    try:
        archive.extract(targets=names, factory=factory)
    except (py7zr.exceptions.ArchiveError, EOFError, OSError, TypeError) as problem:
        raise ValueError(str(problem)) from problem
    found = {}
    for name, product in factory.products.items():
        product.seek(0)
        found[name] = product.read(most)
    return found
