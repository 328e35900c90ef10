"""Stores the images that an agent generates."""

import base64

from chatkit.agents import ResponseStreamConverter
from chatkit.types import ThreadMetadata

from app.attachments.generated_images import GeneratedImages
from app.context import RequestContext


class StoredImages(ResponseStreamConverter):
    """Stores generated images as attachments of the thread; partial ones are only shown.

    `partial_images` is how many partial images precede each image, for its progress.
    """

    def __init__(
        self,
        images: GeneratedImages,
        thread: ThreadMetadata,
        context: RequestContext,
        *,
        partial_images: int | None,
    ) -> None:
        super().__init__(partial_images=partial_images)
        self._images = images
        self._thread = thread
        self._context = context

    async def base64_image_to_url(
        self, image_id: str, base64_image: str, partial_image_index: int | None = None
    ) -> str:
        """Return a URL that shows the image. `image_id` becomes the id of the attachment."""
        if partial_image_index is not None:
            return await super().base64_image_to_url(image_id, base64_image, partial_image_index)
        body = base64.b64decode(base64_image)
        return await self._images.store(image_id, body, self._thread.id, self._context)
