"""Reads whole objects fast, for the model and for thumbnails.

Ten files of 5 MiB at once take half of the time that aiobotocore takes, and block the event loop
for 4 ms instead of 68, because the library works in threads of its own (docs/performance.md).
`Bucket` does everything else.
"""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from app.errors import AppError, BucketUnavailable, ObjectMissing
from app.storage.async_clients import ATTEMPTS, CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from app.storage.bucket_errors import error_for
from app.storage.call_metrics import observed_call
from app.storage.codes import Meaning, meaning_of
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import S3Credential

_CHUNK_BYTES = 1024 * 1024

# Exceptions that stand for a normal answer of the store.
_ANSWERS = (PreconditionError, FileNotFoundError)

_CODE = re.compile(r"<Code>(\w+)<")


class ObjectReader:
    """Reads objects of one bucket. Its connections open when needed and close by themselves.

    It has the limits of `Bucket`, and works again as soon as the store does.
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
        self._read_timeout = timedelta(seconds=read_timeout_seconds)
        self._store: S3Store | None = None

    async def read(self, key: str, *, etag: str | None = None) -> bytes:
        """Return the object's bytes.

        Raises `ObjectMissing`, `BucketUnavailable`, and `ObjectChanged` if the object's ETag is not
        `etag`.
        """
        try:
            with observed_call("GetObject", *_ANSWERS):
                found = await self._get(key, etag)
                # Joined here, because the library's own `bytes_async` holds the object twice.
                chunks = [chunk async for chunk in found.stream(_CHUNK_BYTES)]
                return b"".join(chunks)
        except (BaseError, OSError) as problem:
            raise _error_for(problem) from problem

    async def stream(self, key: str, *, etag: str) -> AsyncGenerator[bytes, None]:
        """Yield the object's bytes in chunks. Raises what `read` raises, also between chunks."""
        try:
            with observed_call("GetObject", *_ANSWERS):
                found = await self._get(key, etag)
            async for chunk in found.stream(_CHUNK_BYTES):
                yield bytes(chunk)
        except (BaseError, OSError) as problem:
            raise _error_for(problem) from problem

    async def _get(self, key: str, etag: str | None) -> "GetResult":
        options: GetOptions = {"if_match": etag} if etag is not None else {}
        return await obstore.get_async(self._opened(), key, options=options)

    def _opened(self) -> S3Store:
        if self._store is None:
            self._store = S3Store(
                self._endpoint.bucket,
                region=self._endpoint.region,
                # It fits both addressing styles, because only the object's key is appended to it.
                endpoint=self._endpoint.objects_url.rstrip("/"),
                virtual_hosted_style_request=True,
                client_options={
                    "allow_http": True,
                    "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_SECONDS),
                    "read_timeout": self._read_timeout,
                },
                retry_config={
                    "max_retries": ATTEMPTS - 1,
                    "retry_timeout": ATTEMPTS * self._read_timeout,
                },
                credential_provider=self._current_credentials,
            )
        return self._store

    def _current_credentials(self) -> "S3Credential":
        current = self._credentials()
        expires_at = current.expires_at
        return {
            "access_key_id": current.access_key,
            "secret_access_key": current.secret_key,
            "token": current.token,
            "expires_at": datetime.fromtimestamp(expires_at, UTC) if expires_at else None,
        }


def _error_for(problem: Exception) -> AppError:
    """Return the error of this service for one of the library's, by the S3 code in it.

    The library gives no code, but its text has the body of the store's answer.
    """
    code = _CODE.search(str(problem))
    meaning = meaning_of(code[1]) if code else Meaning.UNKNOWN
    if isinstance(problem, PreconditionError):
        meaning = Meaning.CHANGED
    elif meaning is Meaning.UNKNOWN and isinstance(problem, FileNotFoundError):
        meaning = Meaning.MISSING
    elif meaning is Meaning.DENIED:
        return ObjectMissing()  # S3's answer for a missing key to credentials without ListBucket
    return error_for(meaning) or BucketUnavailable()
