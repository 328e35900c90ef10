"""ChatKit's attachment store: reserves a row, then hands out one upload link.

Phase 1 of the two-phase upload. The row is written before the link exists, so no byte can reach
the bucket without a row to find it by.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote

from chatkit.store import AttachmentStore
from chatkit.types import (
    Attachment,
    AttachmentCreateParams,
    AttachmentUploadDescriptor,
    FileAttachment,
    ImageAttachment,
)
from pydantic import AnyUrl

from app.attachments.capability_links import LinkSigner
from app.attachments.policy import AttachmentPolicy, CheckedUpload
from app.context import RequestContext
from app.database.attachment_records import SLOW_LINE_BYTES_PER_SECOND, AttachmentRecords
from app.database.identifiers import new_id
from app.database.payloads import Hydrator
from app.database.quota import NewAttachment, Quota
from app.database.references import reference_to
from app.faults import fault_point
from app.storage.object_keys import new_object_key, upload_key
from app.storage.post import PostPolicySigner
from app.storage.signing import UrlSigner
from app.telemetry import logs


class UploadTransport(Protocol):
    """Makes the link for one upload."""

    def descriptor(
        self,
        attachment_id: str,
        object_key: str,
        checked: CheckedUpload,
        *,
        expires_in: int,
        context: RequestContext,
    ) -> AttachmentUploadDescriptor: ...


class PostTransport:
    """`UPLOAD_METHOD=POST`: the presigned POST's fields in the query of the gateway's URL.

    One of them tells the gateway, by a pseudonym, whose uploads to count.
    """

    def __init__(self, policies: PostPolicySigner, links: LinkSigner) -> None:
        self._policies = policies
        self._links = links

    def descriptor(
        self,
        attachment_id: str,
        object_key: str,
        checked: CheckedUpload,
        *,
        expires_in: int,
        context: RequestContext,
    ) -> AttachmentUploadDescriptor:
        fields = self._policies.presign(
            object_key,
            mime_type=checked.mime_type,
            size=checked.size,
            expires_in=expires_in,
            uploader=self._links.pseudonym(context.user_id),
        )
        link = self._links.sign(
            f"/uploads/{quote(attachment_id, safe='')}",
            fields,
            expires_at=int(time.time()) + expires_in,
        )
        return AttachmentUploadDescriptor(url=AnyUrl(context.base_url + link), method="POST")


class PutTransport:
    """`UPLOAD_METHOD=PUT`: straight to the bucket; exactly those bytes, exactly once."""

    def __init__(self, signer: UrlSigner) -> None:
        self._signer = signer

    def descriptor(
        self,
        attachment_id: str,
        object_key: str,
        checked: CheckedUpload,
        *,
        expires_in: int,
        context: RequestContext,
    ) -> AttachmentUploadDescriptor:
        sent = {"content-type": checked.mime_type, "if-none-match": "*"}
        url = self._signer.presign(
            "PUT",
            object_key,
            expires_in=expires_in,
            headers={"content-length": str(checked.size), **sent},
        )
        return AttachmentUploadDescriptor(
            url=AnyUrl(url),
            method="PUT",
            headers={"Content-Type": checked.mime_type, "If-None-Match": "*"},
        )


@dataclass(frozen=True, slots=True)
class Reserved:
    """A pending attachment. Its upload may begin within `expires_in` seconds."""

    id: str
    object_key: str
    checked: CheckedUpload
    expires_in: int


class TwoPhaseAttachmentStore(AttachmentStore[RequestContext]):
    """`attachments.create` and `attachments.delete`."""

    def __init__(
        self,
        records: AttachmentRecords,
        policy: AttachmentPolicy,
        quota: Quota,
        transport: UploadTransport,
        previews: Hydrator,
        *,
        upload_ttl_seconds: int,
        on_tombstone: Callable[[], None] = lambda: None,
    ) -> None:
        self._records = records
        self._policy = policy
        self._quota = quota
        self._transport = transport
        self._previews = previews
        self._upload_ttl_seconds = upload_ttl_seconds
        self._on_tombstone = on_tombstone

    def generate_attachment_id(self, mime_type: str, context: RequestContext) -> str:
        """`atc_` and 128 random bits: the SDK's default has 32, which can be guessed."""
        return new_id("attachment")

    async def create_attachment(
        self, input: AttachmentCreateParams, context: RequestContext
    ) -> Attachment:
        """Raises the policy's errors and `QuotaExceeded`."""
        reserved = await self.reserve(input, context)
        checked = reserved.checked
        # Until a message uses it, its bytes are where the upload link puts them.
        uploaded = upload_key(reserved.object_key)
        preview_url = self._previews.preview_url(reserved.id, reference_to(uploaded))
        attachment = _attachment(reserved.id, checked, preview_url)
        attachment.upload_descriptor = self._transport.descriptor(
            reserved.id,
            uploaded,
            checked,
            expires_in=reserved.expires_in,
            context=context,
        )
        fault_point("create.linked")
        return attachment

    async def reserve(self, input: AttachmentCreateParams, context: RequestContext) -> Reserved:
        """Write the row of an attachment that is about to be uploaded, by whatever way.

        Raises the policy's errors and `QuotaExceeded`.
        """
        checked = self._policy.check(input)
        attachment_id = self.generate_attachment_id(checked.mime_type, context)
        logs.bind(attachment=attachment_id)
        object_key = new_object_key()
        # Its TTL and, on top, the time the file needs on a slow line, because uploads wait for
        # each other: the twelfth photo starts long after its link was made.
        expires_in = self._upload_ttl_seconds + checked.size // SLOW_LINE_BYTES_PER_SECOND
        stored = _attachment(attachment_id, checked, reference_to(object_key))
        await self._records.reserve(
            NewAttachment(
                user_id=context.user_id,
                id=attachment_id,
                object_key=object_key,
                name=checked.name,
                mime_type=checked.mime_type,
                size=checked.size,
                payload=stored.model_dump(mode="json"),
                upload_expires_at=datetime.fromtimestamp(time.time() + expires_in, UTC),
            ),
            self._quota,
        )
        fault_point("create.reserved")
        return Reserved(attachment_id, object_key, checked, expires_in)

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Tombstone it; the purger deletes the bytes. Deleting twice is no error."""
        await self._records.tombstone(context.user_id, attachment_id)
        self._on_tombstone()


def _attachment(attachment_id: str, checked: CheckedUpload, preview_url: str) -> Attachment:
    if checked.is_image:
        return ImageAttachment(
            id=attachment_id,
            name=checked.name,
            mime_type=checked.mime_type,
            preview_url=AnyUrl(preview_url),
        )
    return FileAttachment(id=attachment_id, name=checked.name, mime_type=checked.mime_type)
