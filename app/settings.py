"""Every setting, read from the environment once.

`docs/settings.md` and `.env.example` list them all. Only the commands and `app/wiring` see this
class; what lies below gets the few values it needs.
"""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.origins import origin_of

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
    """Names are the environment's, in lower case. Times are seconds, sizes are bytes.

    docs/settings.md is made of this class: the first comment line after a blank line is a heading,
    the comment above a setting says what it does.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_ignore_empty=True,  # compose files pass what nobody set as an empty string
        extra="ignore",
    )

    # Where things are
    # postgresql://user:password@host/database
    database_url: SecretStr = SecretStr("")
    # Created by `python -m app bucket`.
    s3_bucket: str = "chatkit-attachments"
    # Where this service reaches the bucket. Unset: AWS itself.
    s3_endpoint_url: str | None = None
    # Where browsers reach it, if that is another address: URLs are signed for this one.
    s3_public_endpoint_url: str | None = None
    # The bucket's; it is part of every signature. `auto` on Cloudflare R2.
    s3_region: str = "us-east-1"
    # `path`: endpoint/bucket/key, which self-hosted stores need. `virtual`: bucket.endpoint/key.
    s3_addressing_style: Literal["auto", "path", "virtual"] = "auto"
    # Where browsers reach this service. Unset: where each request was sent to.
    public_base_url: str | None = None
    # Origins of other pages that may use this service, separated by commas.
    allowed_origins: CommaSeparated = ()

    # Attachments
    # `POST`: through this service's gateway, or natively by pages that know how. `PUT`: straight
    # to the bucket; for stores without presigned POST, such as Cloudflare R2.
    upload_method: Literal["POST", "PUT"] = "POST"
    # `signed`: URLs of the bucket. `redirect`: of this service, which leads on. `data`: inside the
    # answer, for pages that can't reach the bucket.
    preview_mode: Literal["signed", "redirect", "data"] = "signed"
    # For how long an upload may begin; large files get more, so that slow lines can keep up.
    upload_ttl_seconds: int = Field(600, ge=10, le=7 * 24 * 3600)
    # For how long the URL of an image is good.
    preview_ttl_seconds: int = Field(900, ge=10, le=7 * 24 * 3600)
    # The largest file.
    max_attachment_bytes: int = Field(25 * MEBIBYTE, ge=1)
    # Separated by commas; `*` stands for any end.
    allowed_mime_types: CommaSeparated = DEFAULT_MIME_TYPES
    # All files of one user together.
    user_quota_bytes: int = Field(1024 * MEBIBYTE, ge=1)
    # Files of one user that no message uses yet.
    user_pending_uploads: int = Field(50, ge=1)
    # A file that no message uses for so long is deleted.
    pending_ttl_seconds: int = Field(24 * 3600, ge=60)
    # Threads in which nothing was saved for so long are deleted whole. Unset, they stay for ever.
    thread_retention_days: int | None = Field(None, ge=1)
    # How often each replica looks for what has to be expired or purged.
    sweep_interval_seconds: int = Field(60, ge=1)

    # The page
    # A key of OpenAI's domain allow-list makes it show OpenAI's own element.
    chatkit_domain_key: str | None = None
    # Questions that an empty chat offers, separated by `|`.
    page_prompts: Annotated[tuple[str, ...], NoDecode] = ()
    # A line below the message field, such as "Answers may be wrong. Check what matters."
    page_disclaimer: str | None = None

    # Who is asking
    # `jwt`: a bearer token. `header`: a proxy in front signs people in. `dev`: anyone, by a cookie.
    auth_mode: Literal["dev", "jwt", "header"] = "jwt"
    # Shared with whoever issues the tokens (HS256). Either this or JWT_JWKS_URL.
    jwt_secret: SecretStr | None = None
    # Where the issuer publishes its public keys (RS256, ES256).
    jwt_jwks_url: str | None = None
    # What a token's `aud` has to be. Set it: tokens made for other services are refused then.
    jwt_audience: str | None = None
    # What a token's `iss` has to be.
    jwt_issuer: str | None = None
    # With AUTH_MODE=header: what the proxy sets, and never lets by from outside.
    auth_header: str = "x-forwarded-user"
    # Signs links to this service: 32 or more random characters, the same on every replica. Unset:
    # derived from the bucket's secret key.
    signing_secret: SecretStr | None = None
    # Lets its bearer list the threads of all users at /v1/chatkit/threads; off unless set.
    admin_token: SecretStr | None = Field(None, min_length=16)

    # What one user may ask for
    # The largest body that is not a file. Dictation sends its audio inside JSON.
    max_request_bytes: int = Field(8 * MEBIBYTE, ge=64 * 1024)
    # "<number>/<second | minute | hour | day>", over a sliding window.
    user_request_rate: str = "600/minute"
    # redis://… makes replicas share the count (install `limits[redis]`). Unset, each has its own.
    rate_limit_storage_url: SecretStr | None = None
    # Answers that stream at the same time, counted by each replica.
    user_concurrent_streams: int = Field(10, ge=1)
    # Files on their way through the gateway or the direct strategy at the same time, counted by
    # each replica. Below 10, a page that sends a whole message's files at once is refused some.
    user_concurrent_uploads: int = Field(10, ge=1)

    # Operations
    # `text` is for a person at a terminal.
    log_format: Literal["json", "text"] = "json"
    # The least that is logged.
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # After SIGTERM, uploads and answers get this long to finish.
    shutdown_grace_seconds: int = Field(30, ge=0)

    # The model
    # Unset: the offline model describes what it receives.
    openai_api_key: SecretStr | None = None
    # Of another provider that speaks OpenAI's API; usually ends in /v1.
    openai_base_url: str | None = None
    # The name that the provider knows.
    model: str = "gpt-5-mini"
    # `chat_completions` for providers without the Responses API; of files it takes PDF only.
    model_api: Literal["responses", "chat_completions"] = "responses"
    # `inline`: the model gets bytes. `url`: it fetches them from the bucket, which has to be on the
    # internet then.
    model_input: Literal["inline", "url"] = "inline"
    # An agent of one's own: "module:function". See docs/own_agent.py.
    agent: str | None = None
    # For dictation and audio files.
    transcription_model: str = "gpt-4o-mini-transcribe"
    # Longer images are scaled down: providers do it anyway, after the upload.
    model_image_max_side: int = Field(2048, ge=64)
    # A longer text is cut; the model fetches the next slice when it wants it.
    model_max_text_chars: int = Field(100_000, ge=1000)
    # OpenAI refuses requests with more than 50 MB of files.
    model_max_request_bytes: int = Field(45_000_000, ge=1_000_000)
    # The most images in one request.
    model_max_images: int = Field(100, ge=0)
    # Converted files kept in memory, so that the next turn reads nothing from the bucket.
    model_cache_bytes: int = Field(256 * MEBIBYTE, ge=0)

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Whose pages upload: those of ALLOWED_ORIGINS, and this service's own."""
        own = [origin_of(self.public_base_url)] if self.public_base_url else []
        return tuple(dict.fromkeys([*self.allowed_origins, *own]))

    @field_validator("allowed_origins", "allowed_mime_types", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("page_prompts", mode="before")
    @classmethod
    def _split_bars(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split("|") if part.strip())
        return value

    @field_validator("public_base_url")
    @classmethod
    def _drop_trailing_slash(cls, url: str | None) -> str | None:
        """Paths are put behind it."""
        return None if url is None else url.rstrip("/")
