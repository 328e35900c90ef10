"""Stores images that a model has generated, as attachments of their thread.

They count towards the user's quota, can be downloaded and mentioned, and are deleted with the
thread. The database never holds their bytes.
"""

from chatkit.types import AttachmentCreateParams

from app.attachments.content import HEAD_BYTES, check_content
from app.attachments.reservations import Reservations
from app.attachments.verification import Verifier
from app.context import RequestContext
from app.database.attachment_records import AttachmentRecords
from app.database.payloads import Hydrator, PreparingHydrator
from app.database.references import reference_to
from app.errors import MalwareFound, MimeTypeNotAllowed
from app.file_types.file_type import FileType
from app.file_types.table import FILE_TYPES
from app.storage.bucket import Bucket
from app.storage.object_keys import upload_key


class GeneratedImages:
    """Stores images by the same steps as an upload, so that a crash leaves nothing behind."""

    def __init__(
        self,
        reservations: Reservations,
        records: AttachmentRecords,
        bucket: Bucket,
        verifier: Verifier,
        previews: Hydrator,
    ) -> None:
        self._reservations = reservations
        self._records = records
        self._bucket = bucket
        self._verifier = verifier
        self._previews = previews

    async def store(
        self, attachment_id: str, body: bytes, thread_id: str, context: RequestContext
    ) -> str:
        """Store an image under an id that is new, and return a URL that shows it.

        Raises `QuotaExceeded`, `MimeTypeNotAllowed` for bytes that are not an image, and what the
        bucket and the verification raise.
        """
        file_type = _type_of(body)
        name = f"generated-image{file_type.suffixes[0]}"
        params = AttachmentCreateParams(name=name, size=len(body), mime_type=file_type.mime_type)
        reservation = await self._reservations.reserve(params, context, attachment_id)
        try:
            key = upload_key(reservation.object_key)
            await self._bucket.write(key, body, mime_type=file_type.mime_type)
            record = await self._records.load(context.user_id, attachment_id)
            await self._verifier.verify(record)
            await self._records.bind(context.user_id, thread_id, attachment_id)
        except MalwareFound:
            raise  # its row keeps the bytes in quarantine
        except Exception:  # any error is raised again, after the row is a tombstone
            await self._reservations.cancel(attachment_id, context)
            raise
        reference = reference_to(reservation.object_key)
        if isinstance(self._previews, PreparingHydrator):
            await self._previews.prepare([reference])
        return self._previews.preview_url(attachment_id, reference)


def _type_of(body: bytes) -> FileType:
    head = body[:HEAD_BYTES]
    for file_type in FILE_TYPES:
        if file_type.is_inline and check_content(head, file_type) is None:
            return file_type
    raise MimeTypeNotAllowed("The model has generated an image of a type that can't be shown.")
