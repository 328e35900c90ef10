"""Opens asyncio clients of S3's API for one bucket, with limits on how long they wait."""

from contextlib import AsyncExitStack
from typing import Any, Self

import aioboto3
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials

from app.storage.call_metrics import observe_calls
from app.storage.clients import with_cached_service_models
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint

# An unreachable bucket is reported after two attempts: after 4 seconds if nothing listens at its
# address, after 30 if it accepts connections and does not answer.
CONNECT_TIMEOUT_SECONDS = 2
# A cluster of MinIO waits 10 seconds for a node that died before it answers GET and COPY.
READ_TIMEOUT_SECONDS = 15.0
ATTEMPTS = 2
_MAX_CONNECTIONS = 64


def session_with(credentials: SessionCredentials) -> aioboto3.Session:
    """Return a session for several clients, which all use the credentials of this process."""
    session = with_cached_service_models(AioSession())
    session.register_component("credential_provider", _CredentialSource(credentials))
    return aioboto3.Session(botocore_session=session)


async def open_client(
    resources: AsyncExitStack,
    session: aioboto3.Session,
    endpoint: Endpoint,
    *,
    read_timeout_seconds: float,
) -> Any:
    """Return a client that `resources` closes."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=read_timeout_seconds,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        max_pool_connections=_MAX_CONNECTIONS,
    )
    client = await resources.enter_async_context(session.client(**endpoint.client_options(config)))
    observe_calls(client.meta.events)
    return client


class _CredentialSource(AioCredentials):  # type: ignore[misc] # aiobotocore is untyped
    """Gives aiobotocore the credentials of this process, so that it does not look for others."""

    def __init__(self, credentials: SessionCredentials) -> None:
        super().__init__(access_key=None, secret_key=None, method="shared")
        self._credentials = credentials

    async def load_credentials(self) -> Self:
        return self

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        current = await self._credentials.without_blocking()
        return ReadOnlyCredentials(current.access_key, current.secret_key, current.token)
