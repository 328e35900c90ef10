"""What people attach is allowed, whichever type their browser and system declare for it."""

import xml.etree.ElementTree as ElementTree

import pytest
from chatkit.types import AttachmentCreateParams

from app.attachments.policy import AttachmentPolicy
from app.errors import MimeTypeNotAllowed
from app.file_types.table import of_name, resolve
from tests.browser_types import COMMON_SUFFIXES, declared_types

POLICY = AttachmentPolicy(max_bytes=1024)

# No reader knows these yet. Whoever adds one removes its suffix here.
UNREAD = {
    *("numbers", "rar"),
}


def stored_type(suffix: str, declared: str) -> str | None:
    """Return the type that such a file is stored with, or None if it can't be attached."""
    params = AttachmentCreateParams(name=f"A file.{suffix}", size=10, mime_type=declared)
    try:
        return POLICY.check(params).mime_type
    except MimeTypeNotAllowed as problem:
        assert problem.message.endswith("."), "it says what is possible instead"
        return None


def test_the_suffixes_are_134_different_ones() -> None:
    assert len(COMMON_SUFFIXES) == len(set(COMMON_SUFFIXES)) == 134


def test_all_but_the_unread_suffixes_are_allowed_with_every_type() -> None:
    refused = {
        suffix
        for suffix in COMMON_SUFFIXES
        for declared in declared_types(suffix)
        if stored_type(suffix, declared) is None
    }
    assert refused == UNREAD


@pytest.mark.parametrize("suffix", sorted(set(COMMON_SUFFIXES) - UNREAD))
def test_a_suffix_is_read_in_the_same_way_on_every_system(suffix: str) -> None:
    row = of_name(f"a.{suffix}")
    assert row is not None
    for declared in declared_types(suffix):
        stored = stored_type(suffix, declared)
        assert stored is not None
        # Another type of text or images is as good: content decides how it is read.
        given = resolve("", stored)
        assert (given.is_text, given.family) == (row.is_text, row.family), (declared, stored)


@pytest.mark.slow
def test_what_linux_declares_is_allowed() -> None:
    from tests.published_files import of_debian  # needs the network

    files = of_debian(
        "shared-mime-info",
        "shared-mime-info_2.2.orig.tar.bz2",
        "418c480019d9865f67f922dfb88de00e9f38bf971205d55cdffab50432919e61",
    )
    namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
    database = ElementTree.fromstring(files["data/freedesktop.org.xml.in"])  # noqa: S314 - known
    compared = 0
    for mime_type in database.iter(f"{namespace}mime-type"):
        aliases = [each.get("type", "") for each in mime_type.iter(f"{namespace}alias")]
        for glob in mime_type.iter(f"{namespace}glob"):
            suffix = glob.get("pattern", "").removeprefix("*.")
            if suffix in COMMON_SUFFIXES and suffix not in UNREAD:
                for declared in (mime_type.get("type", ""), *aliases):
                    assert stored_type(suffix, declared), (suffix, declared)
                    compared += 1
    assert compared > 150
