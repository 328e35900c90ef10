"""ChatKit's direct strategy: one request uploads a file, and is answered when it is verified.

The row is written first, as in a two-phase upload. Then the bytes are spliced into the bucket, and
verified at once.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from chatkit.types import AttachmentCreateParams

from app.attachments.form_tail import (
    LINE_END,
    FormTailGuard,
    closing_of,
    file_of_form,
    malformed_form,
)
from app.attachments.policy import AttachmentPolicy
from app.attachments.reservations import Reservation, Reservations
from app.attachments.verification import Verifier
from app.context import RequestContext
from app.database.attachment_records import AttachmentRecords
from app.errors import MalwareFound, UploadMismatch
from app.faults import fault_point
from app.storage.object_keys import upload_key
from app.storage.put import PUT_FIELD, PresignedPut
from app.storage.splice import Splicer
from app.storage.upload_fields import UploadFields


@dataclass(frozen=True, slots=True)
class OpenedForm:
    """A multipart form whose first part's head was read. `body` yields the rest of the form.

    `length` is the number of bytes left: those of the file and of the closing boundary. `name` and
    `mime_type` are those of the head; `mime_type` is empty if the head has none.
    """

    name: str
    mime_type: str
    boundary: str
    length: int
    body: AsyncIterator[bytes]


class DirectUploads:
    """Receives files. After a failed upload, the sweep deletes the row and what was written."""

    def __init__(
        self,
        reservations: Reservations,
        policy: AttachmentPolicy,
        records: AttachmentRecords,
        fields: UploadFields,
        splicer: Splicer,
        verifier: Verifier,
    ) -> None:
        self._reservations = reservations
        self._policy = policy
        self._records = records
        self._fields = fields
        self._splicer = splicer
        self._verifier = verifier

    def check_announced(self, size: int) -> None:
        """Check a file of at least `size` bytes. Raises `AttachmentTooLarge`."""
        self._policy.check_size(max(size, 1))

    async def receive(self, form: OpenedForm, context: RequestContext) -> str:
        """Store and verify the form's file, and return the id of its attachment.

        Nothing is read before policy and quota allow it. Raises their errors, `InvalidRequest`,
        `AttachmentRejected`, what `Splicer.splice` raises and what the form's body raises.
        """
        least, largest = self._possible_sizes(form)
        params = AttachmentCreateParams(name=form.name, size=largest, mime_type=form.mime_type)
        reservation = await self._reservations.reserve(params, context)
        try:
            size = await self._upload(form, reservation, least)
            if size != largest:
                await self._records.settle_size(context.user_id, reservation.id, size)
            await self._verifier.verify(await self._records.load(context.user_id, reservation.id))
        except UploadMismatch as exc:
            # The file is smaller than the form's length announced, so the form has other parts too.
            await self._reservations.cancel(reservation.id, context)
            raise malformed_form() from exc
        except MalwareFound:
            raise  # its row keeps the bytes in quarantine
        except Exception:  # any error is raised again, after the row is a tombstone
            await self._reservations.cancel(reservation.id, context)
            raise
        return reservation.id

    def _possible_sizes(self, form: OpenedForm) -> tuple[int, int]:
        """Return the least and the largest size that the file can have by the form's length."""
        largest = form.length - len(closing_of(form.boundary))
        if largest < 0:
            raise malformed_form()
        least = max(largest - len(LINE_END), 0)
        if least <= self._policy.max_bytes:
            largest = min(largest, self._policy.max_bytes)
        return least, largest

    async def _upload(self, form: OpenedForm, reservation: Reservation, least: int) -> int:
        """Splice the file into the bucket and return its size."""
        fields = await self._fields.presign(
            upload_key(reservation.object_key),
            mime_type=reservation.checked.mime_type,
            size=reservation.checked.size,
            least_size=max(least, 1),
            expires_in=reservation.expires_in,
        )
        fault_point("direct.reserved")
        if PUT_FIELD in fields:
            put = PresignedPut.of(fields)
            file = file_of_form(form.body, closing_of(form.boundary), put.size)
            await self._splicer.splice_put(put, file)
            fault_point("direct.uploaded")
            return put.size
        guarded = FormTailGuard(form.body, closing_of(form.boundary), self._policy.check_size)
        await self._splicer.splice_opened(
            fields, aiter(guarded), boundary=form.boundary, content_length=form.length
        )
        fault_point("direct.uploaded")
        return guarded.size
