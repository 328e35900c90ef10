"""ChatKit's types as the JSON that is stored, and back.

Stored JSON never holds a signed URL of ours: for an attachment whose bytes are in the bucket, the
upload descriptor is left out and the preview URL is a reference, `bucket:<object key>`, from which
a hydrator mints a URL at every load. Attachments that this service did not create keep their
payload whole.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Protocol, runtime_checkable

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

from app.database.references import is_reference
from app.errors import InvalidRequest

_ITEMS: TypeAdapter[list[ThreadItem]] = TypeAdapter(list[ThreadItem])
_ATTACHMENT: TypeAdapter[Attachment] = TypeAdapter(Attachment)

# Data URLs are longer; each of them is parsed in no time, and keeping them would cost megabytes.
_LONGEST_KEPT_URL = 4096

# JSON's escape of U+0000, unless its backslash is itself escaped.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Hydrator(Protocol):
    """Mints the URL that shows an attachment's image now. `reference` is what was stored."""

    def preview_url(self, attachment_id: str, reference: str) -> str: ...


@runtime_checkable
class PreparingHydrator(Hydrator, Protocol):
    """One that has to wait for something first: it is told of every reference beforehand."""

    async def prepare(self, references: Collection[str]) -> None: ...


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


async def decode_item(payload: str, hydrator: Hydrator | None) -> ThreadItem:
    """With preview URLs minted now; only attachments have any, whatever else the item holds."""
    (item,) = await decode_items([payload], hydrator)
    return item


async def decode_items(payloads: Sequence[str], hydrator: Hydrator | None) -> list[ThreadItem]:
    """As `decode_item`, in one pass."""
    items = _ITEMS.validate_json(f"[{','.join(payloads)}]")
    attachments: list[Attachment] = []
    for item, payload in zip(items, payloads, strict=True):
        if isinstance(item, WidgetItem):
            _keep_all_of_the_widget(item, payload)
        elif isinstance(item, UserMessageItem):
            attachments += item.attachments
    if hydrator is not None and attachments:
        await hydrate(attachments, hydrator)
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


async def hydrate(attachments: Sequence[Attachment], hydrator: Hydrator) -> None:
    """Put URLs in the place of references."""
    previewed = [
        (attachment, stored)
        for attachment in attachments
        if isinstance(attachment, ImageAttachment)
        and is_reference(stored := str(attachment.preview_url))
    ]
    if isinstance(hydrator, PreparingHydrator):
        await hydrator.prepare({stored for _, stored in previewed})
    for attachment, stored in previewed:
        attachment.preview_url = _parsed(hydrator.preview_url(attachment.id, stored))


def _parsed(url: str) -> AnyUrl:
    return AnyUrl(url) if len(url) > _LONGEST_KEPT_URL else _parsed_once(url)


@lru_cache(maxsize=1024)
def _parsed_once(url: str) -> AnyUrl:
    """Minted URLs repeat for minutes, and parsing one costs as much as signing it."""
    return AnyUrl(url)


def _keep_all_of_the_widget(item: WidgetItem, payload: str) -> None:
    """Widgets made from templates may have fields that the SDK's classes do not know.

    The SDK reads them back as one of its classes (`WidgetRoot` is a union), and drops the rest.
    """
    stored = json.loads(payload)["widget"]
    if item.widget.model_dump(mode="json") != stored:
        item.widget = DynamicWidgetRoot.model_validate(stored)


def _storable_json(payload: str) -> str:
    if "\\u0000" not in payload:
        return payload
    return _ESCAPED_NUL.sub(r"\1\\ufffd", payload)
