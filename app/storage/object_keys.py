"""The keys of an attachment's objects in the bucket: the object, its preview, its upload, and the
copy in quarantine of a file with malware.

An upload link can write to `upload_key` only. Verification copies the bytes to the object key,
which no link can write, so verified bytes never change. All four keys are derived from the
row's `object_key`, so a row always knows every object that may exist for it. Uploads have a prefix
of their own: few objects are there at a time, so the sweep can list them all.
"""

import secrets

OBJECT_KEY_PREFIX = "attachments/"

# No object ever has this key. A bucket that works answers that it is missing.
READINESS_KEY = f"{OBJECT_KEY_PREFIX}.readiness"

UPLOAD_PREFIX = f"{OBJECT_KEY_PREFIX}uploads/"

# No link leads here. Only files with malware are below it, so an operator's own rules for them can
# name it.
QUARANTINE_PREFIX = f"{OBJECT_KEY_PREFIX}quarantine/"

_PREVIEW = ".preview"


def new_object_key() -> str:
    """Return an opaque key of fixed length: 192 random bits, no user's and no file's name."""
    return OBJECT_KEY_PREFIX + secrets.token_urlsafe(24)


def upload_key(object_key: str) -> str:
    """Return the key that the upload link writes: a pending attachment has its bytes only there."""
    return UPLOAD_PREFIX + object_key.removeprefix(OBJECT_KEY_PREFIX)


def preview_key(object_key: str) -> str:
    """Return the key of the thumbnail, for images that are not their own preview."""
    return object_key + _PREVIEW


def quarantine_key(object_key: str) -> str:
    """Return the key at which the bytes are kept if they are malware."""
    return QUARANTINE_PREFIX + object_key.removeprefix(OBJECT_KEY_PREFIX)


def linked_keys(object_key: str) -> tuple[str, str, str]:
    """Return the keys of an attachment's objects, apart from the one in quarantine."""
    return object_key, preview_key(object_key), upload_key(object_key)


def every_key(object_key: str) -> tuple[str, str, str, str]:
    """Return the keys of all objects that may exist for an attachment."""
    return (*linked_keys(object_key), quarantine_key(object_key))


def is_apart(key: str) -> bool:
    """Return whether a listing has this object elsewhere than beside the object of its row."""
    return key.startswith((UPLOAD_PREFIX, QUARANTINE_PREFIX))


def owner_of(key: str) -> str:
    """Return the object key that `key` belongs to: the inverse of the functions above."""
    for prefix in (UPLOAD_PREFIX, QUARANTINE_PREFIX):
        if key.startswith(prefix):
            return OBJECT_KEY_PREFIX + key.removeprefix(prefix)
    return key.removesuffix(_PREVIEW)
