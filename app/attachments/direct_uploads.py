"""ChatKit's direct strategy: one request brings a file, and is answered when it was verified.

The row is written first, as in two phases, then the bytes are spliced into the bucket, and then
they are verified at once.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from chatkit.types import AttachmentCreateParams

from app.attachments.policy import AttachmentPolicy
from app.attachments.store import TwoPhaseAttachmentStore
from app.attachments.verification import Verifier
from app.context import RequestContext
from app.database.attachment_records import AttachmentRecords
from app.errors import InvalidRequest, UploadMismatch
from app.faults import fault_point
from app.storage.object_keys import upload_key
from app.storage.post import PostPolicySigner
from app.storage.splice import Splicer

# Some clients leave out the line end behind the closing boundary (RFC 2046 asks for none), so a
# form's length tells the size of its file up to these.
_LINE_END = b"\r\n"

_MALFORMED = "The upload has to be a form with one field, 'file', and nothing behind it."


@dataclass(frozen=True, slots=True)
class OpenedForm:
    """A multipart form whose one part's head was read: `body` brings the rest.

    `length` is that of the rest in bytes: the file, and the closing boundary. `mime_type` is what
    the part says, if anything.
    """

    name: str
    mime_type: str
    boundary: str
    length: int
    body: AsyncIterator[bytes]


class DirectUploads:
    """Takes files in. What fails leaves no object, and a row that is purged."""

    def __init__(
        self,
        store: TwoPhaseAttachmentStore,
        policy: AttachmentPolicy,
        records: AttachmentRecords,
        policies: PostPolicySigner,
        splicer: Splicer,
        verifier: Verifier,
    ) -> None:
        self._store = store
        self._policy = policy
        self._records = records
        self._policies = policies
        self._splicer = splicer
        self._verifier = verifier

    def check_announced(self, size: int) -> None:
        """Whether a file of `size` bytes at least may come. Raises `AttachmentTooLarge`."""
        self._policy.check_size(max(size, 1))

    async def receive(self, form: OpenedForm, context: RequestContext) -> str:
        """Store the file; the id of its attachment, which is verified.

        Nothing is read before policy and quota allow it. Raises their errors, those of
        `Splicer.splice`, `InvalidRequest`, `AttachmentRejected`, and what the body raises.
        """
        closing = f"\r\n--{form.boundary}--".encode()
        largest = form.length - len(closing)
        least = largest - len(_LINE_END)
        if largest < 0:
            raise InvalidRequest(_MALFORMED, param="file")
        if least <= self._policy.max_bytes:
            largest = min(largest, self._policy.max_bytes)
        reserved = await self._store.reserve(
            AttachmentCreateParams(name=form.name, size=largest, mime_type=form.mime_type), context
        )
        try:
            fields = self._policies.presign(
                upload_key(reserved.object_key),
                mime_type=reserved.checked.mime_type,
                size=largest,
                least_size=max(least, 1),
                expires_in=reserved.expires_in,
            )
            measured = FormTailGuard(form.body, closing, self._policy.check_size)
            fault_point("direct.reserved")
            await self._splicer.splice_opened(
                fields, aiter(measured), boundary=form.boundary, content_length=form.length
            )
            fault_point("direct.uploaded")
            size = measured.size
            if size != largest:
                await self._records.settle_size(context.user_id, reserved.id, size)
            await self._verifier.verify(await self._records.load(context.user_id, reserved.id))
        except UploadMismatch as exc:
            # The bucket found the end of the file before the end of the form: there is more in it.
            await self._store.delete_attachment(reserved.id, context)
            raise InvalidRequest(_MALFORMED, param="file") from exc
        except Exception:  # whatever it was goes on, once the row is gone
            # Nobody has been told of it. After a crash, the sweep expires it.
            await self._store.delete_attachment(reserved.id, context)
            raise
        return reserved.id


class FormTailGuard:
    """Passes a form's rest on, except for its end until that is seen to be one.

    So a body that is cut off, or has anything behind the file, never becomes an object, nor does
    one that `check_size` refuses.
    """

    def __init__(
        self, body: AsyncIterator[bytes], closing: bytes, check_size: Callable[[int], None]
    ) -> None:
        self._body = body
        self._closing = closing
        self._check_size = check_size
        self._total = 0
        self._end = b""

    @property
    def size(self) -> int:
        """Of the file, in bytes, once all of it has passed."""
        return self._total - len(self._end)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        longest = len(self._closing) + len(_LINE_END)
        held = b""
        async for chunk in self._body:
            self._total += len(chunk)
            together = held + chunk
            passed, held = together[:-longest], together[-longest:]
            if passed:
                yield passed
        self._end = held[held.rfind(self._closing) :] if self._closing in held else b""
        if self._end not in (self._closing, self._closing + _LINE_END):
            raise InvalidRequest(_MALFORMED, param="file")
        self._check_size(self.size)
        yield held
