"""The keys of an attachment's objects in the bucket: the object, its preview, and its upload.

An upload link can write to `upload_key` only. Verification copies the bytes to the object key,
which no link can write, so verified bytes never change. All three keys are derived from the
row's `object_key`, so a row always knows every object that may exist for it. Uploads have a prefix
of their own: few objects are there at a time, so the sweep can list them all.
"""

import secrets

OBJECT_KEY_PREFIX = "attachments/"

# No object ever has this key. A bucket that works answers that it is missing.
READINESS_KEY = f"{OBJECT_KEY_PREFIX}.readiness"

UPLOAD_PREFIX = f"{OBJECT_KEY_PREFIX}uploads/"

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


def every_key(object_key: str) -> tuple[str, str, str]:
    """Return the keys of all objects that may exist for an attachment."""
    return object_key, preview_key(object_key), upload_key(object_key)


def owner_of(key: str) -> str:
    """Return the object key that `key` belongs to: the inverse of the functions above."""
    if key.startswith(UPLOAD_PREFIX):
        return OBJECT_KEY_PREFIX + key.removeprefix(UPLOAD_PREFIX)
    return key.removesuffix(_PREVIEW)
