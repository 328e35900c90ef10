"""The bucket: the bytes of attachments and nothing else, over S3's API."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from botocore.exceptions import ClientError

from app.errors import BucketUnavailable, ObjectMissing
from app.sizes import LARGE_FILE_BYTES
from app.storage.async_clients import ATTEMPTS, READ_TIMEOUT_SECONDS, open_client, session_with
from app.storage.bucket_errors import bucket_errors, error_code, meaning_of_error
from app.storage.codes import FORBIDDEN_HEAD, Meaning, meaning_of
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.multipart_uploads import MultipartUploads
from app.storage.object_keys import READINESS_KEY

_SLOW_STORE_BYTES_A_SECOND = 1024 * 1024
# The longest time for work that depends on the size of an object: its copy, or joining its parts.
_PATIENT_SECONDS = 300

# The maximum of one DeleteObjects request.
_DELETE_BATCH = 1000
_CONCURRENT_LISTS = 8
_VERSIONING_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What a HEAD request returns: `size` in bytes, and `etag` with its quotes, as S3 takes it."""

    size: int
    etag: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """One entry of a listing. `size` is in bytes."""

    key: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """An object that was not deleted. `reason` is the store's code and sentence, for a log."""

    key: str
    reason: str


class Bucket:
    """One bucket at one endpoint. Enter it as a context, which opens its connections.

    Every method raises `BucketUnavailable` if the store does not answer, answers 5xx, or rejects
    this service's credentials. It works again as soon as the store does.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: SessionCredentials,
        *,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._read_timeout_seconds = read_timeout_seconds
        self._resources = AsyncExitStack()
        self._client: Any = None
        self._patient_client: Any = None
        self.multipart: MultipartUploads
        self._is_versioned = False
        self._versioning_due_at = 0.0

    async def __aenter__(self) -> Self:
        session = session_with(self._credentials)
        self._client, self._patient_client = [
            await open_client(
                self._resources, session, self._endpoint, read_timeout_seconds=seconds
            )
            for seconds in (self._read_timeout_seconds, _PATIENT_SECONDS)
        ]
        self.multipart = MultipartUploads(self._client, self._patient_client, self._endpoint)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._resources.aclose()
        # aiohttp closes its transports in the next iterations of the event loop. If the loop ends
        # before that, they leak.
        await asyncio.sleep(0.01)

    async def head(self, key: str) -> ObjectHead:
        """Return size, ETag and type of an object. Raises `ObjectMissing`."""
        with bucket_errors():
            try:
                found = await self._client.head_object(Bucket=self._endpoint.bucket, Key=key)
            except ClientError as exc:
                if error_code(exc) != FORBIDDEN_HEAD:
                    raise
                # It may mean wrong credentials, or a missing key where listing is not permitted.
                # The answer to GET has a body with the real code.
                await self.read(key, length=1)
                raise BucketUnavailable from exc
        return ObjectHead(found["ContentLength"], found["ETag"], found["ContentType"])

    async def read(
        self, key: str, *, etag: str | None = None, start: int = 0, length: int | None = None
    ) -> bytes:
        """Return the object's bytes from `start` on, at most `length` of them.

        Raises `ObjectMissing`, and `ObjectChanged` if the object's ETag is not `etag`.
        """
        if length == 0:
            return b""
        request = {"Bucket": self._endpoint.bucket, "Key": key}
        if etag is not None:
            request["IfMatch"] = etag
        if start or length is not None:
            request["Range"] = f"bytes={start}-{start + length - 1 if length is not None else ''}"
        with bucket_errors():
            try:
                response = await self._client.get_object(**request)
            except ClientError as exc:
                meaning = meaning_of_error(exc)
                if meaning is Meaning.DENIED:
                    # S3's answer for a missing key to credentials without ListBucket.
                    raise ObjectMissing from exc
                if meaning is Meaning.PAST_END:
                    return b""
                raise
            async with response["Body"] as stream:
                body: bytes = await stream.read()
        return body

    async def write(self, key: str, body: bytes, *, mime_type: str) -> str:
        """Create or replace the object and return its ETag. Raises `StorageFull`."""
        # The driver's timeouts begin when the body is sent. Without this one, a store that never
        # answers "100 Continue" or stops reading would block the caller for ever.
        answer_seconds = ATTEMPTS * self._read_timeout_seconds
        timeout_seconds = answer_seconds + len(body) / _SLOW_STORE_BYTES_A_SECOND
        with bucket_errors():
            async with asyncio.timeout(timeout_seconds):
                written = await self._client.put_object(
                    Bucket=self._endpoint.bucket,
                    Key=key,
                    Body=body,
                    ContentType=mime_type,
                    **self._endpoint.encryption_options,
                )
        etag: str = written["ETag"]
        return etag

    async def copy(
        self, source_key: str, key: str, *, etag: str, mime_type: str, size: int = 0
    ) -> str:
        """Copy `source_key` to `key` inside the store, up to 5 GiB, and return the copy's ETag.

        `size` is that of the source in bytes: the store gets more time for more of them.

        The copy has none of the source's headers: an uploader can set some that are not signed,
        such as Content-Encoding. Raises `ObjectMissing`, `StorageFull`, and `ObjectChanged` if the
        source's ETag is not `etag`.
        """
        bucket = self._endpoint.bucket
        client = self._patient_client if size > LARGE_FILE_BYTES else self._client
        with bucket_errors():
            copied = await client.copy_object(
                Bucket=bucket,
                Key=key,
                CopySource={"Bucket": bucket, "Key": source_key},
                CopySourceIfMatch=etag,
                MetadataDirective="REPLACE",
                ContentType=mime_type,
                **self._endpoint.encryption_options,
            )
        # Only in this response, some stores leave the quotes out.
        new_etag: str = copied["CopyObjectResult"]["ETag"].strip('"')
        return f'"{new_etag}"'

    async def delete(self, keys: Sequence[str]) -> Sequence[DeleteFailure]:
        """Delete the objects in batches, and return those that the store did not delete.

        In a bucket that has or had versioning, delete every version and delete marker. A missing
        object counts as deleted. Batches before a `BucketUnavailable` stay deleted.
        """
        failures: list[DeleteFailure] = []
        for first in range(0, len(keys), _DELETE_BATCH):
            batch = [{"Key": key} for key in keys[first : first + _DELETE_BATCH]]
            with bucket_errors():
                has_versions = await self._has_versions()
                answer = await self._delete(batch)
                failures += _failures(answer)
                # Even if these credentials may not read the versioning, the answer has a marker for
                # each object that was hidden and not deleted.
                hidden = [
                    each["Key"]
                    for each in answer.get("Deleted", ())
                    if has_versions or each.get("DeleteMarker")
                ]
                failures += await self._delete_versions(hidden)
        return failures

    async def _has_versions(self) -> bool:
        """Return whether the bucket has or had versioning, as of some minutes ago."""
        now = time.monotonic()
        if now >= self._versioning_due_at:
            try:
                answer = await self._client.get_bucket_versioning(Bucket=self._endpoint.bucket)
            except ClientError as exc:
                if meaning_of_error(exc) not in (Meaning.DENIED, Meaning.NOT_IMPLEMENTED):
                    raise
                answer = {}
            self._is_versioned = "Status" in answer
            self._versioning_due_at = now + _VERSIONING_SECONDS
        return self._is_versioned

    async def _delete_versions(self, keys: Sequence[str]) -> Sequence[DeleteFailure]:
        slots = asyncio.Semaphore(_CONCURRENT_LISTS)

        async def versions_of(key: str) -> list[dict[str, str]]:
            async with slots:
                return await self._versions(key)

        listed = await asyncio.gather(*map(versions_of, keys), return_exceptions=True)
        failures: list[DeleteFailure] = []
        versions: list[dict[str, str]] = []
        for key, found in zip(keys, listed, strict=True):
            if isinstance(found, ClientError):
                reason = f"its versions can't be listed ({error_code(found)})"
                failures.append(DeleteFailure(key, reason))
            elif isinstance(found, BaseException):
                raise found
            else:
                versions += found
        for first in range(0, len(versions), _DELETE_BATCH):
            failures += _failures(await self._delete(versions[first : first + _DELETE_BATCH]))
        return failures

    async def _versions(self, key: str) -> list[dict[str, str]]:
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._endpoint.bucket, Prefix=key
        )
        return [
            {"Key": key, "VersionId": each["VersionId"]}
            async for page in pages
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            if each["Key"] == key
        ]

    async def remnants(self, prefixes: Sequence[str]) -> Sequence[str]:
        """Return the keys below these prefixes that have an object, a version or a delete marker.

        A store that has no versions has only objects.
        """
        slots = asyncio.Semaphore(_CONCURRENT_LISTS)

        async def keys_below(prefix: str) -> set[str]:
            async with slots:
                try:
                    pages = self._client.get_paginator("list_object_versions").paginate(
                        Bucket=self._endpoint.bucket, Prefix=prefix
                    )
                    return {
                        each["Key"]
                        async for page in pages
                        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                    }
                except ClientError as exc:
                    if meaning_of_error(exc) is not Meaning.NOT_IMPLEMENTED:
                        raise
                    return {each.key async for each in self.list(prefix)}

        with bucket_errors():
            found = await asyncio.gather(*map(keys_below, prefixes))
        return sorted(set().union(*found))

    async def _delete(self, objects: Sequence[dict[str, str]]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._client.delete_objects(
            Bucket=self._endpoint.bucket, Delete={"Objects": objects}
        )
        return answer

    async def list(self, prefix: str) -> AsyncIterator[ObjectSummary]:
        """Yield every object whose key starts with `prefix`, in the order of keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._endpoint.bucket, Prefix=prefix
        )
        with bucket_errors():
            async for page in pages:
                for item in page.get("Contents", ()):
                    yield ObjectSummary(item["Key"], item["Size"], item["LastModified"])

    async def check(self) -> None:
        """Return if the bucket answers. This needs no permission to list it."""
        try:
            await self.read(READINESS_KEY, length=1)
        except ObjectMissing:
            return


def _failures(answer: dict[str, Any]) -> list[DeleteFailure]:
    return [
        DeleteFailure(error["Key"], f"{error.get('Code')}: {error.get('Message')}")
        for error in answer.get("Errors", ())
        if meaning_of(error.get("Code", "")) is not Meaning.MISSING
    ]
