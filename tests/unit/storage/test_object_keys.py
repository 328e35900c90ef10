"""Object keys: opaque, of one length, and all derived from one."""

import re

from app.storage.object_keys import every_key, new_object_key, owner_of, preview_key, upload_key


def test_keys_are_opaque_unique_and_of_one_length() -> None:
    keys = {new_object_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(re.fullmatch(r"attachments/[A-Za-z0-9_-]{32}", key) for key in keys)


def test_every_key_leads_back_to_its_owner() -> None:
    object_key = new_object_key()
    keys = every_key(object_key)
    assert set(keys) == {object_key, upload_key(object_key), preview_key(object_key)}
    assert {owner_of(key) for key in keys} == {object_key}


def test_all_keys_of_an_attachment_lie_together_in_a_listing() -> None:
    owners = [new_object_key() for _ in range(200)]
    listed = sorted((key for owner in owners for key in every_key(owner)), key=str.encode)
    seen = [owner_of(key) for key in listed]
    assert seen == [owner for owner in sorted(owners, key=str.encode) for _ in range(3)]
