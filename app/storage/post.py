"""Presigned POST forms: a signed policy fixes the key, type and size of one upload.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import time
from collections.abc import Callable

from app.errors import BucketUnavailable
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint

# User metadata, because every store accepts that in a form whose policy names it. The verified copy
# of the object does not have it.
UPLOADER_FIELD = "x-amz-meta-uploader"


class PostPolicySigner:
    """Signs POST policies for one bucket. A policy does not include the host."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: SessionCredentials,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bucket = endpoint.bucket
        self._encryption_headers = endpoint.encryption_headers
        self._credentials = credentials
        self._clock = clock
        # It signs with the session's own credentials. Calling `credentials` renews those early.
        self._client = credentials.session.create_client(**endpoint.client_options())

    def presign(
        self,
        key: str,
        *,
        mime_type: str,
        size: int,
        expires_in: int,
        least_size: int | None = None,
        uploader: str | None = None,
    ) -> dict[str, str]:
        """Return the form fields that must precede `file`, which must have `size` bytes.

        With `least_size`, the file may have any size from `least_size` to `size`. `uploader`
        becomes the field `UPLOADER_FIELD`. `expires_in` is in seconds; the form expires earlier if
        the credentials do. The signature is the last field, so anything that a client adds behind
        the fields makes it invalid. Raises `BucketUnavailable` without valid credentials.
        """
        expires_at = self._credentials().expires_at
        if expires_at is not None:
            expires_in = min(expires_in, int(expires_at - self._clock()))
            if expires_in < 1:
                raise BucketUnavailable("The storage credentials have expired.")
        sizes = ["content-length-range", size if least_size is None else least_size, size]
        pinned = {"Content-Type": mime_type, **self._encryption_headers}
        if uploader is not None:
            pinned[UPLOADER_FIELD] = uploader
        post = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields=dict(pinned),
            Conditions=[*({name: value} for name, value in pinned.items()), sizes],
            ExpiresIn=expires_in,
        )
        fields: dict[str, str] = post["fields"]
        fields["x-amz-signature"] = fields.pop("x-amz-signature")
        return fields
