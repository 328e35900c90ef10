"""Archives: what is in them is listed, and each member can be had."""

import gzip
import io
import tarfile
from typing import Literal

import pytest
from backports import zstd

from app.model_input.readers import archives
from app.model_input.readers.members import MAX_MEMBER_BYTES, Member
from app.model_input.readers.text import Decoded
from app.model_input.readers.unreadable import Unreadable
from tests.corpus import seven_zipped, zipped


def tar(mode: Literal["w:", "w:gz", "w:bz2", "w:xz"]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        entry = tarfile.TarInfo("folder/a.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return out.getvalue()


FILES = {"folder/a.txt": b"hello"}


@pytest.mark.parametrize(
    "body",
    [
        *(zipped(FILES), tar("w:"), tar("w:gz"), tar("w:bz2"), tar("w:xz")),
        *(zstd.compress(tar("w:")), seven_zipped(FILES)),
    ],
    ids=["zip", "tar", "gz", "bz2", "xz", "zst", "7z"],
)
def test_members_are_listed_and_small_texts_shown(body: bytes) -> None:
    read = archives.read(body)
    assert isinstance(read, Decoded)
    assert "- folder/a.txt (text/plain, 5 bytes)" in read.text
    assert "=== folder/a.txt ===\nhello" in read.text
    assert archives.member(body, "folder/a.txt") == Member("folder/a.txt", "text/plain", b"hello")
    assert archives.member(body, "other.txt") is None


def test_a_member_that_unpacks_to_too_much_is_not_unpacked() -> None:
    found = archives.member(zipped({"a.txt": bytes(MAX_MEMBER_BYTES + 1)}), "a.txt")
    assert isinstance(found, Unreadable) and "more than" in found.reason


def test_small_texts_of_a_7z_archive_are_unpacked_together_and_a_large_file_alone() -> None:
    files = {f"{number}.txt": b"text %d" % number for number in range(50)}
    body = seven_zipped(files | {"large.bin": bytes(100_000)})
    read = archives.read(body)
    assert isinstance(read, Decoded)
    assert all(
        f"=== {name} ===\n{content.decode()}" in read.text for name, content in files.items()
    )
    found = archives.member(body, "large.bin")
    assert isinstance(found, Member) and found.body == bytes(100_000)


def test_a_7z_archive_with_a_password_says_so() -> None:
    body = seven_zipped(FILES, password="secret")
    found = archives.member(body, "folder/a.txt")
    assert isinstance(found, Unreadable) and "password" in found.reason
    read = archives.read(body)
    assert isinstance(read, Decoded) and "- folder/a.txt" in read.text


@pytest.mark.slow
def test_a_bomb_in_a_7z_archive_is_not_unpacked() -> None:
    found = archives.member(seven_zipped({"a.txt": bytes(MAX_MEMBER_BYTES + 1)}), "a.txt")
    assert isinstance(found, Unreadable) and "more than" in found.reason


def test_a_compressed_file_has_one_member() -> None:
    assert archives.member(gzip.compress(b"log"), "content") is not None


@pytest.mark.parametrize(
    "body",
    [
        b"PK\x03\x04",
        b"\x1f\x8bno",
        b"hello",
        zipped({}),
        seven_zipped(FILES)[:-9],
        seven_zipped({}),
    ],
)
def test_a_damaged_or_empty_archive_is_unreadable(body: bytes) -> None:
    assert isinstance(archives.read(body), Unreadable)
