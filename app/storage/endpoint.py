"""Where a bucket is, and how its objects are addressed there."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

import botocore.session
from botocore.config import Config

from app.settings.bucket import AddressingStyle
from app.storage.clients import client_options, with_cached_service_models

SSE_HEADER = "x-amz-server-side-encryption"
KMS_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
KMS_ALGORITHM = "aws:kms"

_PROBE_KEY = "k"


@dataclass(frozen=True)
class Endpoint:
    """One way to reach one bucket. `url` None means AWS itself, in `region`.

    With `sse_kms_key_id`, all that is written is encrypted with this key of KMS.
    """

    url: str | None
    bucket: str
    region: str = "us-east-1"
    addressing_style: AddressingStyle = "auto"
    sse_kms_key_id: str | None = None

    @property
    def encryption_headers(self) -> dict[str, str]:
        """The headers of a request that writes, which are the fields of a form too.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
        """
        if self.sse_kms_key_id is None:
            return {}
        return {SSE_HEADER: KMS_ALGORITHM, KMS_KEY_HEADER: self.sse_kms_key_id}

    @property
    def encryption_options(self) -> dict[str, str]:
        """The same as arguments of boto's methods that write."""
        if self.sse_kms_key_id is None:
            return {}
        return {"ServerSideEncryption": KMS_ALGORITHM, "SSEKMSKeyId": self.sse_kms_key_id}

    def client_options(self, config: Config | None = None) -> dict[str, Any]:
        """Return the arguments for a client of S3 at this endpoint: see `client_options`."""
        return client_options(
            url=self.url,
            region=self.region,
            addressing_style=self.addressing_style,
            config=config,
        )

    @cached_property
    def objects_url(self) -> str:
        """The URL that an encoded object key is appended to, with its trailing slash.

        botocore makes it, because it has the rules for `auto` addressing, for AWS's own hosts and
        for bucket names that no host name can hold.
        """
        signer = _signer(self.url, self.region, self.addressing_style)
        probe: str = signer.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": _PROBE_KEY}
        )
        return probe.partition("?")[0].removesuffix(_PROBE_KEY)

    @cached_property
    def bucket_url(self) -> SplitResult:
        """The URL of the bucket itself: its POST form, its list, its configuration."""
        return urlsplit(self.objects_url.removesuffix("/"))


@cache
def _signer(url: str | None, region: str, addressing_style: AddressingStyle) -> Any:
    """Return a client that makes URLs for all buckets of a store, and connects to nothing."""
    session = with_cached_service_models(botocore.session.Session())
    session.set_credentials("probe", "probe")
    return session.create_client(
        **client_options(url=url, region=region, addressing_style=addressing_style)
    )
