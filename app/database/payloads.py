"""ChatKit's types as the JSON that is stored, and back.

Stored JSON never holds a signed URL of ours: for an attachment whose bytes are in the bucket, the
upload descriptor is left out and the preview URL is a reference, `bucket:<object key>`, from which
a hydrator mints a URL at every load. Attachments that this service did not create keep their
payload whole.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from chatkit.types import (
    Attachment,
    FileAttachment,
    ImageAttachment,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import DynamicWidgetRoot
from pydantic import AnyUrl, TypeAdapter

from app.errors import InvalidRequest

REFERENCE_SCHEME = "bucket:"

_ITEMS: TypeAdapter[list[ThreadItem]] = TypeAdapter(list[ThreadItem])
_ATTACHMENT: TypeAdapter[Attachment] = TypeAdapter(Attachment)

# JSON's escape of U+0000, unless its backslash is itself escaped.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Hydrator(Protocol):
    """Mints the URL that shows an attachment's image now. `reference` is what was stored."""

    def preview_url(self, attachment_id: str, reference: str) -> str: ...


def storable(text: str) -> str:
    """PostgreSQL's text has no U+0000: it becomes U+FFFD, as it does in HTML (WHATWG 13.2.3.5)."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def encode_thread(thread: ThreadMetadata) -> str:
    """The metadata only: of a `Thread`, the items are left out."""
    fields = set(ThreadMetadata.model_fields)
    return _storable_json(thread.model_dump_json(by_alias=True, include=fields))


def decode_thread(payload: str) -> ThreadMetadata:
    return ThreadMetadata.model_validate_json(payload)


def encode_item(item: ThreadItem, references: Mapping[str, str]) -> str:
    """`references` names the bucket's attachments among those in the item, by id.

    Raises `InvalidRequest` for any other attachment that brings a reference of its own.
    """
    if isinstance(item, UserMessageItem) and item.attachments:
        attachments = [
            as_stored(attachment, references.get(attachment.id)) for attachment in item.attachments
        ]
        item = item.model_copy(update={"attachments": attachments})
    return _storable_json(item.model_dump_json(by_alias=True))


def decode_item(payload: str, hydrator: Hydrator | None) -> ThreadItem:
    """With preview URLs minted now; only attachments have any, whatever else the item holds."""
    (item,) = decode_items([payload], hydrator)
    return item


def decode_items(payloads: Sequence[str], hydrator: Hydrator | None) -> list[ThreadItem]:
    """As `decode_item`, in one pass."""
    items = _ITEMS.validate_json(f"[{','.join(payloads)}]")
    for item, payload in zip(items, payloads, strict=True):
        if isinstance(item, WidgetItem):
            _keep_all_of_the_widget(item, payload)
        elif hydrator is not None and isinstance(item, UserMessageItem):
            for attachment in item.attachments:
                hydrate(attachment, hydrator)
    return items


def encode_attachment(attachment: Attachment) -> str:
    return _storable_json(attachment.model_dump_json(by_alias=True))


def decode_attachment(payload: str) -> Attachment:
    return _ATTACHMENT.validate_json(payload)


def as_stored(attachment: Attachment, reference: str | None) -> Attachment:
    """A copy without signed URLs, where the attachment is the bucket's (`reference` is given).

    Raises `InvalidRequest` where it is not and yet claims an object: the hydrator would mint a URL
    for an object that may be anyone's.
    """
    if reference is None:
        if isinstance(attachment, ImageAttachment) and is_reference(str(attachment.preview_url)):
            raise InvalidRequest(
                "An attachment's preview_url has to be a URL that a browser can load.",
                param="preview_url",
            )
        return attachment
    if isinstance(attachment, FileAttachment):
        return attachment.model_copy(update={"upload_descriptor": None})
    return attachment.model_copy(
        update={"upload_descriptor": None, "preview_url": AnyUrl(reference)}
    )


def hydrate(attachment: Attachment, hydrator: Hydrator) -> None:
    """Put a URL in the place of a reference."""
    if isinstance(attachment, ImageAttachment):
        stored = str(attachment.preview_url)
        if is_reference(stored):
            attachment.preview_url = _parsed(hydrator.preview_url(attachment.id, stored))


@lru_cache(maxsize=1024)
def _parsed(url: str) -> AnyUrl:
    """Minted URLs repeat for minutes, and parsing one costs as much as signing it."""
    return AnyUrl(url)


def _keep_all_of_the_widget(item: WidgetItem, payload: str) -> None:
    """Widgets made from templates may have fields that the SDK's classes do not know.

    The SDK reads them back as one of its classes (`WidgetRoot` is a union), and drops the rest.
    """
    stored = json.loads(payload)["widget"]
    if item.widget.model_dump(mode="json") != stored:
        item.widget = DynamicWidgetRoot.model_validate(stored)


def is_reference(url: str) -> bool:
    return url.startswith(REFERENCE_SCHEME)


def _storable_json(payload: str) -> str:
    if "\\u0000" not in payload:
        return payload
    return _ESCAPED_NUL.sub(r"\1\\ufffd", payload)
