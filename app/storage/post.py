"""Presigned POST forms: the policy that pins key, type and size of one upload.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import time
from collections.abc import Callable

from app.errors import BucketUnavailable
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint, client_config

# User metadata of S3's, because every store takes that in a form, if its policy names it. The
# object keeps it until the verified copy, which has none, takes its place.
UPLOADER_FIELD = "x-amz-meta-uploader"


class PostPolicySigner:
    """Signs POST policies for one bucket. The host is not part of what is signed."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: SessionCredentials,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bucket = endpoint.bucket
        self._credentials = credentials
        self._clock = clock
        # The session's own credentials object signs; asking `credentials` keeps it renewed early.
        self._client = credentials.session.create_client(
            "s3",
            region_name=endpoint.region,
            endpoint_url=endpoint.url,
            config=client_config(endpoint.addressing_style),
        )

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
        """The form fields that must precede `file`: exactly `size` bytes, once they are signed for.

        With `least_size`, any size from that one to `size`. `uploader` becomes the field
        `UPLOADER_FIELD`, which has to be sent like all others. `expires_in` is in seconds and ends
        earlier where the credentials do. The signature is the last field, so that nothing a client
        puts behind the fields can be read as part of another.
        """
        expires_at = self._credentials().expires_at
        if expires_at is not None:
            expires_in = min(expires_in, int(expires_at - self._clock()))
            if expires_in < 1:
                raise BucketUnavailable("The storage credentials have expired.")
        sizes = ["content-length-range", size if least_size is None else least_size, size]
        pinned = {"Content-Type": mime_type}
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
