"""Every setting, read from the environment once.

`docs/settings.md` and `.env.example` list them all. Only the commands (`app/cli.py`,
`app/embedded/development.py`) and `app/application.py` see this class; what lies below gets the few
values it needs.
"""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MEBIBYTE = 1024 * 1024

DEFAULT_MIME_TYPES = (
    "image/*",
    "text/*",
    "application/pdf",
    "application/json",
    "application/xml",
    "application/yaml",
    "application/rtf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.*",
    "application/vnd.oasis.opendocument.*",
    "application/vnd.apple.*",
    "message/rfc822",
)

CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Names are the environment's, in lower case. Times are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_ignore_empty=True,  # compose files pass what nobody set as an empty string
        extra="ignore",
    )

    # Where things are
    database_url: SecretStr = SecretStr("")
    s3_bucket: str = "chatkit-attachments"
    s3_endpoint_url: str | None = None
    s3_public_endpoint_url: str | None = None
    s3_region: str = "us-east-1"
    s3_addressing_style: Literal["auto", "path", "virtual"] = "auto"
    public_base_url: str | None = None
    allowed_origins: CommaSeparated = ()

    # Attachments
    upload_method: Literal["POST", "PUT"] = "POST"
    preview_mode: Literal["signed", "redirect", "data"] = "signed"
    upload_ttl_seconds: int = Field(600, ge=10, le=7 * 24 * 3600)
    preview_ttl_seconds: int = Field(900, ge=10, le=7 * 24 * 3600)
    max_attachment_bytes: int = Field(25 * MEBIBYTE, ge=1)
    allowed_mime_types: CommaSeparated = DEFAULT_MIME_TYPES
    user_quota_bytes: int = Field(1024 * MEBIBYTE, ge=1)
    user_pending_uploads: int = Field(50, ge=1)
    pending_ttl_seconds: int = Field(24 * 3600, ge=60)
    # Threads in which nothing was saved for so long are deleted whole. Unset, they stay for ever.
    thread_retention_days: int | None = Field(None, ge=1)
    # How often each replica looks for what has to be expired or purged.
    sweep_interval_seconds: int = Field(60, ge=1)

    # The page. A key of OpenAI's domain allow-list makes it show OpenAI's own element.
    chatkit_domain_key: str | None = None

    # Who is asking
    auth_mode: Literal["dev", "jwt", "header"] = "jwt"
    jwt_secret: SecretStr | None = None
    jwt_jwks_url: str | None = None
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    auth_header: str = "x-forwarded-user"
    signing_secret: SecretStr | None = None
    # Lets its bearer list the threads of all users at /v1/chatkit/threads; off unless set.
    admin_token: SecretStr | None = Field(None, min_length=16)

    # What one user may ask for. Places to run out of are the database, the bucket and the model.
    # Of JSON, not of files: dictation sends its audio inside it.
    max_request_bytes: int = Field(8 * MEBIBYTE, ge=64 * 1024)
    # "<number>/<second | minute | hour | day>"
    user_request_rate: str = "600/minute"
    # redis://… makes replicas share the count (install `limits[redis]`). Unset, each has its own.
    rate_limit_storage_url: SecretStr | None = None
    # Answers that stream at the same time, counted by each replica.
    user_concurrent_streams: int = Field(10, ge=1)

    # Operations
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # After SIGTERM, uploads and answers get this long to finish.
    shutdown_grace_seconds: int = Field(30, ge=0)

    # The model
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    model: str = "gpt-5-mini"
    model_api: Literal["responses", "chat_completions"] = "responses"
    model_input: Literal["inline", "url"] = "inline"
    agent: str | None = None
    transcription_model: str = "gpt-4o-mini-transcribe"
    # Longer images are scaled down: providers do it anyway, after the upload.
    model_image_max_side: int = Field(2048, ge=64)
    # A longer text is cut; the model fetches the next slice when it wants it.
    model_max_text_chars: int = Field(100_000, ge=1000)
    # OpenAI refuses requests with more than 50 MB of files.
    model_max_request_bytes: int = Field(45_000_000, ge=1_000_000)
    model_max_images: int = Field(100, ge=0)
    # Converted files kept in memory, so that the next turn reads nothing from the bucket.
    model_cache_bytes: int = Field(256 * MEBIBYTE, ge=0)

    @field_validator("allowed_origins", "allowed_mime_types", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
