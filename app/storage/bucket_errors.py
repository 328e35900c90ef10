"""What the S3 driver's errors mean here: the one place where they are translated, by code."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
)

from app.errors import AppError, BucketUnavailable, ObjectChanged, ObjectMissing

_MISSING = {"404", "NoSuchKey", "NotFound"}
_CHANGED = {"412", "PreconditionFailed"}
# The store is there and does not work for us now: its own trouble, ours with the credentials, or
# a bucket that nobody has created.
_UNAVAILABLE = {
    *("403", "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeTooSkewed"),
    *("NoSuchBucket", "RequestTimeout", "SlowDown", "ServiceUnavailable", "InternalError"),
    *("TooManyRequests", "RequestLimitExceeded", "Throttling", "ThrottlingException"),
}
_UNREACHABLE: tuple[type[Exception], ...] = (
    *(HTTPClientError, EndpointConnectionError, NoCredentialsError, CredentialRetrievalError),
    # The body of an answer is read past botocore, so its errors come as they are.
    *(aiohttp.ClientError, asyncio.TimeoutError, ConnectionError),
)


@contextmanager
def bucket_errors() -> Iterator[None]:
    """Raises `ObjectMissing`, `ObjectChanged` or `BucketUnavailable` for what the driver raises.

    Anything else is a mistake of ours and comes through unchanged.
    """
    try:
        yield
    except ClientError as exc:
        meaning = _meaning(exc)
        if meaning is None:
            raise
        raise meaning from exc
    except _UNREACHABLE as exc:
        raise BucketUnavailable from exc


def error_code(error: ClientError | BotoCoreError) -> str:
    """S3's code; the status as a string where an answer had no body."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def is_missing(code: str) -> bool:
    return code in _MISSING


def _meaning(error: ClientError) -> AppError | None:
    code = error_code(error)
    if is_missing(code):
        return ObjectMissing()
    if code in _CHANGED:
        return ObjectChanged()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return BucketUnavailable() if code in _UNAVAILABLE or status >= 500 else None
