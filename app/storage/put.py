"""Presigned PUTs inside upload links, for stores without presigned POST such as Cloudflare R2.

The gateway takes a file out of its form and streams it into the PUT, which the store accepts only
with the signed length and type, and only once. The links for parts of a large file are PUTs too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from app.errors import LinkInvalid
from app.storage.endpoint import KMS_ALGORITHM, KMS_KEY_HEADER, SSE_HEADER
from app.storage.parts import Part
from app.storage.post import UPLOADER_FIELD
from app.storage.signing import UrlSigner

# The presigned URL in the query of a link. No field of a form has this name.
PUT_FIELD = "put"
_SIZE_FIELD = "size"
_TYPE_FIELD = "Content-Type"


class PutSigner:
    """Signs PUTs for the endpoint of `urls`, at which the gateway reaches the bucket."""

    def __init__(self, urls: UrlSigner) -> None:
        self._urls = urls

    def presign(
        self, key: str, *, mime_type: str, size: int, expires_in: int, uploader: str = ""
    ) -> dict[str, str]:
        """Return the fields of a link that writes `size` bytes to `key`, once.

        `expires_in` is in seconds. `uploader` becomes `UPLOADER_FIELD`, for the gateway alone.
        Raises `BucketUnavailable` without valid credentials.
        """
        headers = self._urls.upload_headers(mime_type)
        put = PresignedPut("", size, mime_type, headers.get(KMS_KEY_HEADER))
        url = self._urls.presign("PUT", key, expires_in=expires_in, headers=put.headers)
        encryption = {} if put.kms_key_id is None else {KMS_KEY_HEADER: put.kms_key_id}
        return {
            PUT_FIELD: url,
            "key": key,
            _SIZE_FIELD: str(size),
            _TYPE_FIELD: mime_type,
            UPLOADER_FIELD: uploader,
            **encryption,
        }

    def presign_part(
        self, key: str, upload_id: str, part: Part, *, expires_in: int, uploader: str = ""
    ) -> dict[str, str]:
        """Return the fields of a link that writes one part of a multipart upload, also repeatedly.

        Raises `BucketUnavailable` without valid credentials.
        """
        url = presigned_part(self._urls, key, upload_id, part, expires_in=expires_in)
        return {PUT_FIELD: url, _SIZE_FIELD: str(part.size), UPLOADER_FIELD: uploader}


def presigned_part(
    urls: UrlSigner, key: str, upload_id: str, part: Part, *, expires_in: int
) -> str:
    """Return the URL for one part of a multipart upload, whose length is signed."""
    return urls.presign(
        "PUT",
        key,
        expires_in=expires_in,
        headers=PresignedPut("", part.size).headers,
        query={"partNumber": str(part.number), "uploadId": upload_id},
    )


@dataclass(frozen=True, slots=True)
class PresignedPut:
    """A URL that accepts exactly `size` bytes with exactly these headers.

    Without `mime_type`, the bytes are a part of a multipart upload. Parts have no type.
    `kms_key_id` is the key that encrypts the object, if it is not the bucket's own.
    """

    url: str
    size: int
    mime_type: str | None = None
    kms_key_id: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self:
        """Return the PUT of a link's fields. Raises `LinkInvalid` if they have none."""
        try:
            return cls(
                fields[PUT_FIELD],
                int(fields[_SIZE_FIELD]),
                fields.get(_TYPE_FIELD),
                fields.get(KMS_KEY_HEADER),
            )
        except (KeyError, ValueError) as exc:
            raise LinkInvalid from exc

    @property
    def headers(self) -> dict[str, str]:
        """The headers that are signed, besides Host."""
        headers = {"Content-Length": str(self.size)}
        if self.mime_type is not None:
            headers |= {"Content-Type": self.mime_type, "If-None-Match": "*"}
        if self.kms_key_id is not None:
            headers |= {SSE_HEADER: KMS_ALGORITHM, KMS_KEY_HEADER: self.kms_key_id}
        return headers
