"""The AWS credentials of this process, renewed in the background so that callers rarely wait."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import botocore.session
from botocore.exceptions import BotoCoreError

from app.errors import BucketUnavailable
from app.storage.clients import with_cached_service_models

# botocore renews temporary credentials from 15 minutes before they expire. From then on, a snapshot
# is renewed in the background. Callers wait for a new one only in the last minute.
_RENEW_BEFORE_SECONDS = 15 * 60
_UNUSABLE_BEFORE_SECONDS = 60
_RETRY_SECONDS = 30


@dataclass(frozen=True)
class Credentials:
    """One set of keys. `expires_at` is Unix time; None means that they do not expire."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


class SessionCredentials:
    """The current credentials of the standard AWS chain: call it to get them.

    botocore looks in the environment, profiles, web identity, container and instance roles.
    """

    def __init__(
        self,
        session: botocore.session.Session | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.session = session or with_cached_service_models(botocore.session.Session())
        self._clock = clock
        self._snapshot: Credentials | None = None
        self._renew_at = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> Credentials:
        """Return the current credentials. Raises `BucketUnavailable` if the chain has none."""
        snapshot = self._usable_snapshot()
        if snapshot is None:
            return self._renew()
        now = self._clock()
        if now >= self._renew_at:
            self._renew_at = now + _RETRY_SECONDS
            threading.Thread(
                target=self._renew_quietly, name="renew-credentials", daemon=True
            ).start()
        return snapshot

    async def without_blocking(self) -> Credentials:
        """Return the current credentials. If they must be renewed first, that runs in a thread."""
        if self._usable_snapshot() is None:
            return await asyncio.to_thread(self)
        return self()

    def _usable_snapshot(self) -> Credentials | None:
        snapshot = self._snapshot
        if snapshot is not None and snapshot.expires_at is not None:
            remaining_seconds = snapshot.expires_at - self._clock()
            return snapshot if remaining_seconds >= _UNUSABLE_BEFORE_SECONDS else None
        return snapshot

    def _renew(self) -> Credentials:
        with self._lock:
            try:
                source = self.session.get_credentials()
                frozen = source.get_frozen_credentials() if source else None
            except BotoCoreError as exc:
                raise BucketUnavailable("The storage credentials could not be renewed.") from exc
            if source is None or frozen is None:
                raise BucketUnavailable("No AWS credentials are configured for the file storage.")
            # botocore has the expiry of renewable credentials in this private field only.
            expiry = getattr(source, "_expiry_time", None)
            expires_at = expiry.timestamp() if expiry is not None else None
            self._snapshot = Credentials(
                frozen.access_key, frozen.secret_key, frozen.token, expires_at
            )
            self._renew_at = (
                max(expires_at - _RENEW_BEFORE_SECONDS, self._clock() + _RETRY_SECONDS)
                if expires_at is not None
                else float("inf")
            )
            return self._snapshot

    def _renew_quietly(self) -> None:
        try:
            self._renew()
        except BucketUnavailable:
            return  # the snapshot is still valid, and a later call tries again or raises
