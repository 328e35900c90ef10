"""Makes the link that an upload is sent to: the gateway's (POST) or the bucket's own (PUT)."""

import time
from typing import Protocol

from chatkit.types import AttachmentUploadDescriptor
from pydantic import AnyUrl

from app.attachments.capability_links import LinkSigner
from app.attachments.reservations import Reservation
from app.context import RequestContext
from app.paths import upload_path
from app.storage.object_keys import upload_key
from app.storage.signing import UrlSigner
from app.storage.upload_fields import UploadFields


class UploadTransport(Protocol):
    """Makes the link for one upload."""

    async def descriptor(
        self, reservation: Reservation, context: RequestContext
    ) -> AttachmentUploadDescriptor:
        """Return the URL, method and headers that ChatKit's client uploads the file with."""
        ...


class PostTransport:
    """`UPLOAD_METHOD=POST`: a URL of the gateway, whose query has what the store demands.

    These are the fields of a presigned POST or a presigned PUT (upload_fields.py). One field is a
    pseudonym of the user, so that the gateway can count each user's uploads.
    """

    def __init__(self, fields: UploadFields, links: LinkSigner) -> None:
        self._fields = fields
        self._links = links

    async def descriptor(
        self, reservation: Reservation, context: RequestContext
    ) -> AttachmentUploadDescriptor:
        fields = await self._fields.presign(
            upload_key(reservation.object_key),
            mime_type=reservation.checked.mime_type,
            size=reservation.checked.size,
            expires_in=reservation.expires_in,
            uploader=self._links.pseudonym(context.user_id),
        )
        link = self._links.sign(
            upload_path(reservation.id),
            fields,
            expires_at=int(time.time()) + reservation.expires_in,
        )
        return AttachmentUploadDescriptor(url=AnyUrl(context.base_url + link), method="POST")


class PutTransport:
    """`UPLOAD_METHOD=PUT`: a URL of the bucket that writes exactly the announced bytes, once."""

    def __init__(self, signer: UrlSigner) -> None:
        self._signer = signer

    async def descriptor(
        self, reservation: Reservation, context: RequestContext
    ) -> AttachmentUploadDescriptor:
        checked = reservation.checked
        headers = self._signer.upload_headers(checked.mime_type)
        url = self._signer.presign(
            "PUT",
            upload_key(reservation.object_key),
            expires_in=reservation.expires_in,
            headers={"Content-Length": str(checked.size), **headers},
        )
        return AttachmentUploadDescriptor(url=AnyUrl(url), method="PUT", headers=headers)
