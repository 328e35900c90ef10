"""Translates the errors of the S3 drivers into those of this service, by S3's codes."""

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

from app.errors import AppError, BucketUnavailable, ObjectChanged, ObjectMissing, StorageFull
from app.storage.codes import Meaning, meaning_of

_ERRORS: dict[Meaning, type[AppError]] = {
    Meaning.MISSING: ObjectMissing,
    Meaning.CHANGED: ObjectChanged,
    Meaning.FULL: StorageFull,
    # The store answers, but can't be used now.
    Meaning.DENIED: BucketUnavailable,
    Meaning.INVALID_SIGNATURE: BucketUnavailable,
    Meaning.NO_BUCKET: BucketUnavailable,
    Meaning.NOT_IMPLEMENTED: BucketUnavailable,
    Meaning.UNAVAILABLE: BucketUnavailable,
}
_UNREACHABLE: tuple[type[Exception], ...] = (
    *(HTTPClientError, EndpointConnectionError, NoCredentialsError, CredentialRetrievalError),
    # Callers of aiobotocore read the body of a response from aiohttp, without botocore.
    *(aiohttp.ClientError, asyncio.TimeoutError, ConnectionError),
)


@contextmanager
def bucket_errors() -> Iterator[None]:
    """Raise an error of `app.errors` in place of one that botocore or aiohttp raises inside.

    These are `ObjectMissing`, `ObjectChanged`, `StorageFull` and `BucketUnavailable`. Any other
    error is a mistake in this code, and is passed on unchanged.
    """
    try:
        yield
    except ClientError as exc:
        error = error_for(meaning_of_error(exc))
        if error is None:
            raise
        raise error from exc
    except _UNREACHABLE as exc:
        raise BucketUnavailable from exc


def error_for(meaning: Meaning) -> AppError | None:
    """Return the error to raise when a call to the bucket's API ended with `meaning`.

    Return None if this code made a wrong request.
    """
    error = _ERRORS.get(meaning)
    return None if error is None else error()


def meaning_of_error(error: ClientError) -> Meaning:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return meaning_of(error_code(error), status)


def error_code(error: ClientError | BotoCoreError) -> str:
    """Return S3's code, or the status as a string for a response without a body."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))
