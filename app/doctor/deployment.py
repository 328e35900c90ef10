"""The deployment that is examined, and the checks of its settings."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from app.attachments.capability_links import LinkSigner
from app.clamd import Clamd
from app.doctor.report import Problem
from app.doctor.requests import BucketProbe
from app.errors import AppError
from app.http.page import CHATKIT_CDN
from app.origins import origin_of
from app.settings.environment import Settings
from app.storage.credentials import SessionCredentials
from app.storage.object_keys import OBJECT_KEY_PREFIX, new_object_key
from app.storage.setup import Access
from app.wiring.base import (
    check_origins,
    create_authenticator,
    create_link_signer,
    internal_endpoint,
    public_endpoint,
)

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class SampleObject:
    """The object that the check `write` writes, and that later checks read."""

    key: str = field(default_factory=new_object_key)
    content: bytes = b"app doctor wrote this and deletes it again\n"


@dataclass(frozen=True)
class Deployment:
    """What the checks need. `internal` is the service's endpoint, `public` that of browsers."""

    settings: Settings
    internal: BucketProbe
    public: BucketProbe
    http: httpx2.AsyncClient
    links: LinkSigner
    sample: SampleObject = field(default_factory=SampleObject)

    @property
    def bucket(self) -> str:
        return self.settings.bucket.name

    @property
    def upload_method(self) -> str:
        return self.settings.attachments.upload_method

    @property
    def base_url(self) -> str | None:
        """The URL of the running service, or None if the settings do not state it."""
        return self.settings.web.public_base_url

    @property
    def page_origins(self) -> tuple[str, ...]:
        """The origins of pages that upload."""
        return self.settings.web.page_origins

    @property
    def foreign_origins(self) -> tuple[str, ...]:
        """The origins of pages other than the service's own, which CORS applies to."""
        own = origin_of(self.base_url) if self.base_url else None
        return tuple(origin for origin in self.page_origins if origin != own)

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins of pages that need the bucket: those that upload, and ChatKit's iframe."""
        return (*self.page_origins, CHATKIT_CDN)

    @property
    def access(self) -> Access:
        """The access to the bucket that `python -m app bucket` sets up."""
        return Access(self.page_origins, (CHATKIT_CDN,), OBJECT_KEY_PREFIX)


def deployment_of(settings: Settings, http: httpx2.AsyncClient) -> Deployment:
    """Return the deployment that the settings describe. Raises `Problem` if they can't be used."""
    _check_settings(settings)
    credentials = SessionCredentials()
    try:
        create_authenticator(settings.sign_in, credentials)
        check_origins(settings)
        if settings.scanner.url is not None:
            Clamd.of(settings.scanner.url)
        links = create_link_signer(settings.sign_in, credentials)
    except AppError as error:
        raise Problem(
            error.message.rstrip("."), "docs/settings.md lists every setting and its values."
        ) from error
    written: set[str] = set()
    return Deployment(
        settings=settings,
        internal=BucketProbe(internal_endpoint(settings.bucket), credentials, http, written),
        public=BucketProbe(public_endpoint(settings.bucket), credentials, http, written),
        http=http,
        links=links,
    )


def _check_settings(settings: Settings) -> None:
    if not settings.database.url.get_secret_value():
        raise Problem(
            "DATABASE_URL is not set",
            "Set DATABASE_URL=postgresql://user:password@host/database",
        )
    if not _BUCKET_NAME.fullmatch(settings.bucket.name):
        raise Problem(
            f"S3_BUCKET={settings.bucket.name!r} is not a valid bucket name",
            "Use 3 to 63 lower-case letters, digits, dots and hyphens.",
        )
    _check_url("S3_ENDPOINT_URL", settings.bucket.endpoint_url)
    _check_url("S3_PUBLIC_ENDPOINT_URL", settings.bucket.public_endpoint_url)
    _check_url("PUBLIC_BASE_URL", settings.web.public_base_url)
    for origin in settings.web.allowed_origins:
        _check_origin(origin)
    _check_mixed_content(settings)


def _check_url(variable: str, url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(
            f"{variable}={url!r} is not a URL",
            "A URL begins with https:// or http:// and the name of a host.",
        )


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    if origin != "*" and (parts.scheme not in ("http", "https") or origin != origin_of(origin)):
        raise Problem(
            f"ALLOWED_ORIGINS has {origin!r}, which no browser ever sends as an origin",
            "An origin is scheme, host and port alone, in lower case and without a slash at the"
            " end:\nhttps://chat.example.com",
        )


def _check_mixed_content(settings: Settings) -> None:
    bucket = settings.bucket.public_endpoint_url or settings.bucket.endpoint_url or "https://"
    pages = [*settings.web.allowed_origins, settings.web.public_base_url or ""]
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
