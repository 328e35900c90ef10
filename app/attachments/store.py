"""ChatKit's attachment store: phase 1 of the two-phase upload, and deleting."""

from chatkit.store import AttachmentStore
from chatkit.types import Attachment, AttachmentCreateParams

from app.attachments.reservations import Reservations
from app.attachments.upload_transports import UploadTransport
from app.context import RequestContext
from app.database.identifiers import new_id
from app.database.payloads import Hydrator
from app.database.references import reference_to
from app.faults import fault_point
from app.storage.object_keys import upload_key


class ChatKitAttachmentStore(AttachmentStore[RequestContext]):
    """Answers `attachments.create` and `attachments.delete`."""

    def __init__(
        self, reservations: Reservations, transport: UploadTransport, previews: Hydrator
    ) -> None:
        self._reservations = reservations
        self._transport = transport
        self._previews = previews

    def generate_attachment_id(self, mime_type: str, context: RequestContext) -> str:
        """Return `atc_` and 128 random bits. The SDK's default has 32, which can be guessed."""
        return new_id("attachment")

    async def create_attachment(
        self, input: AttachmentCreateParams, context: RequestContext
    ) -> Attachment:
        """Reserve an attachment and return it with its upload link.

        Raises the policy's errors and `QuotaExceeded`.
        """
        reservation = await self._reservations.reserve(input, context)
        # The bytes stay where the upload link writes them until a message uses the attachment.
        reference = reference_to(upload_key(reservation.object_key))
        attachment = reservation.attachment(self._previews.preview_url(reservation.id, reference))
        attachment.upload_descriptor = await self._transport.descriptor(reservation, context)
        fault_point("create.linked")
        return attachment

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Tombstone the attachment; the sweep deletes its bytes. It may be repeated."""
        await self._reservations.cancel(attachment_id, context)
