"""Where the bytes of an attachment lie: one object key per attachment and two beside it.

An upload link can write to `upload_key` only. Verification copies the bytes to the object key,
which no link can write, so what was verified stays what it was. All three are derived from the
row's `object_key`: a row always knows every object that may exist for it.
"""

import secrets

OBJECT_KEY_PREFIX = "attachments/"

_UPLOAD = ".upload"
_PREVIEW = ".preview"


def new_object_key() -> str:
    """An opaque key of fixed length: 192 random bits, nothing of the user or the file's name."""
    return OBJECT_KEY_PREFIX + secrets.token_urlsafe(24)


def upload_key(object_key: str) -> str:
    """Where the upload link writes. Pending attachments have their bytes only here."""
    return object_key + _UPLOAD


def preview_key(object_key: str) -> str:
    """Where the thumbnail lies, for images whose preview is not the image itself."""
    return object_key + _PREVIEW


def every_key(object_key: str) -> tuple[str, str, str]:
    """All objects that may exist for an attachment: deleting it means deleting these."""
    return object_key, preview_key(object_key), upload_key(object_key)


def owner_of(key: str) -> str:
    """The object key that `key` belongs to: the inverse of the functions above."""
    return key.removesuffix(_UPLOAD).removesuffix(_PREVIEW)
