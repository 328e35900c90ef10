"""Locked documents become a note that says so; those that anyone can open do not."""

import zipfile
from collections.abc import Mapping
from io import BytesIO

import pytest

from app.file_types.table import of_name
from app.model_input.readers.documents import DocumentFacts, check
from app.model_input.readers.unreadable import Unreadable
from tests.corpus import encrypted_word, old_excel, open_text, zipped

LOCKED = Unreadable("it is protected with a password")


def checked(path: str, body: bytes) -> DocumentFacts | Unreadable:
    row = of_name(path)
    assert row is not None
    return check(body, row.suffix[1:])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["doc", "xls", "ppt", "docx", "xlsx", "pptx"])
def test_office_files_of_oletools_that_are_encrypted_are_locked(suffix: str) -> None:
    name = f"encrypted.{suffix}"
    assert checked(name, office_files()[f"tests/test-data/encrypted/{name}"]) == LOCKED


@pytest.mark.slow
def test_office_files_of_oletools_that_are_not_encrypted_open() -> None:
    opened = 0
    for path, body in office_files().items():
        if path.endswith((".doc", ".xls", ".ppt")) and "encrypt" not in path:
            assert checked(path, body) != LOCKED, path
            opened += 1
    assert opened > 10


@pytest.mark.slow
def test_pdfs_of_pypdf_are_locked_if_the_users_password_is_not_empty() -> None:
    from tests.published_files import of_pypi  # needs the network

    files = of_pypi("pypdf", PYPDF, PYPDF_SHA256)
    folder = "resources/encryption/"
    locked = {
        path.removeprefix(folder)
        for path, body in files.items()
        if path.startswith(folder) and checked(path, body) == LOCKED
    }
    assert locked == {
        *("r2-user-password.pdf", "r3-user-password.pdf", "r4-user-password.pdf"),
        *("r4-aes-user-password.pdf", "r5-user-password.pdf", "r6-user-password.pdf"),
        *("r6-both-passwords.pdf", "r6-cleartext-metadata.pdf"),
    }


PYPDF = "pypdf-7.1.0.tar.gz"
PYPDF_SHA256 = "ca3fa902369e98a6d2cb7b56396de902b72ef9bb3c1e8706c1bfc7d8bd0cf0d7"


def office_files() -> Mapping[str, bytes]:
    from tests.published_files import of_pypi  # needs the network

    return of_pypi(
        "oletools",
        "oletools-0.60.2.zip",
        "ad452099f4695ffd8855113f453348200d195ee9fa341a09e197d66ee7e0b2c3",
    )


def test_open_documents_and_iwork_files_tell_that_they_are_encrypted() -> None:
    manifest = b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    locked = {"content.xml": b"", "META-INF/manifest.xml": manifest}
    assert checked("a.odt", zipped(locked)) == LOCKED
    assert checked("a.pages", zipped({"Index.zip": b"", ".iwpv2": b""})) == LOCKED
    assert checked("a.odt", open_text()) == DocumentFacts(pages=0)


def test_an_archive_with_encrypted_entries_is_locked() -> None:
    body = bytearray(zipped({"content.xml": b"x"}))
    with zipfile.ZipFile(BytesIO(bytes(body))) as archive:
        at = archive.start_dir
    body[at + 8] |= 1  # the flag in the central directory (APPNOTE.TXT 4.4.4)
    assert checked("a.odt", bytes(body)) == LOCKED


def test_an_older_file_under_a_newer_suffix_is_not_called_locked() -> None:
    assert checked("a.xlsx", encrypted_word()) == LOCKED
    assert checked("a.xlsx", old_excel()) == Unreadable("it is in an older format than .xlsx")
