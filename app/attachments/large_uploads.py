"""Uploads of large files in parts: offered in their upload link, begun and completed by it.

A broken connection costs the parts that were under way, not the whole file. Nothing is stored about
such an upload here: the links carry what it needs, and the bucket knows the parts. It writes the
same key as the upload link, so verification, quota and deletion are those of any upload.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from chatkit.types import AttachmentUploadDescriptor
from pydantic import AnyUrl

from app.attachments.capability_links import LinkSigner
from app.attachments.reservations import Reservation
from app.attachments.upload_transports import UploadTransport
from app.context import RequestContext
from app.database.quota import SLOW_LINE_BYTES_PER_SECOND
from app.errors import ObjectMissing, UploadedAlready, UploadMismatch
from app.faults import fault_point
from app.paths import upload_complete_path, upload_parts_path, upload_path
from app.sizes import LARGE_FILE_BYTES
from app.storage.bucket import Bucket
from app.storage.multipart_uploads import UploadedPart
from app.storage.object_keys import upload_key
from app.storage.parts import Part, parts_of
from app.storage.post import UPLOADER_FIELD
from app.storage.put import PutSigner, presigned_part
from app.storage.signing import UrlSigner

FRAGMENT = "parts="
_ENDS = "ends"  # when the links of the parts expire, in seconds since the epoch


class LargeUploadTransport:
    """Adds a link for the upload in parts to the upload link of a large file.

    The link is in the fragment of the URL (`#parts=...`), which is sent to no server: clients that
    do not know it upload the whole file as ever.
    """

    def __init__(self, whole: UploadTransport, links: LinkSigner) -> None:
        self._whole = whole
        self._links = links

    async def descriptor(
        self, reservation: Reservation, context: RequestContext
    ) -> AttachmentUploadDescriptor:
        descriptor = await self._whole.descriptor(reservation, context)
        checked = reservation.checked
        if checked.size <= LARGE_FILE_BYTES:
            return descriptor
        ends = int(time.time()) + reservation.expires_in
        upload = _Upload(
            key=upload_key(reservation.object_key),
            size=checked.size,
            mime_type=checked.mime_type,
            uploader=self._links.pseudonym(context.user_id),
            ends=ends,
        )
        link = self._links.sign(upload_parts_path(reservation.id), upload.params(), expires_at=ends)
        fragment = FRAGMENT + quote(context.base_url + link, safe="")
        return descriptor.model_copy(update={"url": AnyUrl(f"{descriptor.url}#{fragment}")})


@dataclass(frozen=True, slots=True)
class PartLink:
    """How to send one part of a file by PUT: to the bucket, or by the path of `gateway` to this
    service. `is_uploaded`: it is in the bucket already.
    """

    part: Part
    url: str
    gateway: str | None
    is_uploaded: bool


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The parts of a file, in order, and the path that makes a file of them."""

    parts: list[PartLink]
    complete: str


class LargeUploads:
    """Begins and completes uploads in parts, by what their signed links carry.

    `public` signs for browsers. `gateway` signs for this service; None: no part passes through it.
    """

    def __init__(
        self,
        bucket: Bucket,
        links: LinkSigner,
        public: UrlSigner,
        gateway: PutSigner | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bucket = bucket
        self._links = links
        self._public = public
        self._gateway = gateway
        self._clock = clock

    async def begin(self, attachment_id: str, params: Mapping[str, str]) -> PartPlan:
        """Return the links for the parts. After an interruption, the same upload goes on.

        Raises `UploadedAlready` if the file was uploaded, and `BucketUnavailable`.
        """
        upload = _Upload.of(params)
        # Otherwise the link could keep a third object of this size in the bucket, besides the
        # upload and its verified copy.
        if await self._size_of(upload.key) is not None:
            raise UploadedAlready
        upload_id = await self._bucket.multipart.begin(upload.key, mime_type=upload.mime_type)
        fault_point("parts.begun")
        arrived = await self._arrived(upload.key, upload_id)
        expires_in = max(1, upload.ends - int(self._clock()))
        links = [
            PartLink(
                part,
                presigned_part(self._public, upload.key, upload_id, part, expires_in=expires_in),
                self._gateway_link(attachment_id, upload, upload_id, part, expires_in),
                part in arrived,
            )
            for part in parts_of(upload.size)
        ]
        # The last part may begin when its link expires, and takes its time.
        slowest_seconds = upload.size // SLOW_LINE_BYTES_PER_SECOND
        complete = self._links.sign(
            upload_complete_path(attachment_id),
            {**upload.params(), "upload_id": upload_id},
            expires_at=upload.ends + slowest_seconds,
        )
        return PartPlan(links, complete)

    async def complete(self, params: Mapping[str, str]) -> None:
        """Make the file of its parts. It may be repeated.

        Raises `UploadMismatch` unless the parts are those of the announced file, `StorageFull` and
        `BucketUnavailable`.
        """
        upload, upload_id = _Upload.of(params), params["upload_id"]
        try:
            arrived = await self._bucket.multipart.parts(upload.key, upload_id)
            _check(arrived, upload.size)
            await self._bucket.multipart.complete(upload.key, upload_id, arrived)
        except ObjectMissing as exc:
            # It may have been completed by a request whose answer was lost.
            if await self._size_of(upload.key) != upload.size:
                raise UploadMismatch(
                    "The upload has ended already. Attach the file again."
                ) from exc
        fault_point("parts.completed")

    async def _size_of(self, key: str) -> int | None:
        try:
            return (await self._bucket.head(key)).size
        except ObjectMissing:
            return None

    async def _arrived(self, key: str, upload_id: str) -> set[Part]:
        found = await self._bucket.multipart.parts(key, upload_id)
        return {Part(each.number, each.size) for each in found}

    def _gateway_link(
        self, attachment_id: str, upload: "_Upload", upload_id: str, part: Part, expires_in: int
    ) -> str | None:
        if self._gateway is None:
            return None
        fields = self._gateway.presign_part(
            upload.key, upload_id, part, expires_in=expires_in, uploader=upload.uploader
        )
        return self._links.sign(upload_path(attachment_id), fields, expires_at=upload.ends)


@dataclass(frozen=True, slots=True)
class _Upload:
    """What the links of one upload in parts carry."""

    key: str
    size: int
    mime_type: str
    uploader: str
    ends: int

    @classmethod
    def of(cls, params: Mapping[str, str]) -> "_Upload":
        """Return the upload of a link that was signed here."""
        return cls(
            key=params["key"],
            size=int(params["size"]),
            mime_type=params["Content-Type"],
            uploader=params[UPLOADER_FIELD],
            ends=int(params[_ENDS]),
        )

    def params(self) -> dict[str, str]:
        return {
            "key": self.key,
            "size": str(self.size),
            "Content-Type": self.mime_type,
            UPLOADER_FIELD: self.uploader,
            _ENDS: str(self.ends),
        }


def _check(arrived: list[UploadedPart], size: int) -> None:
    """Raise `UploadMismatch` unless these are the parts of a file of `size` bytes."""
    if [Part(each.number, each.size) for each in arrived] != list(parts_of(size)):
        raise UploadMismatch(
            f"The parts that arrived are not the {size:,} bytes announced. Attach the file again."
        )
