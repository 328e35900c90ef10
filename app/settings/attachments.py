"""The settings of attachments: what can be uploaded, how, and how it is shown."""

from typing import Literal

from pydantic import Field

from app.settings.group import CommaSeparated, SettingsGroup
from app.sizes import LARGEST_FILE_BYTES

UploadMethod = Literal["POST", "PUT"]
PreviewMode = Literal["signed", "redirect", "data"]

_A_WEEK = 7 * 24 * 3600


class AttachmentSettings(SettingsGroup):
    """Attachments."""

    max_bytes: int = Field(
        25 * 1024 * 1024, alias="MAX_ATTACHMENT_BYTES", ge=1, le=LARGEST_FILE_BYTES
    )
    """The largest file that can be attached, 5 GiB at most. Pages that use `fetch.js` upload files
    over 32 MiB in parts. `USER_QUOTA_BYTES` has to allow it as well."""

    allowed_mime_types: CommaSeparated | None = Field(None, alias="ALLOWED_MIME_TYPES")
    """The types that can be attached; `image/*` stands for every image type. By default, every
    type that reaches the model (docs/model-input.md)."""

    upload_method: UploadMethod = Field("POST", alias="UPLOAD_METHOD")
    """`POST` uploads pass through the gateway of this service, or go straight to the bucket from
    pages that use `fetch.js`. `PUT` uploads go straight to the bucket. If the store has no
    presigned POST, as Cloudflare R2, the gateway sends `POST` uploads to it by a presigned PUT."""

    upload_ttl_seconds: int = Field(600, alias="UPLOAD_TTL_SECONDS", ge=10, le=_A_WEEK)
    """How long an upload link is valid. Links for large files are valid for longer, so that slow
    connections can finish."""

    preview_mode: PreviewMode = Field("signed", alias="PREVIEW_MODE")
    """`signed` previews are URLs of the bucket. `redirect` previews are URLs of this service that
    redirect to the bucket. `data` previews are the images themselves, for pages that can't reach
    the bucket."""

    preview_ttl_seconds: int = Field(900, alias="PREVIEW_TTL_SECONDS", ge=10, le=_A_WEEK)
    """How long the bucket's URL of a preview is valid."""
