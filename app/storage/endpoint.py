"""Where a bucket is, and how its objects are addressed there.

The rules for 'auto' addressing, for AWS's own hosts and for bucket names that no host name can hold
are botocore's, so they are asked of botocore once instead of being written down a second time.
"""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import SplitResult, urlsplit

import botocore.session
from botocore.config import Config

from app.settings.bucket import AddressingStyle
from app.storage.sessions import with_cached_service_models

_PROBE_KEY = "k"


@dataclass(frozen=True)
class Endpoint:
    """One way to reach one bucket. `url` None means AWS itself, in `region`."""

    url: str | None
    bucket: str
    region: str = "us-east-1"
    addressing_style: AddressingStyle = "auto"

    @cached_property
    def objects_url(self) -> str:
        """What an encoded object key is appended to, with its trailing slash."""
        session = with_cached_service_models(botocore.session.Session())
        session.set_credentials("probe", "probe")
        client = session.create_client(
            "s3",
            region_name=self.region,
            endpoint_url=self.url,
            config=client_config(self.addressing_style),
        )
        probe: str = client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": _PROBE_KEY}
        )
        client.close()
        return probe.partition("?")[0].removesuffix(_PROBE_KEY)

    @cached_property
    def bucket_url(self) -> SplitResult:
        """Where the bucket itself answers: its POST form, its list, its configuration."""
        return urlsplit(self.objects_url.removesuffix("/"))


def client_config(addressing_style: AddressingStyle) -> Config:
    """What every S3 client of ours agrees on.

    Checksums only where S3 demands them: botocore's default would sign the CRC of an empty body
    into presigned PUTs, and several S3-compatible stores do not know the trailers.
    """
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
