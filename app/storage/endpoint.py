"""Where a bucket is, and how its objects are addressed there."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

import botocore.session
from botocore.config import Config

from app.settings.bucket import AddressingStyle
from app.storage.clients import client_options, with_cached_service_models

_PROBE_KEY = "k"


@dataclass(frozen=True)
class Endpoint:
    """One way to reach one bucket. `url` None means AWS itself, in `region`."""

    url: str | None
    bucket: str
    region: str = "us-east-1"
    addressing_style: AddressingStyle = "auto"

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
        session = with_cached_service_models(botocore.session.Session())
        session.set_credentials("probe", "probe")
        client = session.create_client(**self.client_options())
        probe: str = client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": _PROBE_KEY}
        )
        client.close()
        return probe.partition("?")[0].removesuffix(_PROBE_KEY)

    @cached_property
    def bucket_url(self) -> SplitResult:
        """The URL of the bucket itself: its POST form, its list, its configuration."""
        return urlsplit(self.objects_url.removesuffix("/"))
