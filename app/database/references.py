"""References, which are stored in place of preview URLs and never expire: `bucket:<object key>`."""

from sqlalchemy import ColumnElement, Text, case, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from app.database.tables import attachments

REFERENCE_SCHEME = "bucket:"
# The end of a thumbnail's key (app/storage/object_keys.py).
PREVIEW_SUFFIX = ".preview"


def reference_to(object_key: str) -> str:
    return REFERENCE_SCHEME + object_key


def is_reference(url: str) -> bool:
    """Return whether this is a reference, not the URL of a foreign attachment."""
    return url.startswith(REFERENCE_SCHEME)


def object_key_of(reference: str) -> str:
    return reference.removeprefix(REFERENCE_SCHEME)


def preview_reference() -> ColumnElement[str | None]:
    """Return the reference of a row: that of its payload, or else of its preview or its object.

    NULL if the bytes are not in the bucket.
    """
    stored = attachments.c.payload["preview_url"].astext
    return case(
        (attachments.c.object_key.is_(None), None),
        (stored.startswith(REFERENCE_SCHEME), stored),
        else_=literal(REFERENCE_SCHEME).concat(
            func.coalesce(attachments.c.preview_key, attachments.c.object_key)
        ),
    )


def payload_previewed_by(object_key: str) -> ColumnElement[JSONB]:
    """Return a row's payload. Its preview, if it has one, refers to the object `object_key`."""
    return func.jsonb_set(
        attachments.c.payload, ["preview_url"], func.to_jsonb(reference_to(object_key)), False
    )


def payload_of_file(**changed: str) -> ColumnElement[JSONB]:
    """Return a row's payload with these fields changed, as that of a file without a preview."""
    without_preview = attachments.c.payload.op("-")(literal("preview_url", Text))
    return without_preview.op("||")(literal({**changed, "type": "file"}, JSONB))


def payload_of_image(mime_type: str, preview_key: str | None) -> ColumnElement[JSONB]:
    """Return a row's payload as that of an image of this type.

    Its preview refers to the object `preview_key`, or to the row's own object.
    """
    shown = func.coalesce(literal(preview_key, Text), attachments.c.object_key)
    return attachments.c.payload.op("||")(
        func.jsonb_build_object(
            literal("type", Text),
            literal("image", Text),
            literal("mime_type", Text),
            literal(mime_type, Text),
            literal("preview_url", Text),
            literal(REFERENCE_SCHEME, Text).concat(shown),
        )
    )
