"""What is stored in place of a preview URL: `bucket:<object key>`, which never expires."""

from sqlalchemy import ColumnElement, case, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from app.database.tables import attachments

REFERENCE_SCHEME = "bucket:"


def reference_to(object_key: str) -> str:
    return REFERENCE_SCHEME + object_key


def is_reference(url: str) -> bool:
    """Foreign attachments keep URLs of their own."""
    return url.startswith(REFERENCE_SCHEME)


def object_key_of(reference: str) -> str:
    return reference.removeprefix(REFERENCE_SCHEME)


def preview_reference() -> ColumnElement[str | None]:
    """Of a row: what its payload says, else of its object; NULL if that is not in the bucket."""
    stored = attachments.c.payload["preview_url"].astext
    return case(
        (attachments.c.object_key.is_(None), None),
        (stored.startswith(REFERENCE_SCHEME), stored),
        else_=literal(REFERENCE_SCHEME).concat(
            func.coalesce(attachments.c.preview_key, attachments.c.object_key)
        ),
    )


def payload_previewed_by(object_key: str) -> ColumnElement[JSONB]:
    """A row's payload, its preview referring to `object_key`; unchanged where it has none."""
    return func.jsonb_set(
        attachments.c.payload, ["preview_url"], func.to_jsonb(reference_to(object_key)), False
    )
