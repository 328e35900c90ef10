"""The files of one answer at the model's provider, as the model input refers to them."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from app.model_input.announcements import content_part
from app.model_input.input_items import Item, Part, parts_of, with_parts
from app.model_input.labels import Label, LabelledPart, label_of
from app.model_input.rendition import Reference, Rendition
from app.provider_files.files_api import FilesApiFailed
from app.provider_files.uploads import NewFile, Uploads, kept_rendition
from app.telemetry import metrics

_CONCURRENT_SEARCHES = 8


class AnswerFiles:
    """The files of one user, for one answer. It implements `References`."""

    def __init__(self, uploads: Uploads, user_id: str, kinds: Collection[str]) -> None:
        """`kinds` are those of the renditions that the model's API takes by id."""
        self._uploads = uploads
        self._user_id = user_id
        self._kinds = kinds
        self._kept: dict[tuple[str, str], Rendition] = {}
        # By attachment and key; None for those that could not be uploaded.
        self._ids: dict[tuple[str, str], str | None] = {}

    async def load(self, attachment_ids: Collection[str]) -> None:
        for row in await self._uploads.rows.load(self._user_id, attachment_ids):
            self._kept[row.attachment_id, row.rendition_key] = kept_rendition(row)

    def kept(self, attachment_id: str, key: str) -> Rendition | None:
        return self._kept.get((attachment_id, key))

    def referable(self, rendition: Rendition, key: str) -> Rendition:
        if rendition.kind not in self._kinds or not rendition.body:
            return rendition
        return replace(rendition, reference=Reference(key, _decoded_bytes(rendition.body)))

    async def uploaded(self, items: Sequence[Item]) -> list[Item]:
        new = {_id_of(label): label for label in _labels_without_file(items)}
        waiting = {id: label for id, label in new.items() if id not in self._ids}
        ids = await asyncio.gather(*(self._upload(label) for label in waiting.values()))
        self._ids.update(zip(waiting, ids, strict=True))
        return [
            with_parts(item, [self._with_file(part) for part in parts_of(item)]) for item in items
        ]

    async def forget_lost(self, items: Sequence[Item]) -> bool:
        """Forget the files that the provider has lost. Return whether there are any.

        `items` is a request that the provider has rejected. It is asked for each file, because a
        rejection names one of them at most.
        """
        parts = [part for item in items for part in parts_of(item)]
        sent = sorted({part["file_id"] for part in parts if part.get("file_id")})
        slots = asyncio.Semaphore(_CONCURRENT_SEARCHES)

        async def is_lost(file_id: str) -> bool:
            async with slots:
                return not await self._uploads.api.keeps(file_id)

        try:
            lost = await asyncio.gather(*(is_lost(id) for id in sent))
        except FilesApiFailed:
            return False
        forgotten = [id for id, is_gone in zip(sent, lost, strict=True) if is_gone]
        if forgotten:
            await self._uploads.rows.forget(self._user_id, forgotten)
            metrics.provider_files_lost.inc(len(forgotten))
        return bool(forgotten)

    async def _upload(self, label: Label) -> str | None:
        rendition = label.rendition
        if rendition.reference is None:
            return None
        new = NewFile(self._user_id, label.subject, rendition, rendition.reference)
        return await self._uploads.upload(new)

    def _with_file(self, part: Part) -> Part:
        """Return the part by reference; if its file could not be uploaded, with its true cost."""
        label = label_of(part)
        if label is None or not _lacks_file(part, label):
            return part
        rendition, file_id = label.rendition, self._ids[_id_of(label)]
        if rendition.reference is None or file_id is None:
            return LabelledPart(part, replace(label, rendition=replace(rendition, reference=None)))
        reference = replace(rendition.reference, file_id=file_id)
        return content_part(label.subject, replace(rendition, reference=reference))


def _labels_without_file(items: Sequence[Item]) -> Iterator[Label]:
    for item in items:
        for part in parts_of(item):
            label = label_of(part)
            if label is not None and _lacks_file(part, label):
                yield label


def _lacks_file(part: Part, label: Label) -> bool:
    """Whether a part has the content of a file that the provider can keep but does not have."""
    reference = label.rendition.reference
    is_content = part["type"] in ("input_image", "input_file")
    return is_content and reference is not None and not reference.file_id


def _id_of(label: Label) -> tuple[str, str]:
    reference = label.rendition.reference
    return (label.subject.id, reference.key if reference else "")


def _decoded_bytes(data_url: str) -> int:
    """Return how many bytes a base64 data URL has."""
    encoded = len(data_url) - data_url.index(",") - 1
    return encoded // 4 * 3 - data_url.count("=", len(data_url) - 2)
