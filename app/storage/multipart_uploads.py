"""S3's multipart uploads: an object is uploaded in parts, each by a request of its own.

A store keeps the parts of an upload that is never completed until it is aborted. Each key has one
upload at most, so its parts never occupy more than one object of its size.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from app.errors import ObjectMissing
from app.storage.bucket_errors import bucket_errors, meaning_of_error
from app.storage.codes import Meaning
from app.storage.endpoint import Endpoint

_CONCURRENT_KEYS = 8


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """One part in the store. Numbers begin at 1, `size` is in bytes."""

    number: int
    size: int
    etag: str


class MultipartUploads:
    """The multipart uploads of one bucket. Every method raises `BucketUnavailable`.

    `patient_client` waits longer for answers: completing an upload may take minutes.
    """

    def __init__(self, client: Any, patient_client: Any, endpoint: Endpoint) -> None:
        self._client = client
        self._patient_client = patient_client
        self._bucket = endpoint.bucket
        self._encryption_options = endpoint.encryption_options

    async def begin(self, key: str, *, mime_type: str) -> str:
        """Return the id of the upload to `key`. It is created if there is none."""
        with bucket_errors():
            found = await self._ids(key)
            if not found:
                created: str = (
                    await self._client.create_multipart_upload(
                        Bucket=self._bucket,
                        Key=key,
                        ContentType=mime_type,
                        **self._encryption_options,
                    )
                )["UploadId"]
                # Two replicas may begin at the same time. Both keep the same one of the two.
                found = await self._ids(key) or [created]
            kept, *others = found
            for other in others:
                await self._abort(key, other)
        return kept

    async def parts(self, key: str, upload_id: str) -> list[UploadedPart]:
        """Return the parts that arrived, by number.

        Raises `ObjectMissing` if the upload was completed or aborted.
        """
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=key, UploadId=upload_id
        )
        with bucket_errors():
            found = [each async for page in pages for each in page.get("Parts", ())]
        # SeaweedFS lists a part that was sent again twice. The newest one is the part.
        newest = {
            each["PartNumber"]: each
            for each in sorted(found, key=lambda each: each["LastModified"])
        }
        return [
            UploadedPart(number, newest[number]["Size"], newest[number]["ETag"])
            for number in sorted(newest)
        ]

    async def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Make the object of its parts.

        Raises `ObjectMissing` if the upload was completed or aborted, and `StorageFull`.
        """
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        with bucket_errors():
            await self._patient_client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
            )

    async def abort(self, keys: Sequence[str]) -> None:
        """Abort the uploads to these keys, which deletes their parts. It may be repeated.

        Credentials that may not list uploads could not begin any, so there is nothing to abort.
        """
        slots = asyncio.Semaphore(_CONCURRENT_KEYS)

        async def abort_all_of(key: str) -> None:
            async with slots:
                try:
                    found = await self._ids(key)
                except ClientError as exc:
                    if meaning_of_error(exc) in (Meaning.DENIED, Meaning.NOT_IMPLEMENTED):
                        return
                    raise
                for upload_id in found:
                    await self._abort(key, upload_id)

        with bucket_errors():
            await asyncio.gather(*map(abort_all_of, keys))

    async def _abort(self, key: str, upload_id: str) -> None:
        try:
            with bucket_errors():
                await self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id
                )
        except ObjectMissing:
            return

    async def _ids(self, key: str) -> list[str]:
        """Return the ids of the uploads to `key`, the oldest first."""
        # The whole key is the prefix: MinIO lists the uploads of one key only.
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=key
        )
        found = [
            (each["Initiated"], each["UploadId"])
            async for page in pages
            for each in page.get("Uploads", ())
            if each["Key"] == key
        ]
        return [upload_id for _, upload_id in sorted(found)]
