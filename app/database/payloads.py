"""Converts ChatKit's types to the JSON that is stored, and back.

Stored JSON has no signed URL of this service. For an attachment whose bytes are in the bucket, the
upload descriptor is left out and the preview URL is a reference (references.py), from which a
hydrator mints a URL at every load. The payload of any other attachment is stored whole.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Protocol, runtime_checkable

from chatkit.types import (
    Attachment,
    FileAttachment,
    GeneratedImage,
    GeneratedImageItem,
    ImageAttachment,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import DynamicWidgetRoot
from pydantic import AnyUrl, TypeAdapter

from app.database.references import PREVIEW_SUFFIX, is_reference
from app.errors import InvalidRequest

_ITEMS: TypeAdapter[list[ThreadItem]] = TypeAdapter(list[ThreadItem])
_ATTACHMENT: TypeAdapter[Attachment] = TypeAdapter(Attachment)

# Only data URLs are longer. They are parsed quickly, and caching them would take megabytes.
_MAX_CACHED_URL_CHARS = 4096

# JSON's escape of U+0000, unless its backslash is escaped.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Hydrator(Protocol):
    """Mints the preview URL of an attachment. `reference` is the stored one (references.py)."""

    def preview_url(self, attachment_id: str, reference: str) -> str: ...


@runtime_checkable
class PreparingHydrator(Hydrator, Protocol):
    """A hydrator that must read something first: `prepare` gets all references of a load."""

    async def prepare(self, references: Collection[str]) -> None: ...


def encode_thread(thread: ThreadMetadata) -> str:
    """Return the metadata as JSON, without the items that a `Thread` has."""
    fields = set(ThreadMetadata.model_fields)
    return _storable_json(thread.model_dump_json(by_alias=True, include=fields))


def decode_thread(payload: str) -> ThreadMetadata:
    return ThreadMetadata.model_validate_json(payload)


def encode_item(item: ThreadItem, references: Mapping[str, str]) -> str:
    """Return the item as JSON. `references` are those of the attachments in the bucket, by id.

    Raises `InvalidRequest` if any other attachment has a reference as its URL.
    """
    if isinstance(item, UserMessageItem) and item.attachments:
        attachments = [
            as_stored(attachment, references.get(attachment.id)) for attachment in item.attachments
        ]
        item = item.model_copy(update={"attachments": attachments})
    elif isinstance(item, GeneratedImageItem) and item.image is not None:
        image = _image_as_stored(item.image, references.get(item.image.id))
        item = item.model_copy(update={"image": image})
    return _storable_json(item.model_dump_json(by_alias=True))


async def decode_item(payload: str, hydrator: Hydrator | None) -> ThreadItem:
    """Return the item with URLs of its attachments, or of its generated image, minted now."""
    (item,) = await decode_items([payload], hydrator)
    return item


async def decode_items(payloads: Sequence[str], hydrator: Hydrator | None) -> list[ThreadItem]:
    """Return the items as `decode_item` does, parsed in one pass."""
    items = _ITEMS.validate_json(f"[{','.join(payloads)}]")
    attachments: list[Attachment] = []
    images: list[GeneratedImage] = []
    for item, payload in zip(items, payloads, strict=True):
        if isinstance(item, WidgetItem):
            _restore_unknown_fields(item, payload)
        elif isinstance(item, UserMessageItem):
            attachments += item.attachments
        elif isinstance(item, GeneratedImageItem) and item.image is not None:
            images.append(item.image)
    if hydrator is not None and attachments:
        await hydrate(attachments, hydrator)
    if hydrator is not None and images:
        await _hydrate_images(images, hydrator)
    return items


def encode_attachment(attachment: Attachment) -> str:
    return _storable_json(attachment.model_dump_json(by_alias=True))


def decode_attachment(payload: str) -> Attachment:
    return _ATTACHMENT.validate_json(payload)


def as_stored(attachment: Attachment, reference: str | None) -> Attachment:
    """Return the attachment as it is stored: without signed URLs if its bytes are in the bucket.

    Raises `InvalidRequest` if they are not (`reference` is None), but its preview URL is a
    reference: the hydrator would mint a URL for an object of another user.
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
    """Replace the references with URLs."""
    previewed = [
        (attachment, stored)
        for attachment in attachments
        if isinstance(attachment, ImageAttachment)
        and is_reference(stored := str(attachment.preview_url))
    ]
    if isinstance(hydrator, PreparingHydrator):
        await hydrator.prepare({stored for _, stored in previewed})
    for attachment, stored in previewed:
        attachment.preview_url = _parse(hydrator.preview_url(attachment.id, stored))


async def _hydrate_images(images: Sequence[GeneratedImage], hydrator: Hydrator) -> None:
    stored = [image for image in images if is_reference(image.url)]
    if isinstance(hydrator, PreparingHydrator):
        await hydrator.prepare({image.url for image in stored})
    for image in stored:
        image.url = hydrator.preview_url(image.id, image.url)


def _image_as_stored(image: GeneratedImage, reference: str | None) -> GeneratedImage:
    """Return the image as `as_stored` does an attachment. Its URL is not that of a thumbnail."""
    if reference is None and is_reference(image.url):
        raise InvalidRequest("An image's url has to be one that a browser can load.", param="url")
    if reference is None:
        return image
    return image.model_copy(update={"url": reference.removesuffix(PREVIEW_SUFFIX)})


def _parse(url: str) -> AnyUrl:
    return AnyUrl(url) if len(url) > _MAX_CACHED_URL_CHARS else _parse_cached(url)


@lru_cache(maxsize=1024)
def _parse_cached(url: str) -> AnyUrl:
    """Return the parsed URL. Minted URLs repeat for minutes; parsing costs as much as signing."""
    return AnyUrl(url)


def _restore_unknown_fields(item: WidgetItem, payload: str) -> None:
    """Restore the fields of a widget that the SDK's classes do not have. Templates can create them.

    The SDK parses a widget as one of the classes of `WidgetRoot`, which drops unknown fields.
    """
    stored = json.loads(payload)["widget"]
    if item.widget.model_dump(mode="json") != stored:
        item.widget = DynamicWidgetRoot.model_validate(stored)


def _storable_json(payload: str) -> str:
    if "\\u0000" not in payload:
        return payload
    return _ESCAPED_NUL.sub(r"\1\\ufffd", payload)
