"""The content of one user's attachments, as parts of a model request."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Protocol

from app.errors import Unavailable
from app.model_input.announcements import attachment_parts
from app.model_input.labels import LabelledPart
from app.model_input.references import References
from app.model_input.rendering import Renderer, StoredAttachment
from app.model_input.rendition import Rendition, note
from app.model_input.selection import WHOLE, Selection


class ContentLinks(Protocol):
    """URLs for MODEL_INPUT=url. A file keeps its URL for minutes. Raises `BucketUnavailable`."""

    def url(self, object_key: str) -> str: ...


class AttachmentContents:
    """Renders attachments and writes them as parts.

    `rejected` has the ids of attachments that the model's provider rejected during this answer,
    each with the reason: a note with the reason is sent instead of the file.
    """

    def __init__(
        self,
        renderer: Renderer,
        *,
        links: ContentLinks | None = None,
        references: References | None = None,
        rejected: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._renderer = renderer
        self._links = links
        self._references = references
        self._rejected = rejected

    @property
    def image_max_side(self) -> int:
        """Pixels of the longer side of images, unless a selection asks for less."""
        return self._renderer.image_max_side

    async def prepare(self, attachment_ids: Collection[str]) -> None:
        """Find out which files of these attachments the provider keeps, in one query."""
        if self._references and attachment_ids:
            await self._references.load(attachment_ids)

    async def render(self, record: StoredAttachment, selection: Selection = WHOLE) -> Rendition:
        """Return what the model gets of an attachment, or of what is selected in it."""
        reason = self._rejected.get(record.id)
        if reason is not None:
            return note(reason, lasting=False)
        return await self._renderer.render(record, selection, self._references)

    def least_bytes(self, record: StoredAttachment) -> int:
        """Return a lower bound of the bytes that the content adds to a request. Reads nothing."""
        return self._renderer.least_bytes(record)

    def parts(self, record: StoredAttachment, rendition: Rendition) -> list[LabelledPart]:
        """Return the attachment's parts, its announcement first."""
        url = None
        if self._links and rendition.untouched and not rendition.body and record.object_key:
            try:
                url = self._links.url(record.object_key)
            except Unavailable as problem:
                return attachment_parts(record, note(problem.message))
        return attachment_parts(record, rendition, url=url)
