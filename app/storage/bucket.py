"""The bucket: the bytes of attachments, and nothing else, over S3's own API."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from app.errors import BucketUnavailable, ObjectMissing
from app.storage.bucket_errors import bucket_errors, error_code, is_missing
from app.storage.call_metrics import observe_calls
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint, client_config
from app.storage.sessions import with_cached_service_models

# A bucket that is gone is said to be gone after two attempts: 4 seconds when nothing answers at
# its address, 10 when it takes connections and then falls silent.
_CONNECT_TIMEOUT_SECONDS = 2
_READ_TIMEOUT_SECONDS = 5
_ATTEMPTS = 2
_MAX_CONNECTIONS = 64
_SLOW_STORE_BYTES_A_SECOND = 1024 * 1024

# The most that DeleteObjects takes.
_DELETE_BATCH = 1000

# Asking for this object tells a bucket that answers from one that does not; it never exists.
_CHECK_KEY = "attachments/.readiness"


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """`size` in bytes; `etag` opaque, with its quotes, as S3 gives and takes it."""

    size: int
    etag: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    key: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """`reason` is the store's own code and words, for a log or a table."""

    key: str
    reason: str


class Bucket:
    """One bucket, reached at one endpoint. Enter it to open its connections.

    Every method raises `BucketUnavailable` when the store does not answer, answers 5xx, or
    refuses this service's credentials. It works again as soon as the store does.
    """

    def __init__(self, endpoint: Endpoint, credentials: SessionCredentials) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._resources = AsyncExitStack()
        self._client: Any = None

    async def __aenter__(self) -> Self:
        session = with_cached_service_models(AioSession())
        session.register_component("credential_provider", _CredentialSource(self._credentials))
        config = client_config(self._endpoint.addressing_style).merge(
            AioConfig(
                connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                read_timeout=_READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
                max_pool_connections=_MAX_CONNECTIONS,
            )
        )
        self._client = await self._resources.enter_async_context(
            aioboto3.Session(botocore_session=session).client(
                "s3",
                region_name=self._endpoint.region,
                endpoint_url=self._endpoint.url,
                config=config,
            )
        )
        observe_calls(self._client.meta.events)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._resources.aclose()
        # aiohttp's transports close in the loop's next turns; a loop that ends before leaks them.
        await asyncio.sleep(0.01)

    async def head(self, key: str) -> ObjectHead:
        """Raises `ObjectMissing`."""
        with bucket_errors():
            try:
                found = await self._client.head_object(Bucket=self._endpoint.bucket, Key=key)
            except ClientError as exc:
                if error_code(exc) != "403":
                    raise
                # An answer to HEAD has no body, so "403" may mean no such key, without the
                # permission to list, or wrong credentials. The answer to GET says which.
                await self.read(key, length=1)
                raise BucketUnavailable from exc
        return ObjectHead(found["ContentLength"], found["ETag"], found["ContentType"])

    async def read(
        self, key: str, *, etag: str | None = None, start: int = 0, length: int | None = None
    ) -> bytes:
        """The object's bytes from `start`, `length` of them or as many as there are.

        With `etag`, raises `ObjectChanged` unless it is the object's. Raises `ObjectMissing`.
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
                if error_code(exc) == "AccessDenied":
                    # What S3 answers for a missing key to credentials that may not list the bucket.
                    raise ObjectMissing from exc
                if error_code(exc) in ("InvalidRange", "416"):
                    return b""  # nothing lies at `start`: the object ends before it
                raise
            async with response["Body"] as stream:
                body: bytes = await stream.read()
        return body

    async def write(self, key: str, body: bytes, *, mime_type: str) -> str:
        """Create or replace the object. Its ETag."""
        # The driver's timeouts begin when the body is sent: a store that never says "100 Continue"
        # or stops taking bytes would hold the caller for ever.
        patience_seconds = (
            _ATTEMPTS * _READ_TIMEOUT_SECONDS + len(body) / _SLOW_STORE_BYTES_A_SECOND
        )
        with bucket_errors():
            async with asyncio.timeout(patience_seconds):
                written = await self._client.put_object(
                    Bucket=self._endpoint.bucket, Key=key, Body=body, ContentType=mime_type
                )
        etag: str = written["ETag"]
        return etag

    async def copy(self, source_key: str, key: str, *, etag: str, mime_type: str) -> str:
        """Create or replace `key` with the bytes of `source_key`, inside the store.

        None of the source's headers are taken along: whoever uploaded it may have set some that
        nobody signed, such as Content-Encoding. The new object's ETag. Raises `ObjectChanged`
        unless the source's is `etag`, and `ObjectMissing`. Up to 5 GiB.
        """
        bucket = self._endpoint.bucket
        with bucket_errors():
            copied = await self._client.copy_object(
                Bucket=bucket,
                Key=key,
                CopySource={"Bucket": bucket, "Key": source_key},
                CopySourceIfMatch=etag,
                MetadataDirective="REPLACE",
                ContentType=mime_type,
            )
        # Some stores leave out the quotes here, and nowhere else.
        new_etag: str = copied["CopyObjectResult"]["ETag"].strip('"')
        return f'"{new_etag}"'

    async def delete(self, keys: Sequence[str]) -> Sequence[DeleteFailure]:
        """Delete the objects, in batches. What is not there counts as deleted.

        A batch that the store does not take raises `BucketUnavailable`; those before it are done.
        """
        failures: list[DeleteFailure] = []
        for first in range(0, len(keys), _DELETE_BATCH):
            objects = [{"Key": key} for key in keys[first : first + _DELETE_BATCH]]
            with bucket_errors():
                answer = await self._client.delete_objects(
                    Bucket=self._endpoint.bucket, Delete={"Objects": objects, "Quiet": True}
                )
            failures += [
                DeleteFailure(error["Key"], f"{error.get('Code')}: {error.get('Message')}")
                for error in answer.get("Errors", ())
                if not is_missing(error.get("Code", ""))
            ]
        return failures

    async def list(self, prefix: str) -> AsyncIterator[ObjectSummary]:
        """Every object whose key starts with `prefix`, in key order, a page at a time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._endpoint.bucket, Prefix=prefix
        )
        with bucket_errors():
            async for page in pages:
                for item in page.get("Contents", ()):
                    yield ObjectSummary(item["Key"], item["Size"], item["LastModified"])

    async def check(self) -> None:
        """Return when the bucket answers to these credentials, which needn't be allowed to list."""
        try:
            await self.read(_CHECK_KEY, length=1)
        except ObjectMissing:
            return


class _CredentialSource(AioCredentials):  # type: ignore[misc] # aiobotocore is untyped
    """Lends the process's credentials to aiobotocore, in place of a second chain of its own."""

    def __init__(self, credentials: SessionCredentials) -> None:
        super().__init__(access_key=None, secret_key=None, method="shared")
        self._credentials = credentials

    async def load_credentials(self) -> Self:
        return self

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        current = await self._credentials.without_blocking()
        return ReadOnlyCredentials(current.access_key, current.secret_key, current.token)
