"""The settings of the bucket."""

from typing import Literal

from pydantic import Field

from app.settings.group import SettingsGroup

AddressingStyle = Literal["auto", "path", "virtual"]


class BucketSettings(SettingsGroup):
    """The bucket."""

    name: str = Field("chatkit-attachments", alias="S3_BUCKET")
    """The name of the bucket. `python -m app bucket` creates it."""

    endpoint_url: str | None = Field(None, alias="S3_ENDPOINT_URL")
    """The URL at which this service reaches the store. Empty: AWS itself."""

    public_endpoint_url: str | None = Field(None, alias="S3_PUBLIC_ENDPOINT_URL")
    """The URL at which browsers reach the store, if it differs. Links are signed for it."""

    region: str = Field("us-east-1", alias="S3_REGION")
    """The region of the bucket, which is part of every signature. `auto` on Cloudflare R2."""

    sse_kms_key_id: str | None = Field(None, alias="S3_SSE_KMS_KEY_ID")
    """The KMS key that encrypts every object which is written (SSE-KMS): its id or ARN, on MinIO
    its name. Empty: the bucket's own encryption. See docs/operations.md."""

    addressing_style: AddressingStyle = Field("auto", alias="S3_ADDRESSING_STYLE")
    """`path` writes endpoint/bucket/key, which self-hosted stores need; `virtual` writes
    bucket.endpoint/key; `auto` chooses as botocore does."""
