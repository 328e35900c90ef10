"""What every command needs: the database, the bucket, and the keys derived from secrets."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.attachments.capability_links import LinkSigner
from app.attachments.deletion import Sweeper
from app.attachments.erasure import Erasures
from app.attachments.receipts import ReceiptSigner
from app.auth import (
    Authenticator,
    DevAuthenticator,
    HeaderAuthenticator,
    JwtAuthenticator,
)
from app.database.attachment_records import AttachmentRecords
from app.database.engine import Database
from app.database.erasures import ErasureRows
from app.database.provider_files import ProviderFileRows
from app.database.tombstones import Tombstones
from app.errors import Misconfigured
from app.provider_files.deletion import ProviderFilePurger
from app.provider_files.files_api import FilesApi
from app.public_keys import PublicKeys
from app.settings.bucket import BucketSettings
from app.settings.environment import Settings
from app.settings.model import ChatModelSettings
from app.settings.retention import RetentionSettings
from app.settings.sign_in import SignInSettings
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint

# The connections to the database of one replica. Its worker processes share them out.
_MOST_CONNECTIONS = 20
_LEAST_CONNECTIONS = 4


@dataclass(frozen=True)
class Core:
    """The database, the bucket and the provider's files. `running` opens the first two.

    `files_api` is None without OPENAI_API_KEY.
    """

    database: Database
    records: AttachmentRecords
    credentials: SessionCredentials
    bucket: Bucket
    internal: Endpoint
    public: Endpoint
    provider_files: ProviderFileRows
    files_api: FilesApi | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.database, self.bucket:
            try:
                yield
            finally:
                if self.files_api is not None:
                    await self.files_api.close()


def create_core(settings: Settings) -> Core:
    connections = max(_LEAST_CONNECTIONS, _MOST_CONNECTIONS // max(1, settings.operations.workers))
    database = Database(
        settings.database.url.get_secret_value(),
        pool_size=connections // 2,
        max_overflow=connections - connections // 2,
    )
    credentials = SessionCredentials()
    internal = internal_endpoint(settings.bucket)
    return Core(
        database=database,
        records=AttachmentRecords(database),
        credentials=credentials,
        bucket=Bucket(internal, credentials),
        internal=internal,
        public=public_endpoint(settings.bucket),
        provider_files=ProviderFileRows(database),
        files_api=_files_api(settings.model),
    )


def create_sweeper(
    core: Core, retention: RetentionSettings, erasures: Erasures | None = None
) -> Sweeper:
    """Return a sweeper. It deletes the provider's files also after MODEL_INPUT was changed."""
    return Sweeper(
        Tombstones(core.database),
        core.bucket,
        retention,
        ProviderFilePurger(core.provider_files, core.files_api),
        erasures,
    )


def _files_api(model: ChatModelSettings) -> FilesApi | None:
    if model.api_key is None:
        return None
    return FilesApi(model.api_key.get_secret_value(), model.base_url)


def create_erasures(core: Core, sign_in: SignInSettings) -> Erasures:
    signer = create_receipt_signer(sign_in, core.credentials)
    return Erasures(ErasureRows(core.database), signer)


def create_receipt_signer(
    sign_in: SignInSettings, credentials: SessionCredentials
) -> ReceiptSigner:
    """Return the signer of receipts. Raises `Misconfigured`."""
    secret, *previous = _derived_secrets(sign_in, credentials, b"erasure receipts")
    return ReceiptSigner(secret, also_accepted=previous)


def internal_endpoint(bucket: BucketSettings) -> Endpoint:
    """Return the endpoint at which this service reaches the bucket."""
    return _endpoint(bucket, bucket.endpoint_url)


def public_endpoint(bucket: BucketSettings) -> Endpoint:
    """Return the endpoint at which browsers reach the bucket; links are signed for it."""
    return _endpoint(bucket, bucket.public_endpoint_url or bucket.endpoint_url)


def _endpoint(bucket: BucketSettings, url: str | None) -> Endpoint:
    return Endpoint(url, bucket.name, bucket.region, bucket.addressing_style, bucket.sse_kms_key_id)


def create_authenticator(sign_in: SignInSettings, credentials: SessionCredentials) -> Authenticator:
    """Return the authenticator of AUTH_MODE. Raises `Misconfigured`."""
    match sign_in.mode:
        case "dev":
            secret, *previous = _derived_secrets(sign_in, credentials, b"dev cookies")
            return DevAuthenticator(secret, also_accepted=previous)
        case "header":
            return HeaderAuthenticator(sign_in.header)
        case "jwt":
            return JwtAuthenticator(
                _jwt_key(sign_in), audience=sign_in.jwt_audience, issuer=sign_in.jwt_issuer
            )


def create_link_signer(sign_in: SignInSettings, credentials: SessionCredentials) -> LinkSigner:
    """Return the signer of links to this service. Raises `Misconfigured`."""
    secret, *previous = _derived_secrets(sign_in, credentials, b"capability links")
    return LinkSigner(secret, also_accepted=previous)


def _jwt_key(sign_in: SignInSettings) -> str | PublicKeys:
    secret, url = sign_in.jwt_secret, sign_in.jwt_jwks_url
    if secret is not None and url is None:
        return secret.get_secret_value()
    if url is not None and secret is None:
        return PublicKeys(url)
    raise Misconfigured("AUTH_MODE=jwt needs JWT_SECRET or JWT_JWKS_URL, and not both.")


def check_origins(settings: Settings) -> None:
    """Raise `Misconfigured` if pages of all origins could act for users whom browsers sign in.

    They can't with AUTH_MODE=jwt: no page can make a browser send another page's token.
    """
    if "*" in settings.web.allowed_origins and settings.sign_in.mode != "jwt":
        raise Misconfigured(
            f"ALLOWED_ORIGINS=* can't be used with AUTH_MODE={settings.sign_in.mode}: every page on"
            " the web could read the threads of your users. List the origins of your pages."
        )


def _derived_secrets(
    sign_in: SignInSettings, credentials: SessionCredentials, purpose: bytes
) -> list[bytes]:
    """Derive keys for one purpose from SIGNING_SECRET, else from the bucket's secret key.

    The first one signs. A second one, from SIGNING_SECRET_PREVIOUS, is accepted too.
    """
    if sign_in.signing_secret is not None:
        secret = sign_in.signing_secret.get_secret_value()
    elif (keys := credentials()).expires_at is None:
        secret = keys.secret_key
    else:
        raise Misconfigured(
            "Set SIGNING_SECRET to 32 or more random characters, the same on every replica. The"
            " bucket's credentials are temporary, so no lasting key can be derived from them."
        )
    secrets = [secret]
    if sign_in.signing_secret_previous is not None:
        secrets.append(sign_in.signing_secret_previous.get_secret_value())
    return [hmac.digest(each.encode(), purpose, "sha256") for each in secrets]
