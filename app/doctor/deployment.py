"""The deployment under examination: what the checks need of the settings, and no more."""

import ipaddress
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import httpx2

from app.attachments.capability_links import LinkSigner
from app.doctor.conversation import Conversation, conversation
from app.doctor.report import Problem
from app.doctor.requests import BucketProbe
from app.errors import AppError
from app.http.page import CHATKIT_CDN
from app.origins import origin_of
from app.settings import Settings
from app.storage.credentials import SessionCredentials
from app.storage.object_keys import OBJECT_KEY_PREFIX
from app.storage.setup import Access
from app.wiring.base import (
    create_authenticator,
    create_link_signer,
    internal_endpoint,
    public_endpoint,
)

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Which model is asked, and where. Without a key the offline model answers."""

    base_url: str
    has_key: bool
    name: str
    api: str
    reads_urls: bool


@dataclass(frozen=True)
class Deployment:
    """`internal` is where the service reaches the bucket, `public` where browsers do.

    `page_origins` are the origins of pages that upload. `base_url` is the running service's, or
    None when it can't be known. `found` collects what a check learned for later ones.
    """

    database_url: str = field(repr=False)
    internal: BucketProbe
    public: BucketProbe
    http: httpx2.AsyncClient
    upload_method: str
    page_origins: tuple[str, ...]
    base_url: str | None
    links: LinkSigner
    model: ModelAccess
    open_conversation: Callable[[], AbstractAsyncContextManager[Conversation]]
    found: dict[str, str] = field(default_factory=dict)

    @property
    def bucket(self) -> str:
        return self.internal.endpoint.bucket

    @property
    def foreign_origins(self) -> tuple[str, ...]:
        """Origins that have to ask before they call the service: all pages but its own."""
        own = origin_of(self.base_url) if self.base_url else None
        return tuple(origin for origin in self.page_origins if origin != own)

    @property
    def access(self) -> Access:
        """Whose pages may reach the bucket: what `python -m app bucket` is told as well."""
        return Access(self.page_origins, (CHATKIT_CDN,), OBJECT_KEY_PREFIX)

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """Every origin whose pages need the bucket: those that upload, and ChatKit's iframe."""
        return (*self.page_origins, CHATKIT_CDN)


def deployment_of(settings: Settings, http: httpx2.AsyncClient) -> Deployment:
    """Raises `Problem` that names the setting which can't be used."""
    if not settings.database_url.get_secret_value():
        raise Problem(
            "DATABASE_URL is not set",
            "Set DATABASE_URL=postgresql://user:password@host/database",
        )
    if not _BUCKET_NAME.fullmatch(settings.s3_bucket):
        raise Problem(
            f"S3_BUCKET={settings.s3_bucket!r} is no valid bucket name",
            "Use 3 to 63 lower-case letters, digits, dots and hyphens.",
        )
    for name in ("s3_endpoint_url", "s3_public_endpoint_url", "public_base_url"):
        _absolute(name, getattr(settings, name))
    for origin in settings.allowed_origins:
        _bare_origin(origin)
    _no_mixed_content(settings)
    credentials = SessionCredentials()
    try:
        create_authenticator(settings, credentials)
        links = create_link_signer(settings, credentials)
    except AppError as error:
        raise Problem(error.message.rstrip("."), _SETTINGS_MEND) from error
    written: set[str] = set()
    return Deployment(
        database_url=settings.database_url.get_secret_value(),
        internal=BucketProbe(internal_endpoint(settings), credentials, http, written),
        public=BucketProbe(public_endpoint(settings), credentials, http, written),
        http=http,
        upload_method=settings.upload_method,
        page_origins=settings.page_origins,
        base_url=settings.public_base_url,
        links=links,
        model=_model(settings),
        open_conversation=partial(conversation, settings),
    )


_SETTINGS_MEND = "Every setting and what it takes is in docs/settings.md."


def _model(settings: Settings) -> ModelAccess:
    return ModelAccess(
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        has_key=settings.openai_api_key is not None,
        name=settings.model,
        api=settings.model_api,
        reads_urls=settings.model_input == "url",
    )


def _absolute(name: str, url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(
            f"{name.upper()}={url!r} is no URL", "It starts with https:// or http:// and a host."
        )


def _bare_origin(origin: str) -> None:
    parts = urlsplit(origin)
    if origin != "*" and (parts.scheme not in ("http", "https") or origin != origin_of(origin)):
        raise Problem(
            f"ALLOWED_ORIGINS has {origin!r}, which no browser ever sends as an origin",
            "An origin is scheme, host and port alone, in lower case and without a slash at the"
            " end:\nhttps://chat.example.com",
        )


def _no_mixed_content(settings: Settings) -> None:
    bucket = settings.s3_public_endpoint_url or settings.s3_endpoint_url or "https://"
    pages = [*settings.allowed_origins, settings.public_base_url or ""]
    if bucket.startswith("http://") and not is_loopback(urlsplit(bucket).hostname or ""):
        secure = [page for page in pages if page.startswith("https://")]
        if secure:
            raise Problem(
                f"pages on {secure[0]} can't load from {bucket}: browsers block http inside https",
                "Put TLS in front of the bucket and set S3_PUBLIC_ENDPOINT_URL=https://…",
            )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
