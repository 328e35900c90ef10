"""What every command stands on: database, bucket, credentials, and the keys made of settings.

`app/wiring/web.py` and `app/wiring/application.py` add the web application to it.
"""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import jwt

from app.attachments.capability_links import LinkSigner
from app.attachments.deletion import Sweeper
from app.auth import (
    Authenticator,
    DevAuthenticator,
    HeaderAuthenticator,
    JwtAuthenticator,
)
from app.database.attachment_records import AttachmentRecords
from app.database.engine import Database
from app.database.tombstones import Tombstones
from app.errors import Misconfigured
from app.settings import Settings
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint


@dataclass(frozen=True)
class Core:
    """What the commands and the web application both stand on. Use it as a context."""

    database: Database
    records: AttachmentRecords
    credentials: SessionCredentials
    bucket: Bucket
    internal: Endpoint
    public: Endpoint

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.database, self.bucket:
            yield


def create_core(settings: Settings) -> Core:
    database = Database(settings.database_url.get_secret_value())
    credentials = SessionCredentials()
    internal = internal_endpoint(settings)
    return Core(
        database=database,
        records=AttachmentRecords(database),
        credentials=credentials,
        bucket=Bucket(internal, credentials),
        internal=internal,
        public=public_endpoint(settings),
    )


def create_sweeper(settings: Settings, core: Core) -> Sweeper:
    return Sweeper(
        Tombstones(core.database),
        core.bucket,
        pending_ttl_seconds=settings.pending_ttl_seconds,
        thread_retention_days=settings.thread_retention_days,
    )


def create_link_signer(settings: Settings, credentials: SessionCredentials) -> LinkSigner:
    """Keyed by SIGNING_SECRET, or by a key derived from the bucket's secret where none is set."""
    return LinkSigner(_derived_secret(settings, credentials, purpose=b"capability links"))


def create_authenticator(settings: Settings, credentials: SessionCredentials) -> Authenticator:
    """Raises `Misconfigured`."""
    if settings.auth_mode == "dev":
        return DevAuthenticator(_derived_secret(settings, credentials, purpose=b"dev cookies"))
    if settings.auth_mode == "header":
        return HeaderAuthenticator(settings.auth_header)
    if (settings.jwt_secret is None) == (settings.jwt_jwks_url is None):
        raise Misconfigured("AUTH_MODE=jwt needs JWT_SECRET or JWT_JWKS_URL, and not both.")
    key: str | jwt.PyJWKClient
    if settings.jwt_secret is not None:
        key = settings.jwt_secret.get_secret_value()
    else:
        key = jwt.PyJWKClient(str(settings.jwt_jwks_url), cache_keys=True, timeout=5)
    return JwtAuthenticator(key, audience=settings.jwt_audience, issuer=settings.jwt_issuer)


def internal_endpoint(settings: Settings) -> Endpoint:
    """Where this service reaches the bucket."""
    return _endpoint(settings, settings.s3_endpoint_url)


def public_endpoint(settings: Settings) -> Endpoint:
    """Where browsers reach it: URLs are signed for this one."""
    return _endpoint(settings, settings.s3_public_endpoint_url or settings.s3_endpoint_url)


def _endpoint(settings: Settings, url: str | None) -> Endpoint:
    return Endpoint(
        url=url,
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        addressing_style=settings.s3_addressing_style,
    )


def _derived_secret(
    settings: Settings, credentials: SessionCredentials, *, purpose: bytes
) -> bytes:
    if settings.signing_secret is not None:
        secret = settings.signing_secret.get_secret_value()
    elif (keys := credentials()).expires_at is None:
        secret = keys.secret_key
    else:
        raise Misconfigured(
            "Set SIGNING_SECRET to 32 or more random characters, the same on every replica: the"
            " bucket's credentials change, so links can't be signed with a key derived from them."
        )
    return hmac.digest(secret.encode(), purpose, "sha256")
