"""Object keys: opaque, of one length, and all derived from one."""

import re
from collections.abc import Callable

import pytest

from app.storage.object_keys import (
    QUARANTINE_PREFIX,
    UPLOAD_PREFIX,
    every_key,
    is_apart,
    linked_keys,
    new_object_key,
    owner_of,
    preview_key,
    quarantine_key,
    upload_key,
)


def test_keys_are_opaque_unique_and_of_one_length() -> None:
    keys = {new_object_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(re.fullmatch(r"attachments/[A-Za-z0-9_-]{32}", key) for key in keys)


def test_every_key_leads_back_to_its_owner() -> None:
    object_key = new_object_key()
    keys = every_key(object_key)
    linked = {object_key, upload_key(object_key), preview_key(object_key)}
    assert set(linked_keys(object_key)) == linked
    assert set(keys) == {*linked, quarantine_key(object_key)}
    assert {owner_of(key) for key in keys} == {object_key}


def test_an_object_and_its_preview_are_next_to_each_other_in_a_listing() -> None:
    owners = [new_object_key() for _ in range(200)]
    keys = [key for owner in owners for key in every_key(owner)]
    listed = sorted(keys, key=str.encode)
    kept = [owner_of(key) for key in listed if not is_apart(key)]
    assert kept == [owner for owner in sorted(owners, key=str.encode) for _ in range(2)]


@pytest.mark.parametrize(
    ("prefix", "key_of"), [(UPLOAD_PREFIX, upload_key), (QUARANTINE_PREFIX, quarantine_key)]
)
def test_uploads_and_the_quarantine_have_prefixes_of_their_own(
    prefix: str, key_of: Callable[[str], str]
) -> None:
    object_key = new_object_key()
    inside = [key for key in every_key(object_key) if key.startswith(prefix)]
    assert inside == [key_of(object_key)]
    assert is_apart(inside[0])
